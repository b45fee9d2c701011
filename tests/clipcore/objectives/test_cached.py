"""Cached gradients where random numbers, autocast or parts without a gradient take part."""

import weakref
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from clipcore.objectives.cached import cached_backward
from clipcore.objectives.contrastive import contrastive_loss


class Dropped(nn.Module):
    """Two linear towers with dropout before them."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.text = nn.Linear(6, 4), nn.Linear(6, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.image(nn.functional.dropout(x, 0.5)), self.text(nn.functional.dropout(x, 0.5))


def towers() -> Dropped:
    torch.manual_seed(3)
    return Dropped()


def loss_of(images: Tensor, texts: Tensor) -> Tensor:
    return contrastive_loss(images, texts, torch.tensor(3.0))


def test_dropout_drops_the_same_in_both_passes() -> None:
    chunks = list(torch.randn(8, 6, generator=torch.Generator().manual_seed(0)).split(3))
    plain, cached = towers(), towers()
    torch.manual_seed(5)
    loss = loss_of(*(torch.cat(parts) for parts in zip(*map(plain, chunks), strict=True)))
    loss.backward()
    after = torch.rand(())
    torch.manual_seed(5)
    assert cached_backward(cached, chunks, loss_of).item() == pytest.approx(loss.item())
    assert torch.rand(()) == after  # and the next batch is not given the same numbers again
    for one, other in zip(plain.parameters(), cached.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_gradients_pass_under_autocast_around_it() -> None:
    chunks = list(torch.randn(8, 6).split(4))
    module = towers()
    with torch.autocast("cpu", torch.bfloat16):
        cached_backward(module, chunks, loss_of)
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters())


def test_what_has_no_gradient_reaches_the_objective() -> None:
    module, seen = towers(), []

    def objective(images: Tensor, texts: Tensor, numbers: Tensor) -> Tensor:
        seen.append(numbers.tolist())
        return loss_of(images, texts)

    def encode(chunk: Tensor) -> tuple[Tensor, ...]:
        return (*module(chunk), torch.arange(len(chunk)))

    cached_backward(encode, list(torch.randn(5, 6).split(3)), objective)
    assert seen == [[0, 1, 2, 0, 1]]


class Saved:
    """A tensor that autograd keeps for its backward pass."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


def most_activations(run: Callable[[], object]) -> int:
    """The most values that were kept for a backward pass at one time."""
    now, most = 0, 0

    def forget(values: int) -> None:
        nonlocal now
        now -= values

    def pack(tensor: Tensor) -> Saved:
        nonlocal now, most
        kept = Saved(tensor)
        now += tensor.numel()
        most = max(most, now)
        weakref.finalize(kept, forget, tensor.numel())
        return kept

    with saved_tensors_hooks(pack, lambda kept: kept.tensor):
        run()
    return most


def test_only_one_chunks_activations_are_held() -> None:
    def deep() -> nn.Sequential:
        return nn.Sequential(*(nn.Sequential(nn.Linear(8, 8), nn.GELU()) for _ in range(10)))

    images, texts, batch = deep(), deep(), torch.randn(240, 8)

    def at_once() -> None:
        loss_of(images(batch), texts(batch)).backward()

    def accumulated() -> Tensor:
        return cached_backward(lambda chunk: (images(chunk), texts(chunk)), list(batch.split(10)), loss_of)

    assert most_activations(accumulated) < most_activations(at_once) / 6


def test_no_chunks_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one chunk"):
        cached_backward(towers(), [], loss_of)
