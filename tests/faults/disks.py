"""A library whose disk fills up, or fails, in the middle of the work: trials with other kinds of harm."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import select

from indexer.catalog import Photo, PhotoState
from tests.faults.trial import Trial

SHIM = Path(__file__).with_name("failing_disk.c")
_ROOT = Path(__file__).parents[2]
_ON_DISK = ("compaction", "ingest", "snapshot", "switch")
_LONGEST = 300  # characters of an error that a person reads
_FEW, _MANY = 4_000, 400_000  # bytes left on a disk that is almost full
_MANY_WITHOUT_CATALOG = 40_000  # where the catalog lies elsewhere, less is written
ROOM = 1 << 30  # bytes of a disk that is not full: with less than 500 MB free the doctor complains
_CALLS = 120  # writes and syncs of an operation, about


def compiled_shim(folder: Path) -> Path:
    """`failing_disk.c` as a library to preload; skips where nothing compiles it or it cannot be loaded so."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or sys.platform != "linux":
        pytest.skip("a failing disk needs Linux and a C compiler")
    library = folder / "failing_disk.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SHIM), "-ldl"], check=True)
    return library


@dataclass
class DiskTrial(Trial):
    """The operation is a process of its own that says how it ended (`tests.faults.on_a_bad_disk`)."""

    operations: ClassVar[tuple[str, ...]] = _ON_DISK
    said: list[str] = field(default_factory=list)

    def work(self, operation: str, **environment: str) -> list[str]:
        """Runs an operation to its end; gives back what it said that a person should not have to read."""
        settings = {k: str(v) if isinstance(v, Path) else v for k, v in self.settings.items()}
        command = [sys.executable, "-m", "tests.faults.on_a_bad_disk", operation]
        command += [str(self.photos), json.dumps(settings)]
        path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        variables = os.environ | {"PYTHONPATH": path} | environment
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=_ROOT, env=variables, timeout=300, check=False
        )
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        self.said += lines
        if done.returncode not in (0, 1) or "Traceback" in done.stderr:
            return [f"it ended with {done.returncode}: {done.stderr[-4000:]}"]
        if done.returncode == 1 and not lines:
            return ["it failed and did not say why"]
        return [f"not for people: {line}" for line in lines if len(line) > _LONGEST]


@dataclass
class FullDisk(DiskTrial):
    """The library lies on a disk in memory that has a few kilobytes left for one operation, and then room again."""

    harmed: ClassVar[str] = "full disk in"

    def harm(self, operation: str) -> list[str]:
        disk = self.home.parent
        before = len(self.said)
        many = _MANY_WITHOUT_CATALOG if self.database else _MANY
        left = int(_FEW * (many / _FEW) ** self.chance.random())
        self._resize(disk, shutil.disk_usage(disk).used + left)
        try:
            return self.work(operation)
        finally:
            self._resize(disk, ROOM)
            self.harmed_at_work[operation] += len(self.said) > before

    def _resize(self, disk: Path, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


@dataclass
class FailingDisk(DiskTrial):
    """One call that writes (or `reads`) the library, or every one from then on, fails with an input/output error."""

    shim: Path = Path()
    reads: bool = False
    operations: ClassVar[tuple[str, ...]] = (*_ON_DISK, "watch")
    harmed: ClassVar[str] = "failing disk in"

    @property
    def failing(self) -> Path:
        """What lies on the disk that fails."""
        return self.home

    def harm(self, operation: str) -> list[str]:
        calls, lasts = int(_CALLS ** self.chance.random()), self.chance.random() < 0.5
        said = self.place / "said"
        said.unlink(missing_ok=True)
        breaks = f"{calls} {lasts:d} {self.reads:d} {self.failing}"
        found = self.work(operation, LD_PRELOAD=str(self.shim), BREAKS=breaks, FAILS_SAID=str(said))
        self.harmed_at_work[operation] += said.exists()
        return found


@dataclass
class FailingPhotos(FailingDisk):
    """The photos lie on the disk that fails: none that is there may be taken for gone."""

    reads: bool = True

    @property
    def failing(self) -> Path:
        return self.photos

    def harm(self, operation: str) -> list[str]:
        found = super().harm(operation)
        library = self._open(self.settings)
        with library.catalog.reading() as session:
            gone = session.scalars(select(Photo.path).where(Photo.state == PhotoState.MISSING)).all()
        library.close()
        return found + [f"taken for gone: {path}" for path in gone if Path(path).exists()]
