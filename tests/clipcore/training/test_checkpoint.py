"""A checkpoint is whole or it is the one before."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from clipcore.errors import TrainingError
from clipcore.training.checkpoint import checkpoint_path, load_checkpoint, save_checkpoint, steps_saved


def test_the_last_ones_are_kept_and_the_best(tmp_path: Path) -> None:
    for step in (10, 20, 30, 40):
        save_checkpoint(tmp_path, step, {"step": step}, keep={20, step - 10})
    assert steps_saved(tmp_path) == [20, 30, 40]
    assert load_checkpoint(checkpoint_path(tmp_path, 40))["step"] == 40


def test_a_full_disk_leaves_the_one_before(small_disk: Callable[..., Path]) -> None:
    run = small_disk("3m")
    save_checkpoint(run, 1, {"weights": torch.ones(400_000)}, keep=set())
    with pytest.raises(TrainingError) as caught:
        save_checkpoint(run, 2, {"weights": torch.ones(800_000)}, keep=set())
    assert "No space left on device; the checkpoint of step 1 is whole: make room" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert steps_saved(run) == [1]
    assert load_checkpoint(checkpoint_path(run, 1))["weights"].sum() == 400_000
    assert not list((run / "checkpoints").glob(".*")), "nothing half-written takes room"


def test_where_there_is_no_room_at_all(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a file in its place")
    with pytest.raises(TrainingError, match="cannot save step 1 .* there is no earlier checkpoint"):
        save_checkpoint(tmp_path, 1, {}, keep=set())


@pytest.mark.parametrize("cut", [0, 100, -1])
def test_a_broken_file_is_one_line(cut: int, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 1, {"weights": torch.ones(1000)}, keep=set())
    path = checkpoint_path(tmp_path, 1)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(TrainingError, match="is no whole checkpoint") as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_executes_nothing(tmp_path: Path) -> None:
    path = checkpoint_path(tmp_path, 1)
    path.parent.mkdir()
    torch.save({"step": print}, path)
    with pytest.raises(TrainingError, match="is no whole checkpoint"):
        load_checkpoint(path)
