"""Fewer pairs of the frequent queries, all of the rare ones.

Two forms. "cap", as in section 2.2 ("including up to 20,000 (image, text) pairs per query"): every query draws at most
`per_query` of its pairs at random, exactly that many where it has more, and a pair stays that any of its queries drew.
"probability", as in MetaCLIP (Xu et al., arXiv:2309.16671, algorithm 1): a pair stays with the probability
max over its queries of min(1, per_query / count), each on its own draw, so that no query has to be looked at whole.

A pair's draw is a number in [0, 1) made from the seed and its place, the same in any process. Memory: a count a query,
and for "cap" a few thousand draws for each query with more than `per_query`, however many pairs there are.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from clipcore.pairs.parts import Counted, read_columns, rows_of, save_array, write_part
from clipcore.pairs.skipped import Skipped
from clipcore.pairs.stages import Stage, Workers, stage_parts

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
FREQUENT = "pairs of frequent queries"


@dataclass(frozen=True)
class Balance:
    """How pairs are drawn."""

    per_query: int = 20_000
    form: Literal["cap", "probability"] = "cap"
    seed: int = 0


def balance(source: Path, out: Path, rules: Balance, workers: Workers | None = None) -> Counted:
    """Draws from the parts of a matched stage; ``counts.npy`` keeps how many pairs each query had.

    Raises:
        PairsError: a part cannot be read or written.
    """
    parts = stage_parts(source)
    starts = np.cumsum([0, *rows_of(parts)])

    def before() -> None:
        counts = count_queries(parts)
        bounds = (_exact if rules.form == "cap" else _probable)(parts, starts, counts, rules)
        save_array(out / "counts.npy", counts)
        save_array(out / "bounds.npy", bounds)

    jobs = [(part, out / part.name, int(start)) for part, start in zip(parts, starts, strict=False)]
    function = partial(_keep_drawn, rules.seed, out / "bounds.npy")
    return Stage("balance", out, asdict(rules)).run(jobs, function, parts, workers or Workers(), before)


def count_queries(parts: Sequence[Path]) -> Indices:
    """How many pairs each query has: int64 (highest query's number + 1,)."""
    counts = np.zeros(0, np.int64)
    for table in read_columns(parts, ["queries"]):
        found = np.bincount(_flat(table)[0], minlength=len(counts))
        found[: len(counts)] += counts
        counts = found
    return counts


def draws(seed: int, first: int, count: int) -> Array:
    """float64 (count,) in [0, 1): the draws of pairs number `first` and after (splitmix64 of seed and number)."""
    with np.errstate(over="ignore"):
        z = np.arange(first, first + count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.random.SeedSequence(seed).generate_state(1, np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _probable(parts: Sequence[Path], starts: Indices, counts: Indices, rules: Balance) -> Array:
    """(queries,): the draw below which a pair of each query is kept, as likely as MetaCLIP keeps it."""
    return np.minimum(1.0, rules.per_query / np.maximum(counts, 1))


def _exact(parts: Sequence[Path], starts: Indices, counts: Indices, rules: Balance) -> Array:
    """(queries,): the draw at or below which a pair of each query is kept: its `per_query`-th smallest.

    It lies near per_query / count, so only draws in a window around that are held, ten deviations wide on each side.
    """
    bounds = np.ones(len(counts))
    frequent = counts > rules.per_query
    middle = rules.per_query / np.maximum(counts, 1)
    margin = 10 * middle / np.sqrt(rules.per_query) + 10 / np.maximum(counts, 1)
    low, high = middle - margin, middle + margin
    below = np.zeros(len(counts), np.int64)
    held: list[tuple[Indices, Array]] = []
    for table, start in zip(read_columns(parts, ["queries"]), starts, strict=False):
        queries, rows = _flat(table)
        drawn = draws(rules.seed, int(start), table.num_rows)[rows]
        chosen = frequent[queries] & (drawn <= high[queries])
        queries, drawn = queries[chosen], drawn[chosen]
        inside = drawn > low[queries]
        below += np.bincount(queries[~inside], minlength=len(counts))
        held.append((queries[inside], drawn[inside]))
    if not held:
        return bounds
    queries, drawn = (np.concatenate(arrays) for arrays in zip(*held, strict=True))
    order = np.lexsort((drawn, queries))
    first = np.searchsorted(queries[order], np.arange(len(counts)))
    last = rules.per_query - below - 1  # within its query's window
    of = np.flatnonzero(frequent)
    bounds[of] = drawn[order][first[of] + last[of]]
    return bounds


def _keep_drawn(seed: int, bounds: Path, job: tuple[Path, Path, int]) -> None:
    source, out, start = job
    if out.exists():
        return
    began = time.process_time()
    table = pa.parquet.read_table(source).replace_schema_metadata(None)
    queries, rows = _flat(table)
    drawn = draws(seed, start, table.num_rows)
    kept = np.zeros(table.num_rows, bool)
    kept[rows[drawn[rows] <= np.load(bounds)[queries]]] = True
    skipped = Skipped()
    for key in table.column("key").filter(pa.array(~kept)).to_pylist():
        skipped.add(FREQUENT, key)
    chosen = table.filter(pa.array(kept))
    write_part(out, chosen, Counted(table.num_rows, chosen.num_rows, skipped, time.process_time() - began))


def _flat(table: pa.Table) -> tuple[Indices, Indices]:
    """Queries, and the rows that they stand in, one of each for every match."""
    column = table.column("queries").combine_chunks()
    queries = column.flatten().to_numpy().astype(np.int64)
    return queries, np.repeat(np.arange(len(column)), np.diff(column.offsets.to_numpy()))
