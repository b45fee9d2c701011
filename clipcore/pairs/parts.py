"""Pairs on disk between two stages: a folder of Parquet parts, each written whole or not at all.

A part names its pictures by where they lie, so that stages move text and numbers and only shards copy pictures. Its
schema's metadata holds what was counted while it was made, so that a stage's report is the sum over its parts however
often it was interrupted.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from clipcore.errors import PairsError
from clipcore.pairs.pair import Pair, Stored
from clipcore.pairs.skipped import Skipped

PAIRS = pa.schema(
    [
        ("key", pa.string()),
        ("captions", pa.list_(pa.string())),
        ("path", pa.string()),  # null where only the URL is known
        ("offset", pa.int64()),
        ("size", pa.int64()),
        ("url", pa.string()),
        ("source", pa.string()),
    ]
)
_METADATA = b"clipcore"


@dataclass(frozen=True)
class Counted:
    """What making a part, or a whole stage, came to.

    Attributes:
        taken: pairs read.
        kept: pairs written.
        seconds: of CPU time spent on it.
        ends: whether this part is the last of its source.
    """

    taken: int = 0
    kept: int = 0
    skipped: Skipped = field(default_factory=Skipped)
    seconds: float = 0.0
    ends: bool = True

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {**vars(self), "skipped": self.skipped.as_json()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Counted":
        """What `as_json` wrote."""
        return cls(**{**values, "skipped": Skipped.from_json(values["skipped"])})


def table_of(pairs: Iterable[Pair]) -> pa.Table:
    """Pairs whose pictures lie in files, or are known by URL, as rows of `PAIRS`.

    Raises:
        PairsError: a picture is in memory only, as those of compressed tars are.
    """
    return pa.Table.from_pylist([_row(pair) for pair in pairs], schema=PAIRS)


def _row(pair: Pair) -> dict[str, Any]:
    if isinstance(pair.picture, bytes):
        raise PairsError(f"{pair.source} is compressed, so its pictures cannot be read in place: unpack it to a .tar")
    place = pair.picture or Stored("")
    row = {"key": pair.key, "captions": list(pair.captions), "url": pair.url or None, "source": pair.source}
    return row | {"path": place.path or None, "offset": place.offset, "size": place.size}


def pairs_of(table: pa.Table) -> Iterator[Pair]:
    """The pairs of a table's rows."""
    for row in table.select(PAIRS.names).to_pylist():
        place = Stored(row["path"], row["offset"], row["size"]) if row["path"] else None
        yield Pair(row["key"], place, tuple(row["captions"]), url=row["url"] or "", source=row["source"])


def write_part(path: Path, table: pa.Table, counted: Counted) -> None:
    """A part, whole or not at all.

    Raises:
        PairsError: it cannot be written, as on a full disk.
    """
    described = table.replace_schema_metadata({_METADATA: json.dumps(counted.as_json())})
    with writing(path) as temporary:
        pa.parquet.write_table(described, temporary, compression="zstd")


class writing:
    """A file under a name of its own that takes its place when it is whole, and leaves nothing when it cannot be."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    def __enter__(self) -> Path:
        return self._temporary

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                with self._temporary.open("rb") as file:
                    os.fsync(file.fileno())  # else a power cut may leave its name without its content
                os.replace(self._temporary, self._path)
                return
        finally:
            self._temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise PairsError(
                f"cannot write {self._path}: {reason}; what is finished is kept, run it again to go on"
            ) from error


def read_counted(part: Path) -> Counted:
    """What was counted while a part was made.

    Raises:
        PairsError: it is damaged, or nothing that a stage wrote.
    """
    try:
        metadata = pa.parquet.read_schema(part).metadata or {}
        return Counted.from_json(json.loads(metadata[_METADATA]))
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise PairsError(f"{part} is no part of a stage: remove it and run the stage again") from error


def save_array(path: Path, array: NDArray[Any]) -> None:
    """A ``.npy`` file, whole or not at all.

    Raises:
        PairsError: it cannot be written.
    """
    with writing(path) as temporary, temporary.open("wb") as file:
        np.save(file, array)


def list_parts(folder: Path) -> list[Path]:
    """The finished parts of a folder, in order."""
    return sorted(folder.glob("*.parquet"))


def read_columns(parts: Sequence[Path], columns: list[str]) -> Iterator[pa.Table]:
    """Some columns of each part in turn."""
    for part in parts:
        yield pa.parquet.read_table(part, columns=columns)


def rows_of(parts: Sequence[Path]) -> list[int]:
    """How many rows each part has."""
    return [pa.parquet.read_metadata(part).num_rows for part in parts]


def total(parts: Iterable[Counted]) -> Counted:
    """The sum over parts."""
    skipped = Skipped()
    taken = kept = 0
    seconds = 0.0
    for part in parts:
        skipped.update(part.skipped)
        taken, kept, seconds = taken + part.taken, kept + part.kept, seconds + part.seconds
    return Counted(taken, kept, skipped, seconds)
