"""What every VectorIndex promises, held by each of them against brute force over a plain dictionary."""

from pathlib import Path

import numpy as np
import pytest

from indexer.vectors.base import Ids, VectorIndex, Vectors
from tests.indexer.vectors.indexes import DIM, IMPLEMENTATIONS, unit

COUNT = 2_000
IDS = np.arange(100, 100 + COUNT, dtype=np.int64)


@pytest.fixture(params=list(IMPLEMENTATIONS))
def index(request: pytest.FixtureRequest, tmp_path: Path) -> VectorIndex:
    return IMPLEMENTATIONS[request.param](tmp_path, IDS, unit(COUNT))


def brute_force(ids: Ids, vectors: Vectors, query: Vectors, k: int) -> tuple[Vectors, Ids]:
    scores = vectors @ query
    best = np.argsort(-scores)[:k]
    return scores[best], ids[best]


def recall(index: VectorIndex, ids: Ids, vectors: Vectors, k: int, asked: Vectors) -> float:
    """Recall@k over queries; the scores and the order of what is found are checked on the way."""
    of_id = dict(zip(ids.tolist(), vectors, strict=True))
    hits = 0
    for query in asked:
        scores, found = index.search(query, k)
        assert len(found) == len(set(found.tolist())) == min(k, len(ids))
        assert scores == pytest.approx([of_id[i] @ query for i in found.tolist()], abs=1e-3)
        assert (np.diff(scores) <= 1e-6).all()
        hits += len(np.intersect1d(found, brute_force(ids, vectors, query, k)[1]))
    return hits / (len(asked) * min(k, len(ids)))


@pytest.mark.parametrize("k", [1, 10, 37, 300])
def test_finds_what_brute_force_finds(index: VectorIndex, k: int) -> None:
    assert recall(index, IDS, unit(COUNT), k, unit(40, seed=1)) >= 0.99


def test_gives_all_there_are_when_fewer_than_k(index: VectorIndex) -> None:
    assert sorted(index.search(unit(1)[0], 10 * COUNT)[1].tolist()) == IDS.tolist()
    index.remove(IDS)
    assert len(index) == 0
    assert len(index.search(unit(1)[0], 5)[1]) == 0


@pytest.mark.parametrize("share", [0.0005, 0.001, 0.01, 0.1, 0.5, 0.9, 1.0])
def test_a_filtered_search_gives_the_best_k_allowed(index: VectorIndex, share: float) -> None:
    rng = np.random.default_rng(int(share * 10_000))
    allowed = rng.choice(IDS, max(1, round(share * COUNT)), replace=False)
    vectors = unit(COUNT)[allowed - IDS[0]]
    hits = wanted = 0
    for query in unit(10, seed=2):
        scores, found = index.search(query, 10, allowed.tolist())
        best_scores, best = brute_force(allowed, vectors, query, 10)
        assert len(found) == len(best)
        assert set(found.tolist()) <= set(allowed.tolist())
        assert scores[0] == pytest.approx(best_scores[0], abs=1e-3)
        hits, wanted = hits + len(np.intersect1d(found, best)), wanted + len(best)
    assert hits / wanted >= 0.99


def test_allowed_ids_that_are_unknown_or_none(index: VectorIndex) -> None:
    _, found = index.search(unit(1)[0], 10, allowed=[105, 190, 7, 10**12])
    assert set(found.tolist()) == {105, 190}
    assert len(index.search(unit(1)[0], 10, allowed=[])[1]) == 0


def test_the_worst_are_found_when_only_they_are_allowed(index: VectorIndex) -> None:
    query = unit(1, seed=3)[0]
    worst = IDS[np.argsort(unit(COUNT) @ query)[: COUNT // 2]]
    assert len(np.intersect1d(index.search(query, 10, worst)[1], worst[-10:])) >= 9


def test_adding_an_id_again_replaces_its_vector(index: VectorIndex) -> None:
    new = unit(1, seed=5)
    index.add(np.array([150]), new)
    assert len(index) == COUNT
    scores, found = index.search(new[0], COUNT)
    assert found[0] == 150
    assert (found == 150).sum() == 1


def test_removed_ids_are_not_found_although_they_are_best(index: VectorIndex) -> None:
    query = unit(1, seed=4)[0]
    order = IDS[np.argsort(-(unit(COUNT) @ query))]
    index.remove(np.concatenate([order[:1000], [99_999]]))
    assert len(index) == COUNT - 1000
    found = index.search(query, 10)[1]
    assert len(np.intersect1d(found, order[1000:1010])) >= 9
    assert len(index.search(query, COUNT)[1]) == COUNT - 1000


def test_stays_right_through_many_changes(index: VectorIndex) -> None:
    rng = np.random.default_rng(6)
    held = dict(zip(IDS.tolist(), unit(COUNT), strict=True))
    for step in range(12):
        some = rng.choice(np.arange(100, 2600), 150, replace=False).astype(np.int64)
        if step % 3 == 2:
            index.remove(some)
            for i in some.tolist():
                held.pop(i, None)
        else:
            vectors = unit(150, seed=100 + step)
            index.add(some, vectors)
            held.update(zip(some.tolist(), vectors, strict=True))
        assert len(index) == len(held)
    ids = np.array(sorted(held), np.int64)
    assert recall(index, ids, np.stack([held[i] for i in ids.tolist()]), 10, unit(20, seed=7)) >= 0.99


def test_one_vector_and_none(index: VectorIndex) -> None:
    index.remove(IDS[1:])
    query = unit(1, seed=8)[0]
    scores, found = index.search(query, 3)
    assert found.tolist() == [100]
    assert scores[0] == pytest.approx(unit(COUNT)[0] @ query, abs=1e-3)
    index.add(np.empty(0, np.int64), np.empty((0, DIM), np.float32))
    index.remove(np.empty(0, np.int64))
    assert len(index) == 1
