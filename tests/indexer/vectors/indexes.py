"""Every implementation of VectorIndex, made alike for the tests that all must pass."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from indexer.vectors.base import Ids, VectorIndex, Vectors
from indexer.vectors.choice import Plan
from indexer.vectors.faiss_index import FaissIndex
from indexer.vectors.qdrant_index import QdrantIndex, connect
from indexer.vectors.snapshot import Owner, open_snapshot

DIM = 32
OWNER = Owner("catalog", "encoder", DIM)


def unit(count: int, seed: int = 0, dim: int = DIM) -> Vectors:
    """Random unit vectors (count, dim) that half precision holds exactly, as the catalog's do."""
    vectors = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16).astype(np.float32)


def queries() -> Vectors:
    return unit(60, seed=99)


def compact(index: FaissIndex, path: Path, revision: int = 1) -> None:
    """What the follower does beside the searches, done at once."""
    snapshot = index.begin_compaction().write(path, OWNER, revision, queries)
    assert snapshot is not None
    index.adopt(snapshot)


def open_index(path: Path, plan: Plan) -> FaissIndex:
    return FaissIndex(DIM, plan, open_snapshot(path, OWNER))


def faiss_fresh(folder: Path, ids: Ids, vectors: Vectors) -> VectorIndex:
    index = FaissIndex(DIM)
    index.add(ids, vectors)
    return index


_written: dict[str, Path] = {}  # snapshots take longer to make than to open: made once, for the same ids and vectors


def faiss_compacted(kind: str) -> Callable[[Path, Ids, Vectors], VectorIndex]:
    def make(folder: Path, ids: Ids, vectors: Vectors) -> VectorIndex:
        if kind not in _written:
            index = FaissIndex(DIM, Plan(kind))
            index.add(ids[::2], vectors[::2])
            compact(index, folder / "x.vectors")
            index.add(ids[1::2], vectors[1::2])
            compact(index, folder / "x.vectors")
            _written[kind] = folder / "x.vectors"
        opened = open_index(_written[kind], Plan(kind))
        assert opened.kind == kind
        assert len(opened) == len(ids)
        return opened

    return make


def qdrant_local(folder: Path, ids: Ids, vectors: Vectors) -> VectorIndex:
    index = QdrantIndex(connect(":memory:"), "contract", DIM)
    index.add(ids, vectors)
    return index


IMPLEMENTATIONS = {
    "faiss, fresh": faiss_fresh,
    "faiss, exact snapshot": faiss_compacted("exact"),
    "faiss, rabitq": faiss_compacted("rabitq"),
    "faiss, ivf": faiss_compacted("ivf"),
    "qdrant, local": qdrant_local,
}
