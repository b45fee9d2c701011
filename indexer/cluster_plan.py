"""What a cluster's workers are told, and the plan that cuts a source into parts."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.feather import read_table, write_feather

from indexer.errors import FolderError, StorageError
from indexer.settings import Settings
from indexer.sources import Source
from indexer.walk import FoundFile

FILES_A_PART = 512
_PLAN = "plan.arrow"
_FILES = pa.schema(
    [
        ("path", pa.binary()),  # any bytes may name a file
        ("size", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("sidecar", pa.binary()),
        ("sidecar_mtime_ns", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Job:
    """What every worker is told."""

    source: Source
    out: Path
    settings: Settings

    @property
    def plan(self) -> Path:
        return self.out / _PLAN

    def table(self, name: str, part: int) -> Path:
        return self.out / name / f"part-{part:06}.parquet"

    def count(self) -> int:
        """How many parts there are."""
        return -(-len(self._files()) // FILES_A_PART)

    def total(self) -> int:
        """How many files there are."""
        return len(self._files())

    def part(self, number: int) -> list[FoundFile]:
        """The files of a part."""
        rows = self._files().slice(number * FILES_A_PART, FILES_A_PART).to_pylist()
        return [_found(**row) for row in rows]

    def _files(self) -> pa.Table:
        return read_table(self.plan, memory_map=True)

    def make_plan(self, encoder: str) -> None:
        """Writes down the files there are now, unless an earlier run has; `encoder` is a fingerprint.

        Raises:
            FolderError: the source cannot be listed, or the plan is of another source or encoder.
            StorageError: the plan cannot be written.
        """
        about = {"source": self.source.folder, "encoder": encoder}
        try:
            if not self.plan.exists():
                self.out.mkdir(parents=True, exist_ok=True)
                files = pa.Table.from_pylist([_row(found) for found in self.source.files()], _FILES)
                replace_file(self.plan, lambda path: write_feather(files.replace_schema_metadata(about), path))
        except OSError as error:
            raise StorageError(f"cannot write {self.out}: {error.strerror or error}") from error
        planned = self._files().schema.metadata
        for name, value in about.items():
            if (found := planned[name.encode()].decode()) != value:
                raise FolderError(f"{self.out} was begun with {name} {found}, not {value}: expected another --out")


def _found(path: bytes, size: int, mtime_ns: int, sidecar: bytes | None, sidecar_mtime_ns: int | None) -> FoundFile:
    beside = os.fsdecode(sidecar) if sidecar is not None else None
    return FoundFile(os.fsdecode(path), size, mtime_ns, beside, sidecar_mtime_ns)


def _row(found: FoundFile) -> dict[str, Any]:
    return {name: os.fsencode(value) if isinstance(value, str) else value for name, value in found._asdict().items()}


def replace_file(path: Path, write: Callable[[str], object]) -> None:
    """A whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(str(temporary))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
