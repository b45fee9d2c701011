"""A disk that is full, or fails, at any moment: one clear line, the library opens, and nothing is lost or doubled.

The long forms take SIGHTLINE_DISK_FAULTS (200 when not set) and SIGHTLINE_SEED.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.disks import ROOM, DiskTrial, FailingDisk, FailingPhotos, FullDisk, compiled_shim

_SHORT = 1
_MORE = 4


def survive(trial: DiskTrial, rounds: int, seed: int) -> None:
    """So many rounds, and a few more where none of the faults met the work."""
    number = 0
    while number < rounds or (not trial.killed and number < rounds + _MORE):
        found = [f"round {number}: {line}" for line in trial.run()]
        assert not found, "\n".join([f"seed {seed}", *found])
        number += 1
    harmed = ", ".join(f"{operation} {times}" for operation, times in sorted(trial.harmed_at_work.items()))
    print(f"seed {seed}: {number} rounds, a fault met {harmed}; no difference")
    assert trial.killed, "the faults miss the work"


def full_disk(place: Path, disk: Path, encoders: tuple[str, str], seed: int, database: str | None = None) -> FullDisk:
    trial = FullDisk(place, database, encoders, random.Random(seed))
    trial.home = disk / "home"
    return trial


def seed_of_run() -> int:
    return int(os.environ.get("SIGHTLINE_SEED", random.randrange(1_000_000)))


def test_a_full_disk_costs_nothing(
    tmp_path: Path, small_disk: Callable[[str], Path], tiny_encoders: tuple[str, str]
) -> None:
    seed = seed_of_run()
    survive(full_disk(tmp_path, small_disk(str(ROOM)), tiny_encoders, seed), _SHORT, seed)


BAD_DISKS = {
    "writing": lambda *trial, **more: FailingDisk(*trial, **more),
    "reading": lambda *trial, **more: FailingDisk(*trial, reads=True, **more),
    "photos": lambda *trial, **more: FailingPhotos(*trial, **more),
}


@pytest.mark.parametrize("kind", BAD_DISKS)
def test_a_disk_that_fails_costs_nothing(tmp_path: Path, tiny_encoders: tuple[str, str], kind: str) -> None:
    seed = seed_of_run()
    trial = BAD_DISKS[kind](tmp_path, None, tiny_encoders, random.Random(seed), shim=compiled_shim(tmp_path))
    survive(trial, _SHORT, seed)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_many_full_disks_beside_a_server_cost_nothing(
    tmp_path: Path, database: str, small_disk: Callable[[str], Path], tiny_encoders: tuple[str, str]
) -> None:
    """The thumbnails and snapshots are on the full disk, the catalog is not."""
    seed = seed_of_run()
    trial = full_disk(tmp_path, small_disk(str(ROOM)), tiny_encoders, seed, database)
    survive(trial, int(os.environ.get("SIGHTLINE_DISK_FAULTS", "200")) // 4, seed)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["full", *BAD_DISKS])
def test_many_bad_disks_cost_nothing(
    tmp_path: Path, small_disk: Callable[[str], Path], tiny_encoders: tuple[str, str], kind: str
) -> None:
    seed = seed_of_run()
    if kind == "full":
        trial: DiskTrial = full_disk(tmp_path, small_disk(str(ROOM)), tiny_encoders, seed)
    else:
        trial = BAD_DISKS[kind](tmp_path, None, tiny_encoders, random.Random(seed), shim=compiled_shim(tmp_path))
    survive(trial, int(os.environ.get("SIGHTLINE_DISK_FAULTS", "200")), seed)
