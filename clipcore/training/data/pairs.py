"""The pairs of a run by number: what describes each, and where its picture lies, in columns of Arrow.

Sources are read once (`clipcore.pairs`), pictures not at all. So the order of a run is a function of its seed and its
step, and one that was stopped goes on with the very next pair. An entry takes some 100 bytes and its captions.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa

from clipcore.errors import PairsError, TrainingError
from clipcore.pairs.pair import Pair, Stored
from clipcore.pairs.skipped import Skipped
from clipcore.pairs.sources import find_sources, open_pairs
from clipcore.progress import Progress

BY_PROCESSES = 16  # sources from which on they are read by several processes

_SCHEMA = pa.schema(
    {
        "key": pa.string(),
        "captions": pa.list_(pa.string()),
        "path": pa.dictionary(pa.int32(), pa.string()),
        "offset": pa.int64(),
        "size": pa.int64(),
    }
)


class TrainingPairs:
    """Pairs by number.

    Attributes:
        parts: how many pairs each source (a tar, a folder, a table) has, in order.
    """

    def __init__(self, tables: Sequence[pa.RecordBatch]) -> None:
        self.parts = [len(table) for table in tables]
        self._tables = tables
        self._ends = np.array(list(accumulate(self.parts)))

    @classmethod
    def read(cls, given: Sequence[str], skipped: Skipped) -> "TrainingPairs":
        """The captioned pictures of everything in `given`: tars, folders, tables, with ``{00..99}`` and ``*``.

        Raises:
            TrainingError: a file or folder is missing, or there is no captioned picture at all.
        """
        try:
            sources = find_sources(given)
        except PairsError as error:
            raise TrainingError(str(error)) from error
        missing = [str(source) for source in sources if not source.exists()]
        if missing:
            named = ", ".join(missing[:3]) + (f" and {len(missing) - 3:,} more" if len(missing) > 3 else "")
            raise TrainingError(f"missing: {named} (of {len(sources):,} tars, folders and tables)")
        tables = []
        progress = Progress("sources read", len(sources))
        for table, left_out in _all(sources):
            skipped.update(left_out)
            tables.append(table)
            progress(len(tables))
        pairs = cls(tables)
        if not len(pairs):
            found = "; ".join(skipped.lines())
            raise TrainingError(f"no captioned picture in {', '.join(given)}" + (f": {found}" if found else ""))
        return pairs

    def __len__(self) -> int:
        return sum(self.parts)

    def __getitem__(self, number: int) -> Pair:
        part = int(np.searchsorted(self._ends, number, side="right"))
        row = number - int(self._ends[part]) + self.parts[part]
        table = self._tables[part]
        key, captions, path, offset, size = (table.column(i)[row].as_py() for i in range(5))
        return Pair(key, Stored(path, offset, size), tuple(captions))


def _all(sources: Sequence[Path]) -> Iterator[tuple[pa.RecordBatch, Skipped]]:
    if len(sources) < BY_PROCESSES:
        yield from map(_read, sources)
        return
    with ProcessPoolExecutor(os.cpu_count(), get_context("forkserver")) as pool:
        yield from pool.map(_read, sources)


def _read(source: Path) -> tuple[pa.RecordBatch, Skipped]:
    """One source; where it cannot be read at all, none of it."""
    skipped = Skipped()
    rows: list[tuple[str, tuple[str, ...], str, int, int]] = []
    try:
        for pair in open_pairs(source, skipped):
            if isinstance(pair.picture, Stored):
                rows.append((pair.key, pair.captions, pair.picture.path, pair.picture.offset, pair.picture.size))
            else:
                where = "in a compressed tar (unpack it)" if pair.picture else "only known by a URL (download them)"
                skipped.add(f"pictures {where}", pair.key)
    except PairsError as error:
        skipped.add("sources that cannot be read", str(error))
    columns = list(zip(*rows, strict=True)) or [()] * len(_SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)]
    return pa.record_batch(arrays, schema=_SCHEMA), skipped
