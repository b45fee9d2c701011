"""Every way to a loss gives the loss and all the gradients of the plain formula, in float64."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from torch import Tensor

from clipcore.objectives.cached import cached_backward
from tests.clipcore.objectives.batches import (
    BATCH,
    PLAIN,
    Gradients,
    batch,
    blocked,
    gradients,
    in_one_of_two,
    model,
)

NAMES = tuple(PLAIN)


def at_once(objective: Callable[..., Tensor]) -> tuple[Tensor, Gradients]:
    module = model()
    loss = objective(*module(*batch()))
    loss.backward()
    return loss.detach(), gradients(module)


def assert_equal(one: tuple[Tensor, Gradients], other: tuple[Tensor, Gradients]) -> None:
    torch.testing.assert_close(one[0], other[0], rtol=1e-12, atol=0)
    assert one[1].keys() == other[1].keys() and "clip.logit_scale" in one[1]
    for name, gradient in one[1].items():
        torch.testing.assert_close(gradient, other[1][name], rtol=1e-9, atol=1e-14, msg=name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("block", [1, 5, BATCH, 100])
def test_in_blocks(name: str, block: int) -> None:
    assert_equal(at_once(PLAIN[name]), at_once(blocked(name, block)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 5, BATCH])
def test_accumulated(name: str, size: int) -> None:
    module = model()
    chunks = list(zip(*(part.split(size) for part in batch()), strict=True))
    loss = cached_backward(lambda chunk: module(*chunk), chunks, blocked(name, 4))
    assert_equal(at_once(PLAIN[name]), (loss, gradients(module)))


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    mp.spawn(in_one_of_two, (str(folder),), nprocs=2)
    return folder


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["at once", "accumulated"])
def test_in_two_processes_under_ddp(name: str, way: str, two_processes: Path) -> None:
    for rank in (0, 1):
        found = torch.load(two_processes / f"{name} {way} {rank}.pt", weights_only=True)
        assert_equal(at_once(PLAIN[name]), found)
