from pathlib import Path

import numpy as np
import pytest

from indexer.vectors.base import Vectors
from indexer.vectors.faiss_index import FaissIndex

DIM = 32


def unit(count: int, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def index() -> FaissIndex:
    built = FaissIndex(DIM)
    built.add(np.arange(100, 200), unit(100))
    return built


def test_finds_what_brute_force_finds(index: FaissIndex) -> None:
    vectors, query = unit(100), unit(1, seed=1)[0]
    scores, ids = index.search(query, 10)
    wanted = np.argsort(-(vectors @ query))[:10]
    assert ids.tolist() == (100 + wanted).tolist()
    assert scores == pytest.approx(vectors[wanted] @ query, abs=1e-3)


def test_gives_all_there_are_when_fewer_than_k(index: FaissIndex) -> None:
    assert len(index.search(unit(1)[0], 1000)[1]) == 100
    assert len(FaissIndex(DIM).search(unit(1)[0], 5)[1]) == 0


def test_searches_within_the_allowed_ids(index: FaissIndex) -> None:
    _, ids = index.search(unit(1)[0], 10, allowed=[105, 190, 7])
    assert set(ids.tolist()) == {105, 190}
    assert len(index.search(unit(1)[0], 10, allowed=[])[1]) == 0


def test_adding_an_id_again_replaces_its_vector(index: FaissIndex) -> None:
    new = unit(1, seed=5)
    index.add(np.array([150]), new)
    assert len(index) == 100
    assert index.search(new[0], 1)[1].tolist() == [150]


def test_removed_ids_are_not_found(index: FaissIndex) -> None:
    index.remove(np.array([100, 101, 9999]))
    assert len(index) == 98
    assert not {100, 101} & set(index.search(unit(1)[0], 1000)[1].tolist())


def test_a_snapshot_comes_back_as_it_was(index: FaissIndex, tmp_path: Path) -> None:
    index.remove(np.array([120]))
    index.save(tmp_path / "x.vectors", "encoder", 7)
    loaded = FaissIndex.load(tmp_path / "x.vectors", "encoder", DIM)
    assert loaded is not None
    again, revision = loaded
    assert revision == 7
    query = unit(1, seed=3)[0]
    assert again.search(query, 50)[1].tolist() == index.search(query, 50)[1].tolist()
    again.add(np.array([500]), unit(1, seed=9))
    again.remove(np.array([100]))
    assert len(again) == 99


@pytest.mark.parametrize("fault", ["absent", "empty", "cut", "flipped", "other encoder", "other dim", "not ours"])
def test_a_snapshot_that_is_not_whole_and_ours_is_not_used(index: FaissIndex, tmp_path: Path, fault: str) -> None:
    path = tmp_path / "x.vectors"
    index.save(path, "encoder", 7)
    content = path.read_bytes()
    if fault == "absent":
        path.unlink()
    elif fault == "empty":
        path.write_bytes(b"")
    elif fault == "cut":
        path.write_bytes(content[:-10])
    elif fault == "flipped":
        path.write_bytes(content[:-10] + bytes([content[-10] ^ 1]) + content[-9:])
    elif fault == "not ours":
        path.write_bytes(b"\0" * 5000)
    fingerprint = "another" if fault == "other encoder" else "encoder"
    assert FaissIndex.load(path, fingerprint, 16 if fault == "other dim" else DIM) is None
