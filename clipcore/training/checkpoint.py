"""Checkpoints: all that a run needs to go on as if it had never been stopped, each written whole or not at all.

A file is written beside its place, flushed to the disk, and renamed: a power cut at any moment leaves the one before.
"""

import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch

from clipcore.errors import TrainingError

FOLDER = "checkpoints"


def checkpoint_path(run: Path, step: int) -> Path:
    """Where a step's checkpoint lies in a run's folder."""
    return run / FOLDER / f"step-{step:08}.pt"


def steps_saved(run: Path) -> list[int]:
    """The steps that have a checkpoint, in order."""
    return sorted(int(path.stem.partition("-")[2]) for path in (run / FOLDER).glob("step-*.pt"))


def save_checkpoint(run: Path, step: int, state: Mapping[str, Any], keep: set[int]) -> None:
    """Writes a step's checkpoint, then removes those that are neither it nor in `keep`.

    Raises:
        TrainingError: there is no room, or no permission; what was there before is there still.
    """
    before = steps_saved(run)
    try:
        (run / FOLDER).mkdir(parents=True, exist_ok=True)
        write_whole(checkpoint_path(run, step), lambda file: torch.save(dict(state), file))
    except (OSError, RuntimeError) as error:  # torch wraps the system's error when its archive cannot be written
        kept = f"the checkpoint of step {before[-1]} is whole" if before else "there is no earlier checkpoint"
        raise TrainingError(
            f"cannot save step {step} in {run}: {_reason(error)}; {kept}: make room and run the same command again"
        ) from error
    for old in set(before) - keep - {step}:
        checkpoint_path(run, old).unlink(missing_ok=True)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """What `save_checkpoint` wrote; tensors and plain values, nothing is executed.

    Raises:
        TrainingError: it is missing, cut short or something else.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path} is no whole checkpoint: {' '.join(str(error).split())[:200]}") from error
    return state


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Writes a file beside `path`, flushes it to the disk and renames it; a failure leaves `path` as it was."""
    temporary = path.with_name(f".{path.name}.partial")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """The rename itself reaches the disk, where a folder can be flushed (not on Windows)."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _reason(error: BaseException) -> str:
    """The system's own words, wherever in the chain they are."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return " ".join(str(error).split())[:200]
