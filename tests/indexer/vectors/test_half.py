"""Rows in half precision are scored exactly and fast, however long they are."""

import time

import faiss
import numpy as np
import pytest

from indexer.vectors import half
from indexer.vectors.exact import ExactIndex
from indexer.vectors.half import best_rows
from tests.indexer.vectors.indexes import unit

ROWS = {"all": np.arange(500), "with gaps": np.flatnonzero(np.arange(500) % 7), "one": np.array([499])}


@pytest.mark.parametrize("dim", [1, 20, 32, 388])
@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_the_best_of_some_rows(dim: int, rows: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half, "_ROWS_AT_A_TIME", 64)  # many parts, the last shorter than those before it
    codes, query = unit(500, dim=dim).astype(np.float16), unit(1, seed=1, dim=dim)[0]
    scores, found = best_rows(codes, rows, query, min(100, len(rows)))
    exact = codes[rows].astype(np.float32) @ query
    best = np.argsort(-exact)[: len(found)]
    assert scores == pytest.approx(exact[best], abs=1e-5)
    assert scores == pytest.approx(codes[found].astype(np.float32) @ query, abs=1e-5)
    assert len(set(found.tolist())) == min(100, len(rows))


def test_a_small_index_of_rows_of_any_length_gives_back_what_it_was_given() -> None:
    vectors = unit(50, dim=20)
    index = ExactIndex(20)
    index.add(np.arange(50), vectors)
    index.remove(np.array([3]))
    assert (index.codes == np.delete(vectors, 3, axis=0).astype(np.float16)).all()
    places, codes = index.codes_of(np.array([4, 3, 49]))
    assert places.tolist() == [0, 2]
    assert (codes == vectors[[4, 49]].astype(np.float16)).all()
    scores, ids = index.search(vectors[7], 1)
    assert ids.tolist() == [7]
    assert scores == pytest.approx([1], abs=1e-3)


def test_a_length_that_fills_no_register_costs_little_more() -> None:
    """The starter's 388 dimensions took eight times as long as 384."""

    def seconds(dim: int) -> float:
        codes, query = np.full((16_000, dim), 0.05, np.float16), np.ones(dim, np.float32)
        index = ExactIndex(dim)
        index.add(np.arange(len(codes)), codes.astype(np.float32))
        faiss.omp_set_num_threads(1)
        runs = []
        for _ in range(5):
            start = time.thread_time()
            best_rows(codes, np.arange(len(codes)), query, 10)
            index.search(query, 10)
            runs.append(time.thread_time() - start)
        return min(runs)

    assert seconds(388) < 2 * seconds(384)
