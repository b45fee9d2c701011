"""The last stage: WebDataset shards, each picture's file as it was found beside its captions.

In a shard ``000012345.jpg``, ``000012345.txt`` (the first caption) and ``000012345.json`` (all captions, key, source,
URL, size, and the queries that match) stand together, numbered over all shards, as img2dataset lays them out. A shard
is written whole or not at all, and from the same pairs always to the same bytes.
"""

import io
import json
import tarfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from PIL import Image

from clipcore.errors import ImageError
from clipcore.pairs.pair import Pair
from clipcore.pairs.parts import Counted, pairs_of, rows_of, write_part, writing
from clipcore.pairs.queries import read_queries
from clipcore.pairs.skipped import Skipped
from clipcore.pairs.stages import Stage, Workers, stage_parts

PER_SHARD = 10_000
GONE = "pictures that are gone"
_SUFFIXES = {"JPEG": "jpg", "MPO": "jpg", "TIFF": "tif", "JPEG2000": "jp2", "HEIF": "heic"}
WRITTEN = pa.schema(
    [("caption_words", pa.int32()), ("width", pa.int32()), ("height", pa.int32()), ("queries", pa.list_(pa.int32()))]
)


@dataclass(frozen=True)
class _Shard:
    """Rows `first` to `last` of all parts as one."""

    tar: Path
    counted: Path
    first: int
    last: int


def write_shards(
    source: Path, out: Path, queries: Path | None = None, per_shard: int = PER_SHARD, workers: Workers | None = None
) -> Counted:
    """Writes the pairs of a stage into ``OUT/00000.tar`` and so on; what was written is told in ``OUT/parts``.

    Args:
        queries: the query file that the numbers in the pairs' ``queries`` mean lines of.

    Raises:
        PairsError: a part cannot be read, or a shard cannot be written.
    """
    parts = stage_parts(source)
    ends = np.cumsum(rows_of(parts))
    count = int(ends[-1]) if parts else 0
    counted = out / "parts"
    stage = Stage("shards", counted, {"per_shard": per_shard, "out": str(out)})
    jobs = [
        _Shard(out / f"{n:05}.tar", counted / f"{n:05}.parquet", start, min(start + per_shard, count))
        for n, start in enumerate(range(0, count, per_shard))
    ]
    written = stage.run(jobs, partial(_write, parts, ends.tolist(), queries), parts, workers or Workers())
    for path in out.glob("[0-9]*.tar"):  # left from settings that made more of them
        if path not in {job.tar for job in jobs}:
            path.unlink()
    return written


def _write(parts: Sequence[Path], ends: Sequence[int], queries: Path | None, shard: _Shard) -> None:
    if shard.counted.exists() and shard.tar.exists():
        return
    began = time.process_time()
    skipped = Skipped()
    told: list[dict[str, Any]] = []
    with writing(shard.tar) as temporary, tarfile.open(temporary, "w") as tar:
        rows = _rows(parts, ends, shard.first, shard.last)
        for number, (pair, known) in enumerate(rows, shard.first):
            try:
                _add(tar, f"{number:09}", pair, known, queries)
            except ImageError:
                skipped.add(GONE, pair.key)
            else:
                told.append(known | {"caption_words": len(pair.captions[0].split())})
    table = pa.Table.from_pylist(told, schema=WRITTEN)
    counted = Counted(shard.last - shard.first, len(told), skipped, time.process_time() - began)
    write_part(shard.counted, table, counted)


def _rows(parts: Sequence[Path], ends: Sequence[int], first: int, last: int) -> Iterator[tuple[Pair, dict[str, Any]]]:
    """Pairs of rows `first` to `last`, and what else their rows hold."""
    start = 0
    for part, end in zip(parts, ends, strict=True):
        if start < last and end > first:
            table = pa.parquet.read_table(part)
            chosen = table.slice(max(first - start, 0), min(last, end) - max(first, start))
            more = [name for name in WRITTEN.names if name in table.column_names]
            known = chosen.select(more).to_pylist() if more else [{}] * len(chosen)
            yield from zip(pairs_of(chosen), known, strict=True)
        start = end


def _add(tar: tarfile.TarFile, name: str, pair: Pair, known: dict[str, Any], queries: Path | None) -> None:
    encoded = pair.encoded
    told: dict[str, Any] = {"key": pair.key, "captions": list(pair.captions), "source": pair.source}
    told |= {"url": pair.url} if pair.url else {}
    told |= {side: known[side] for side in ("width", "height") if known.get(side)}
    if queries is not None and known.get("queries"):
        told["queries"] = [_queries(queries)[number] for number in known["queries"]]
    for suffix, content in (
        (_suffix(encoded, pair), encoded),
        ("txt", pair.captions[0].encode()),
        ("json", json.dumps(told, ensure_ascii=False).encode()),
    ):
        info = tarfile.TarInfo(f"{name}.{suffix}")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))


@lru_cache(1)
def _queries(path: Path) -> tuple[str, ...]:
    return read_queries(path)


def _suffix(encoded: bytes, pair: Pair) -> str:
    """What the file's own bytes say it is."""
    try:
        with Image.open(io.BytesIO(encoded)) as image:
            format = image.format or ""
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(f"{pair.key} is not a picture: {error}") from error
    return _SUFFIXES.get(format, format.lower())
