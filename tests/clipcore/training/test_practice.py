"""Locked towers, adapters, averages and the sigmoid objective, whole runs each."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from clipcore.checkpoints import save_clip
from clipcore.clip import CLIP
from clipcore.training.average import RunningAverage
from clipcore.training.board import read_metrics
from clipcore.training.checkpoint import checkpoint_path, load_checkpoint
from clipcore.training.loop import train
from clipcore.training.lora import add_lora, merge_lora
from clipcore.training.recipe import Recipe
from clipcore.training.trained import trained
from tests.clipcore.tars import write_tar
from tests.clipcore.training.conftest import MakeGiven, pair_files

MakeRecipe = Callable[..., Recipe]


@pytest.fixture
def start(given: MakeGiven, small_recipe: MakeRecipe, pairs_tar: Path, tmp_path: Path) -> Path:
    """A run that was trained a little."""
    train(small_recipe(steps=4), given(pairs_tar, tmp_path / "start"))
    return tmp_path / "start"


def weights(run: Path) -> dict[str, Tensor]:
    return trained(run).clip.state_dict()


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    return {name.partition(".")[0] for name in before if not before[name].equal(after[name])}


@pytest.mark.parametrize(
    ("lock", "moved"),
    [
        ({"lock_image": True}, {"text", "logit_scale"}),
        ({"lock_text": True}, {"visual", "logit_scale"}),
        ({}, {"visual", "text", "logit_scale"}),
    ],
)
def test_a_locked_tower_stays(
    lock: dict[str, bool], moved: set[str], given: MakeGiven, small_recipe: MakeRecipe, start: Path, pairs_tar: Path
) -> None:
    out = start.parent / "on"
    train(small_recipe(steps=3, **lock), given(pairs_tar, out, start=str(start)))
    assert changed(weights(start), weights(out)) == moved


def test_adapters_learn_and_are_merged(
    given: MakeGiven, small_recipe: MakeRecipe, start: Path, pairs_tar: Path, tmp_path: Path
) -> None:
    """With the loss on other pairs beside that on one's own, at the start and at the end."""
    general = write_tar(tmp_path / "general.tar", pair_files(16, first=80))
    recipe = small_recipe(steps=20, batch_size=16, lora_rank=4, average=0.5, learning_rate=1e-2, evaluate_every=20)
    out = tmp_path / "adapted"
    from clipcore.evaluation.datasets import DataSet

    train(recipe, given(pairs_tar, out, pairs_tar, general=DataSet(general), start=str(start)))
    before, after = weights(start), weights(out)
    assert before.keys() == after.keys(), "merged: an ordinary CLIP"
    moved = {name for name in before if not before[name].equal(after[name])}
    assert "visual.transformer.resblocks.0.attn.in_proj_weight" in moved
    assert all(
        n.endswith(("in_proj_weight", "out_proj.weight", "c_fc.weight", "c_proj.weight"))
        for n in moved - {"logit_scale"}
    )
    change = (
        after["text.transformer.resblocks.0.mlp.c_fc.weight"] - before["text.transformer.resblocks.0.mlp.c_fc.weight"]
    )
    assert torch.linalg.matrix_rank(change, atol=1e-5) <= 4
    lines = read_metrics(out / "metrics.jsonl")
    gained = [line["loss"] for line in lines if line["kind"] == "held_out"]
    kept = [line["loss"] for line in lines if line["kind"] == "general"]
    assert gained[-1] < gained[0]
    assert len(kept) == len(gained) == 2


def test_adapters_begin_as_nothing_and_merge_exactly(small_architecture: object) -> None:
    torch.manual_seed(0)
    clip = CLIP(small_architecture)  # type: ignore[arg-type]
    pixels, tokens = torch.randn(2, 3, 64, 64), torch.tensor([[5, 6, 49407], [7, 49407, 0]])
    before = clip.eval()(pixels, tokens)
    add_lora(clip, 4, 16.0)
    assert all(torch.equal(a, b) for a, b in zip(before, clip(pixels, tokens), strict=True))
    for name, parameter in clip.named_parameters():
        if name.endswith(".b"):
            torch.nn.init.normal_(parameter, std=0.02)
    adapted = clip(pixels, tokens)
    assert not torch.allclose(adapted[0], before[0], atol=1e-3)
    for a, b in zip(adapted, merge_lora(clip)(pixels, tokens), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_the_average_is_what_is_kept(
    given: MakeGiven, small_recipe: MakeRecipe, pairs_tar: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    train(small_recipe(steps=6, average=0.9), given(pairs_tar, out))
    state = load_checkpoint(checkpoint_path(out, 6))
    kept = weights(out)
    assert kept["visual.proj"].equal(state["average"]["clip.visual.proj"])
    assert not kept["visual.proj"].equal(state["model"]["clip.visual.proj"])


def test_the_running_average_is_the_recurrence() -> None:
    module = torch.nn.Linear(1, 1, bias=False)
    module.weight.data.fill_(0.0)
    average, wanted = RunningAverage(module, 0.5), 0.0
    for step in range(8):
        module.weight.data.fill_(float(step))
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        wanted = decay * wanted + (1 - decay) * step
    with average.in_place():
        assert module.weight.item() == pytest.approx(wanted)
    assert module.weight.item() == 7.0


def test_the_sigmoid_objective_trains_with_its_bias(
    given: MakeGiven, small_recipe: MakeRecipe, pairs_tar: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    train(small_recipe(objective="sigmoid", steps=40, batch_size=16, learning_rate=5e-3), given(pairs_tar, out))
    lines = read_metrics(out / "metrics.jsonl")
    assert lines[-1]["loss"] < 0.8 * lines[0]["loss"]
    assert "chance" not in lines[0]
    state = load_checkpoint(checkpoint_path(out, 40))["model"]
    assert state["logit_bias"] != -10.0


def test_weights_that_open_clip_saved_are_a_start(
    given: MakeGiven, small_recipe: MakeRecipe, pairs_tar: Path, start: Path, tmp_path: Path
) -> None:
    save_clip(trained(start).clip, tmp_path / "mine.safetensors")
    out = tmp_path / "on"
    recipe = small_recipe(architecture="", steps=1, learning_rate=1e-9, weight_decay=0.0)
    train(recipe, given(pairs_tar, out, start=str(tmp_path / "mine.safetensors")))
    assert weights(out)["visual.proj"].allclose(weights(start)["visual.proj"], atol=1e-6)
    assert replace(recipe, architecture=trained(out).clip.architecture).shape.name == "small"


ALL_SAVINGS = {
    "precision": "bf16",
    "micro_batch": 3,
    "checkpointing": True,
    "half_statistics": True,
    "half_text_weights": True,
    "similarity_block": 5,
    "patch_dropout": 0.5,
    "average": 0.9,
}


def test_all_savings_together_go_on_bit_for_bit(
    given: MakeGiven, small_recipe: MakeRecipe, pairs_tar: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    recipe = small_recipe(steps=10, save_every=4, keep_last=3, **ALL_SAVINGS)
    train(recipe, given(pairs_tar, out))
    whole = load_checkpoint(checkpoint_path(out, 10))
    assert whole["model"]["clip.text.text_projection"].dtype == torch.bfloat16
    assert whole["average"]["clip.text.text_projection"].dtype == torch.float32
    for step in (8, 10):
        checkpoint_path(out, step).unlink()
    train(recipe, given(pairs_tar, out))
    again = load_checkpoint(checkpoint_path(out, 10))
    for part in ("model", "average"):
        assert all(tensor.equal(again[part][name]) for name, tensor in whole[part].items()), part
    kept = trained(out).clip.text.text_projection
    assert kept.equal(whole["average"]["clip.text.text_projection"]), "not rounded to 16 bits again"


@pytest.mark.gpu
@pytest.mark.parametrize("compiled", [False, True])
def test_all_savings_together_on_a_gpu(
    compiled: bool, given: MakeGiven, small_recipe: MakeRecipe, pairs_tar: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    recipe = small_recipe(steps=60, batch_size=16, compile=compiled, **{**ALL_SAVINGS, "micro_batch": 8})
    train(recipe, given(pairs_tar, out), "cuda")
    losses = [line["loss"] for line in read_metrics(out / "metrics.jsonl") if line["kind"] == "step"]
    assert losses[-1] < 0.9 * losses[0]
