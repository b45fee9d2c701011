"""Each of the paper's memory savings alone, against the run without it."""

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

from clipcore.architectures import ResNetShape
from clipcore.clip import CLIP
from clipcore.errors import TrainingError
from clipcore.preprocess import Preprocessing
from clipcore.training.data.loader import Batch
from clipcore.training.distributed import Processes, spread
from clipcore.training.half_adamw import HalfAdamW, rounded_stochastically
from clipcore.training.model import TrainedCLIP
from clipcore.training.recipe import Recipe
from clipcore.training.step import gradients
from tests.clipcore.training.conftest import SMALL

ALONE = Processes(0, 1, torch.device("cpu"), None)
FEW_WORDS = replace(SMALL, text=replace(SMALL.text, vocab_size=100))
RESNET = replace(FEW_WORDS, vision=ResNetShape(image_size=32, width=64, layers=(1, 1, 1, 1)))


def batch(count: int = 12) -> Batch:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, 32, 32, 3), dtype=torch.uint8, generator=generator)
    tokens = torch.randint(1, 98, (count, 8), generator=generator)
    tokens[:, -1] = 99
    names = tuple(map(str, range(count)))
    return Batch(names, names, pixels, tokens)


def model(recipe: Recipe) -> TrainedCLIP:
    torch.manual_seed(0)
    return TrainedCLIP(CLIP(recipe.shape), Preprocessing(size=32), recipe).train()


def loss_and_gradients(recipe: Recipe) -> tuple[float, dict[str, torch.Tensor], TrainedCLIP]:
    trained = model(recipe)
    torch.manual_seed(1)
    loss = gradients(spread(trained, ALONE, False, False), batch(), recipe, ALONE)
    return float(loss), {n: p.grad for n, p in trained.named_parameters() if p.grad is not None}, trained


def relative(given: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> float:
    """The largest difference of a gradient, by that gradient's length."""
    assert given.keys() == wanted.keys()
    return max(float((given[n].float() - wanted[n]).norm() / (wanted[n].norm() + 1e-6)) for n in wanted)


MakeRecipe = Callable[..., Recipe]


@pytest.mark.parametrize(
    ("changes", "within"),
    [
        ({"checkpointing": True}, 1e-6),
        ({"similarity_block": 5}, 1e-4),
        ({"micro_batch": 4}, 1e-4),
        ({"micro_batch": 5, "checkpointing": True, "similarity_block": 4}, 1e-4),
    ],
)
def test_what_is_computed_again_is_what_it_was(
    changes: dict[str, object], within: float, small_recipe: MakeRecipe
) -> None:
    recipe = small_recipe(architecture=FEW_WORDS, patch_dropout=0.25 if "micro_batch" not in changes else 0.0)
    loss, wanted, _ = loss_and_gradients(recipe)
    saving, given, _ = loss_and_gradients(replace(recipe, **changes))  # type: ignore[arg-type]
    assert saving == pytest.approx(loss, rel=1e-5)
    assert relative(given, wanted) < within


def test_patch_dropout_is_drawn_alike_in_both_passes_of_a_chunk(small_recipe: MakeRecipe) -> None:
    """A chunk is encoded twice; with other patches the second time, the gradient would be that of another loss."""
    recipe = small_recipe(architecture=FEW_WORDS, patch_dropout=0.5, micro_batch=6)
    _, wanted, _ = loss_and_gradients(replace(recipe, checkpointing=False))
    _, given, _ = loss_and_gradients(replace(recipe, checkpointing=True))
    assert relative(given, wanted) < 1e-5


def test_a_checkpointed_resnet_learns_the_same_statistics(small_recipe: MakeRecipe) -> None:
    """Batch norm sees each batch twice there; what it keeps must not tell."""
    recipe = small_recipe(architecture=RESNET)
    _, wanted, plain = loss_and_gradients(recipe)
    _, given, checkpointed = loss_and_gradients(replace(recipe, checkpointing=True))
    assert relative(given, wanted) < 1e-3
    kept = checkpointed.state_dict()
    for name, tensor in plain.state_dict().items():
        if "running" in name:
            assert torch.allclose(kept[name], tensor, rtol=1e-4, atol=1e-6), name


def test_bf16_is_near_and_its_vectors_are_float32(small_recipe: MakeRecipe) -> None:
    recipe = small_recipe(architecture=FEW_WORDS)
    loss, wanted, _ = loss_and_gradients(recipe)
    rounded, given, trained = loss_and_gradients(replace(recipe, precision="bf16"))
    assert rounded == pytest.approx(loss, rel=0.02)
    assert relative(given, wanted) < 0.1
    assert trained(batch().pixels, batch().tokens)[0].dtype == torch.float32
    assert next(trained.parameters()).dtype == torch.float32


def test_half_text_weights_are_half_and_near(small_recipe: MakeRecipe) -> None:
    recipe = small_recipe(architecture=FEW_WORDS, precision="bf16")
    loss, _, _ = loss_and_gradients(recipe)
    halved, _, trained = loss_and_gradients(replace(recipe, half_text_weights=True))
    assert halved == pytest.approx(loss, rel=0.02)
    kinds = {n: p.dtype for n, p in trained.clip.named_parameters()}
    assert kinds["text.token_embedding.weight"] == kinds["text.text_projection"] == torch.bfloat16
    assert kinds["text.transformer.resblocks.0.mlp.c_fc.weight"] == torch.bfloat16
    assert kinds["text.transformer.resblocks.0.ln_1.weight"] == kinds["visual.proj"] == torch.float32
    with pytest.raises(TrainingError, match="half_text_weights needs precision bf16"):
        model(small_recipe(architecture=FEW_WORDS, half_text_weights=True))


def descend(optimizer: Callable[[list[nn.Parameter]], torch.optim.Optimizer], kind: torch.dtype) -> torch.Tensor:
    """Where two hundred steps lead on noisy gradients of (w - target)^2, of very different sizes."""
    generator = torch.Generator().manual_seed(0)
    target = torch.linspace(-1, 1, 64).view(8, 8)
    sizes = torch.logspace(-4, 2, 64).view(8, 8)
    weight = nn.Parameter(torch.zeros(8, 8, dtype=kind))
    stepper = optimizer([weight])
    for _ in range(200):
        noise = 0.1 * torch.randn(8, 8, generator=generator)
        weight.grad = (sizes * (weight.detach().float() - target + noise)).to(kind)
        stepper.step()
    return weight.detach().float()


def half(parameters: list[nn.Parameter], rate: float = 0.02) -> HalfAdamW:
    return HalfAdamW([{"params": parameters, "lr": rate, "weight_decay": 0.1}], (0.9, 0.98), 1e-6)


def test_half_statistics_follow_torchs_adamw() -> None:
    exact = descend(lambda p: torch.optim.AdamW(p, 0.02, (0.9, 0.98), 1e-6, weight_decay=0.1), torch.float32)
    halved = descend(half, torch.float32)
    assert (halved - exact).abs().max() < 0.01
    weight = nn.Parameter(torch.zeros(4, 4))
    weight.grad = torch.full((4, 4), 1e-7)
    optimizer = half([weight])
    optimizer.step()
    state = optimizer.state[weight]
    assert state["mean"].dtype == state["root"].dtype == torch.half
    assert weight.detach().mean().item() == pytest.approx(-0.02 * 1e-7 / (1e-7 + 1e-6), rel=0.01), (
        "too small is not lost"
    )


def test_half_statistics_survive_a_checkpoint() -> None:
    first, second = (nn.Parameter(torch.ones(4, 4, dtype=torch.bfloat16)) for _ in range(2))
    one, other = half([first]), half([second])
    first.grad = torch.randn(4, 4).bfloat16()
    one.step()
    second.data.copy_(first.data)
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    second.grad = first.grad = torch.randn(4, 4).bfloat16()
    one.step(), other.step()
    assert first.equal(second)
    assert other.state[second]["mean"].dtype == torch.half
    assert other.state[second]["mean_scale"].dtype == torch.float32


def test_stochastic_rounding_is_right_on_average() -> None:
    values = torch.tensor([1.0, 1.001, -1.003, 1e-3, 300.7]).repeat(20_000, 1)
    rounded = rounded_stochastically(values, torch.Generator().manual_seed(0))
    assert rounded.dtype == torch.bfloat16
    assert torch.allclose(rounded.float().mean(dim=0), values[0], rtol=1e-4)
    assert rounded[:, 0].eq(1).all(), "what bf16 can hold stays"
    assert set(rounded[:, 1].tolist()) == {1.0, 1.0078125}


def test_steps_too_small_for_bf16_are_not_lost() -> None:
    """From 1 a step of 1e-4 rounds back to 1, every time; by lot, a thousand of them arrive."""
    weight = nn.Parameter(torch.ones(64, 64, dtype=torch.bfloat16))
    optimizer = HalfAdamW([{"params": [weight], "lr": 1e-4, "weight_decay": 0.0}], (0.9, 0.98), 1e-6)
    for _ in range(500):
        weight.grad = torch.ones_like(weight)
        optimizer.step()
    assert weight.detach().float().mean().item() == pytest.approx(1 - 500 * 1e-4, abs=0.003)
    assert (torch.ones(1).bfloat16() - 1e-4).bfloat16() == 1
