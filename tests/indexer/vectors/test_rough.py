"""The best rows are among the rough candidates, and few others are."""

import numpy as np
import pytest

from indexer.vectors.base import Vectors
from indexer.vectors.rough import Rough
from tests.indexer.vectors.indexes import unit

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


def test_rows_of_zeros_and_more_asked_for_than_there_are() -> None:
    codes = np.zeros((5, 8), np.float16)
    codes[2] = 0.25
    everything = np.ones(5, bool)
    assert Rough(codes).candidates(unit(1, dim=8), 99, everything)[0].tolist() == [0, 1, 2, 3, 4]
    assert Rough(codes).candidates(np.ones((1, 8), np.float32), 1, everything)[0].tolist() == [2]
