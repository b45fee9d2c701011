from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from clipcore.pairs.balancing import Balance, balance, draws
from clipcore.pairs.parts import PAIRS, Counted, list_parts, write_part
from clipcore.pairs.stages import Stage, Workers

COUNT, QUERIES = 12_000, 40


@pytest.fixture
def matched(tmp_path: Path) -> Path:
    """Parts of pairs whose queries are Zipf-distributed; query 0 is in a third of them."""
    return write_matched(tmp_path / "matched", zipf(np.random.default_rng(0)))


def zipf(rng: np.random.Generator) -> list[list[int]]:
    shares = 1 / np.arange(1, QUERIES + 1)
    return [sorted(set(rng.choice(QUERIES, 2, p=shares / shares.sum()).tolist())) for _ in range(COUNT)]


def write_matched(folder: Path, queries: list[list[int]]) -> Path:
    schema = PAIRS.append(pa.field("queries", pa.list_(pa.int32())))
    stage = Stage("match", folder, {})

    def write(start: int) -> None:
        rows: list[dict[str, Any]] = [
            {"key": str(n), "captions": ["x"], "offset": 0, "size": -1, "source": "", "queries": queries[n]}
            for n in range(start, min(start + 3_500, len(queries)))
        ]
        counted = Counted(len(rows), len(rows))
        write_part(folder / f"{start:06}.parquet", pa.Table.from_pylist(rows, schema=schema), counted)

    stage.run(range(0, len(queries), 3_500), write, [], Workers())
    return folder


def read(folder: Path) -> dict[int, list[int]]:
    rows = (row for part in list_parts(folder) for row in pa.parquet.read_table(part).to_pylist())
    return {int(row["key"]): row["queries"] for row in rows}


@pytest.mark.parametrize("per_query", [20, 300])
def test_each_query_draws_exactly_as_many_as_it_may(matched: Path, tmp_path: Path, per_query: int) -> None:
    counted = balance(matched, tmp_path / "out", Balance(per_query))
    everything, kept = read(matched), read(tmp_path / "out")
    drawn = draws(0, 0, COUNT)
    expected: set[int] = set()
    for query in range(QUERIES):
        having = [pair for pair, queries in everything.items() if query in queries]
        expected |= set(sorted(having, key=lambda pair: drawn[pair])[:per_query])
    assert set(kept) == expected and counted.kept == len(expected) < COUNT
    assert counted.skipped.total == COUNT - counted.kept
    counts = np.load(tmp_path / "out" / "counts.npy")
    assert counts[0] == sum(0 in queries for queries in everything.values())


def test_where_each_pair_has_one_query_no_query_keeps_more_than_it_may(tmp_path: Path) -> None:
    queries = [[n % 3 if n % 7 else 5] for n in range(5_000)]
    balance(write_matched(tmp_path / "in", queries), tmp_path / "out", Balance(100))
    kept = np.bincount([queries[0] for queries in read(tmp_path / "out").values()])
    assert kept.tolist() == [100, 100, 100, 0, 0, 100]


def test_metaclips_form_keeps_each_pair_as_likely_as_its_rarest_query_asks(matched: Path, tmp_path: Path) -> None:
    everything = read(matched)
    counts = np.bincount([query for queries in everything.values() for query in queries])
    chance = np.array([min(1.0, 100 / counts[queries].min()) for queries in everything.values()])
    kept = np.zeros(COUNT)
    for seed in range(20):
        balance(matched, tmp_path / str(seed), Balance(100, "probability", seed))
        kept[list(read(tmp_path / str(seed)))] += 1
    assert abs(kept.sum() / 20 - chance.sum()) < 4 * np.sqrt((chance * (1 - chance)).sum() / 20)
    likely, unlikely = chance > 0.5, chance < 0.1
    assert np.allclose(kept[likely].mean() / 20, chance[likely].mean(), atol=0.05)
    assert np.allclose(kept[unlikely].mean() / 20, chance[unlikely].mean(), atol=0.01)
    assert (kept[chance == 1] == 20).all()


@pytest.mark.parametrize("form", ["cap", "probability"])
def test_a_seed_always_draws_the_same_another_one_others(matched: Path, tmp_path: Path, form: Any) -> None:
    first, again, other = (
        set(read(tmp_path / name)) if balance(matched, tmp_path / name, Balance(50, form, seed)) else set()
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    assert first == again != other


def test_draws_are_uniform_and_do_not_depend_on_where_they_begin() -> None:
    drawn = draws(3, 0, 100_000)
    assert np.array_equal(drawn[700:900], draws(3, 700, 200))
    assert np.histogram(drawn, 10, (0, 1))[0].min() > 9_700 and abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.01
