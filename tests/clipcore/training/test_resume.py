"""Killed at any moment and started again, a run ends with the very weights it would have had."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from clipcore.training.board import read_metrics
from clipcore.training.checkpoint import checkpoint_path, load_checkpoint
from clipcore.training.loop import train
from tests.clipcore.training.conftest import RECIPE, MakeGiven

STEPS = 30
CHANGES = {"steps": STEPS, "save_every": 3, "average": 0.9, "patch_dropout": 0.5}
COMMAND = """
import sys

from pathlib import Path
from clipcore.training.loop import train
from clipcore.training.run import Given
from tests.clipcore.training.conftest import RECIPE
from tests.clipcore.training.test_resume import CHANGES
train(replace(RECIPE, **CHANGES), Given([sys.argv[1]], Path(sys.argv[2]), vocabulary=Path(sys.argv[3])))
"""


def start(tar: Path, out: Path, merges: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(tar), str(out), str(merges)], env=environment, stderr=subprocess.DEVNULL
    )


def kill_at(process: subprocess.Popen[bytes], out: Path, step: int) -> None:
    """SIGKILL, which nothing can catch, a moment after `step` was taken."""
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        steps = [line["step"] for line in read_metrics(out / "metrics.jsonl")]
        if steps and steps[-1] >= step:
            time.sleep(random.random() * 0.01)
            break
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.slow
def test_a_run_that_is_killed_ends_bit_for_bit_as_one_that_is_not(
    given: MakeGiven, merges: Path, pairs_tar: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(replace(RECIPE, **CHANGES), given(pairs_tar, whole))  # type: ignore[arg-type]

    seed = random.randrange(2**32)
    print(f"random.seed({seed})")
    random.seed(seed)
    for step in sorted(random.sample(range(1, STEPS - 4), 2)):
        kill_at(start(pairs_tar, killed, merges), killed, step)
    assert not checkpoint_path(killed, STEPS).exists(), "it was killed before its end"
    train(replace(RECIPE, **CHANGES), given(pairs_tar, killed))  # type: ignore[arg-type]

    one, other = (load_checkpoint(checkpoint_path(out, STEPS)) for out in (whole, killed))
    for part in ("model", "average"):
        for name, tensor in one[part].items():
            assert tensor.equal(other[part][name]), f"{part}: {name}"
    for number, state in one["optimizer"]["state"].items():
        for name, tensor in state.items():
            assert torch.as_tensor(tensor).equal(torch.as_tensor(other["optimizer"]["state"][number][name]))
    assert [line["step"] for line in read_metrics(killed / "metrics.jsonl")] == list(range(1, STEPS + 1))
