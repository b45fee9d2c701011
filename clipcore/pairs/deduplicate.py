"""The third stage: of pairs that are the same, or nearly, the first stays.

Pictures are the same when their bytes are, and nearly when their perceptual hashes differ in three bits of 64 or fewer
and their colours little; texts are the same when their words are, and nearly when MinHash puts their Jaccard similarity
at 0.8 or more. Memory: two bytes a pair, and what `duplicates.IN_MEMORY` allows; what is compared lies in mapped files
beside the parts.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count as count_up
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from clipcore.pairs.duplicates import (
    LOOKS_KEYS,
    Keys,
    Marks,
    Near,
    Places,
    close,
    later_equals,
    later_neighbours,
    looks_key,
)
from clipcore.pairs.parts import Counted, list_parts, read_columns, rows_of, save_array, write_part, writing
from clipcore.pairs.signatures import BANDS, ROWS, band, minhashes, text_hash
from clipcore.pairs.skipped import Skipped
from clipcore.pairs.stages import Stage, Workers, stage_parts
from clipcore.pairs.words import words_of
from clipcore.progress import Progress

OF_PICTURES = ("content", "looks", "colours")
ALIKE = 0.8  # Jaccard similarity from which texts are nearly the same
REASONS = ("", "the same file", "near-copies of a picture", "the same text", "near-copies of a text")
_AT_ONCE = 1_000_000  # pairs of places compared in one go


def drop_duplicates(
    source: Path, out: Path, by: Sequence[str] = ("image", "text"), workers: Workers | None = None
) -> Counted:
    """Keeps the first of each group of duplicates in the parts of `source`.

    Args:
        by: "image", "text" or both.

    Raises:
        PairsError: a part cannot be read or written.
    """
    workers = workers or Workers()
    parts = stage_parts(source)
    signatures = out / "signatures"
    Stage("signatures", signatures, {}).transform(source, _sign, workers)
    starts = np.cumsum([0, *rows_of(parts)])
    jobs = [(part, out / part.name, int(start)) for part, start in zip(parts, starts, strict=False)]
    stage = Stage("deduplicate", out, {"by": sorted(by)})
    before = partial(_find, signatures, int(starts[-1]), sorted(by), out)
    return stage.run(jobs, partial(_drop, out / "reasons.npy"), parts, workers, before)


def _sign(table: pa.Table) -> tuple[pa.Table, Skipped]:
    none = pa.array(np.zeros(len(table), np.uint64))
    of_pictures = {n: table.column(n).fill_null(0) if n in table.column_names else none for n in OF_PICTURES}
    words = [[words_of(caption) for caption in captions] for captions in table.column("captions").to_pylist()]
    hashes = minhashes(words)
    of_texts = {
        "text": pa.array(map(text_hash, words), pa.uint64()),
        "hashes": pa.FixedSizeListArray.from_arrays(pa.array(hashes.ravel()), BANDS * ROWS),
        **{f"band{number}": pa.array(band(hashes, number)) for number in range(BANDS)},
    }
    return pa.table({**of_pictures, **of_texts}), Skipped()


def _find(signatures: Path, count: int, by: Sequence[str], out: Path) -> None:
    """Writes, for each pair, the number of the reason why it goes; 0 for those that stay."""
    reasons = np.zeros(count, np.uint8)
    marks = np.zeros(count, bool)
    parts, passes = list_parts(signatures), count_up(1)
    progress = Progress("deduplicate: pass over the signatures")

    def read(name: str) -> Iterator[NDArray[Any]]:
        progress(next(passes))
        return _columns(parts, name)

    for number, find in enumerate((_same_files, _alike_pictures, _same_texts, _alike_texts)):
        if ("image", "image", "text", "text")[number] in by:
            find(read, out, marks)
            reasons[marks & (reasons == 0)] = number + 1
    save_array(out / "reasons.npy", reasons)


Read = Callable[[str], Iterator[NDArray[Any]]]  # a column's values, part after part


def _same_files(read: Read, out: Path, marks: Marks) -> None:
    later_equals(partial(read, "content"), marks)


def _alike_pictures(read: Read, out: Path, marks: Marks) -> None:
    looks, colours = (
        _mapped(out / f"{name}.npy", read(name), (len(marks),), np.uint64) for name in ("looks", "colours")
    )
    for number in range(LOOKS_KEYS):
        later_neighbours(partial(_looks_keys, read, number), close(looks, colours), marks)


def _same_texts(read: Read, out: Path, marks: Marks) -> None:
    later_equals(partial(read, "text"), marks)


def _alike_texts(read: Read, out: Path, marks: Marks) -> None:
    hashes = _mapped(out / "hashes.npy", read("hashes"), (len(marks), BANDS * ROWS), np.uint32)
    for number in range(BANDS):
        later_neighbours(partial(read, f"band{number}"), _alike(hashes), marks)


def _looks_keys(read: Read, number: int) -> Iterator[Keys]:
    return (looks_key(looks, number) for looks in read("looks"))


def _columns(parts: Sequence[Path], name: str) -> Iterator[NDArray[Any]]:
    for table in read_columns(parts, [name]):
        column = table.column(name).combine_chunks()
        nested = pa.types.is_fixed_size_list(column.type)
        yield column.flatten().to_numpy().reshape(len(column), -1) if nested else column.to_numpy()


def _mapped(path: Path, columns: Iterator[NDArray[Any]], shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """A column in a file of its own, read where it is asked for: it may be larger than memory."""
    with writing(path) as temporary:
        array = np.lib.format.open_memmap(temporary, "w+", dtype, shape)
        start = 0
        for column in columns:
            array[start : start + len(column)] = column
            start += len(column)
        array.flush()
    return np.load(path, mmap_mode="r")


def _alike(hashes: NDArray[np.uint32]) -> Near:
    """Whether at least `ALIKE` of two texts' hashes are the same."""

    def near(first: Places, second: Places) -> Marks:
        found = np.zeros(len(first), bool)
        for start in range(0, len(first), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            found[some] = (hashes[first[some]] == hashes[second[some]]).mean(axis=1) >= ALIKE
        return found

    return near


def _drop(reasons: Path, job: tuple[Path, Path, int]) -> None:
    source, out, start = job
    if out.exists():
        return
    began = time.process_time()
    table = pa.parquet.read_table(source).replace_schema_metadata(None)
    of_part = np.load(reasons, mmap_mode="r")[start : start + len(table)]
    skipped = Skipped()
    for key, reason in zip(table.column("key").to_pylist(), of_part.tolist(), strict=True):
        if reason:
            skipped.add(REASONS[reason], key)
    kept = table.filter(pa.array(of_part == 0))
    write_part(out, kept, Counted(len(table), len(kept), skipped, time.process_time() - began))
