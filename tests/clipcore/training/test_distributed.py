"""Two processes over gloo compute what one does: weights copied (DDP) or in shards (FSDP2), accumulated or not."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from clipcore.errors import TrainingError
from clipcore.training.board import read_metrics
from clipcore.training.distributed import Processes, spread
from clipcore.training.loop import train
from clipcore.training.run import Given
from clipcore.training.step import gradients
from clipcore.training.trained import trained
from tests.clipcore.training.conftest import RECIPE
from tests.clipcore.training.test_savings import ALONE, FEW_WORDS, batch, model, relative
from tests.clipcore.training.two_processes import GRADIENTS, RUN, RUNS


def two(*arguments: object) -> None:
    """Two processes of torchrun, each running the module with these arguments."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "tests.clipcore.training.two_processes", *map(str, arguments)]
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-6000:]


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the gradients that two processes found."""
    out = tmp_path_factory.mktemp("together")
    two("gradients", out)
    return out


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_are_those_of_one_process(name: str, together: Path) -> None:
    recipe = replace(RECIPE, architecture=FEW_WORDS, objective=GRADIENTS[name].get("objective", "contrastive"))  # type: ignore[arg-type]
    alone = model(recipe)
    loss = gradients(spread(alone, ALONE, False, False), batch(16), recipe, ALONE)
    wanted = {n: p.grad for n, p in alone.named_parameters() if p.grad is not None}
    found = torch.load(together / f"{name}.pt", weights_only=True)
    assert found["loss"].item() == pytest.approx(loss.item(), rel=1e-6)
    assert relative(found["gradients"], wanted) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_a_run_of_two_is_a_run_of_one(name: str, pairs_tar: Path, merges: Path, tmp_path: Path) -> None:
    """The same batches in the same order; Adam turns rounding into differences, but of a step's size at most."""
    alone = tmp_path / "alone"
    train(replace(RECIPE, **RUN), Given([str(pairs_tar)], alone, vocabulary=merges))  # type: ignore[arg-type]
    two(name, tmp_path, pairs_tar, merges)
    losses = [
        [line["loss"] for line in read_metrics(out / "metrics.jsonl") if line["kind"] == "step"]
        for out in (alone, tmp_path / name)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    one, other = trained(alone).clip.state_dict(), trained(tmp_path / name).clip.state_dict()
    assert one.keys() == other.keys()
    for tensor_name, tensor in one.items():
        assert (other[tensor_name] - tensor).abs().max() < 1e-3, tensor_name


def test_a_batch_that_cannot_be_shared_and_a_lone_shard_are_one_line() -> None:
    three = Processes(0, 3, torch.device("cpu"), None)
    with pytest.raises(TrainingError, match="a batch of 8 cannot be shared evenly by 3 processes"):
        three.share(8)
    with pytest.raises(TrainingError, match="there is only this one"):
        spread(model(replace(RECIPE, architecture=FEW_WORDS)), ALONE, True, False)
