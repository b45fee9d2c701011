"""The best rows are among the rough candidates, and few others are."""

from pathlib import Path

import numpy as np
import pytest

from indexer.vectors import scan as scans
from indexer.vectors.base import Vectors
from indexer.vectors.choice import Kind, Plan
from indexer.vectors.rough import Rough
from indexer.vectors.scan import ExactScan
from indexer.vectors.snapshot import Built, write_snapshot
from tests.indexer.vectors.indexes import OWNER, open_index, unit

COUNT = 6_000


def with_a_wide_dimension() -> Vectors:
    """As published encoders have: one number of every vector is many times as large as the others."""
    vectors = unit(COUNT, seed=5, dim=64)
    vectors[:, 7] = 2 + 0.1 * vectors[:, 7]
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("vectors", [unit(COUNT, dim=64), with_a_wide_dimension()], ids=["alike", "one wide"])
def test_no_row_of_the_best_is_left_out_and_most_others_are(vectors: Vectors) -> None:
    codes = vectors.astype(np.float16)
    rough, queries = Rough(codes), unit(16, seed=1, dim=64)
    eligible = np.random.default_rng(2).random(COUNT) < 0.7
    exact = queries @ codes.astype(np.float32).T
    for k in (1, 50, 700):
        together = rough.candidates(queries, k, eligible)
        for query, scores, rows in zip(queries, exact, together, strict=True):
            best = np.argsort(-np.where(eligible, scores, -2))[:k]
            assert np.isin(best, rows).all()
            assert eligible[rows].all()
            assert len(rows) < 3 * k + 60
            assert rough.candidates(query[None], k, eligible)[0].tolist() == rows.tolist()


def test_a_score_is_within_the_error_that_is_told() -> None:
    codes = with_a_wide_dimension().astype(np.float16)
    queries = unit(8, seed=3, dim=64)
    rough = Rough(codes)
    scores, errors = rough._scores(queries)
    assert (np.abs(scores - queries @ codes.astype(np.float32).T) <= rough._lost + errors[:, None]).all()
    assert rough._lost.max() < 0.02 > 20 * errors.max()


def test_it_is_made_beside_the_searches_and_only_for_more_than_a_few() -> None:
    """The second search waited for it: 12 s over a million photos."""
    scan = ExactScan(unit(100, dim=64).astype(np.float16))
    assert [scan.rough() for _ in range(5)] == [None] * 5
    assert scan._making is None
    scan.rough()
    assert scan._making is not None
    scan._making.join()
    assert scan.rough() is not None


@pytest.mark.parametrize("suits", [True, False], ids=["what suits best", "until what suits is made"])
def test_vectors_that_no_compressed_scan_suits_are_in_memory_in_8_bits(
    suits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scans, "_IN_MEMORY", 0)
    rows = [(np.arange(100), unit(100).astype(np.float16))]
    chosen = Kind.RABITQ if suits else Kind.EXACT
    write_snapshot(tmp_path / "x.vectors", OWNER, 1, rows, lambda codes: Built(chosen))
    index = open_index(tmp_path / "x.vectors", Plan("rabitq"))
    assert index.kind is Kind.EXACT
    for _ in range(6):
        index.search(unit(1)[0], 3)
    assert (index._base.scan._making is not None) is suits


def test_rows_of_zeros_and_more_asked_for_than_there_are() -> None:
    codes = np.zeros((5, 8), np.float16)
    codes[2] = 0.25
    everything = np.ones(5, bool)
    assert Rough(codes).candidates(unit(1, dim=8), 99, everything)[0].tolist() == [0, 1, 2, 3, 4]
    assert Rough(codes).candidates(np.ones((1, 8), np.float32), 1, everything)[0].tolist() == [2]
