"""VectorIndex on Qdrant, for collections past one machine's memory: a server or cluster by URL, or its local mode.

The collection also holds how far it has followed the catalog, so that any process that opens it goes on from there.
`pip install qdrant-client` (requirements-cluster.txt) brings the client.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from clipcore.batches import batched
from indexer.errors import VectorsError
from indexer.vectors.base import Ids, Vectors

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

_POINTS_A_REQUEST = 1_000
_REVISION = "revision"  # in the collection's metadata


def connect(url: str) -> "QdrantClient":
    """A client for ``http(s)://host:6333``, ``:memory:`` or a folder (local mode).

    Raises:
        VectorsError: the client is not installed.
    """
    try:
        from qdrant_client import QdrantClient
    except ImportError as error:
        raise VectorsError(f"vectors in {url} need the Qdrant client: pip install qdrant-client") from error
    if url == ":memory:":
        return QdrantClient(":memory:")
    if "://" in url:
        return QdrantClient(url=url, timeout=60, check_compatibility=False)
    return QdrantClient(path=url)


class QdrantIndex:
    """One collection: half-precision vectors in a graph, 8-bit copies of them in memory, re-scored.

    Raises:
        VectorsError: (any method) Qdrant does not answer, or refuses.
    """

    def __init__(self, client: "QdrantClient", name: str, dim: int) -> None:
        from qdrant_client import models

        self.dim = dim
        self._client, self._name, self._models = client, name, models
        known = client.init_options
        self._where = known.get("url") or known.get("path") or "memory"
        if not self._ask("collection_exists"):
            self._create()

    def _create(self) -> None:
        m = self._models
        self._ask(
            "create_collection",
            vectors_config=m.VectorParams(
                size=self.dim, distance=m.Distance.DOT, datatype=m.Datatype.FLOAT16, on_disk=True
            ),
            quantization_config=m.ScalarQuantization(
                scalar=m.ScalarQuantizationConfig(type=m.ScalarType.INT8, always_ram=True)
            ),
            hnsw_config=m.HnswConfigDiff(m=32, ef_construct=256),
            metadata={_REVISION: 0},
        )

    def _ask(self, method: str, **arguments: Any) -> Any:
        """Calls the client on this collection; its faults as one line."""
        try:
            return getattr(self._client, method)(collection_name=self._name, **arguments)
        except Exception as error:  # the client raises its transports' errors and its own, with no common base
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise VectorsError(f"Qdrant at {self._where}, collection {self._name}: {reason}") from error

    def __len__(self) -> int:
        return int(self._ask("count", exact=True).count)

    @property
    def revision(self) -> int:
        """How far the collection has followed its catalog."""
        return int((self._ask("get_collection").config.metadata or {}).get(_REVISION, 0))

    @revision.setter
    def revision(self, revision: int) -> None:
        self._ask("update_collection", metadata={_REVISION: revision})

    def clear(self) -> None:
        """Begins anew, with nothing."""
        self._ask("delete_collection")
        self._create()

    def add(self, ids: Ids, vectors: Vectors) -> None:
        for rows in batched(range(len(ids)), _POINTS_A_REQUEST):
            part = slice(rows[0], rows[-1] + 1)
            points = self._models.Batch(ids=ids[part].tolist(), vectors=vectors[part].tolist())
            self._ask("upsert", points=points, wait=True)

    def remove(self, ids: Ids) -> None:
        for some in batched(ids.tolist(), _POINTS_A_REQUEST):
            self._ask("delete", points_selector=self._models.PointIdsList(points=list(some)), wait=True)

    def _how(self, k: int) -> Any:
        """A wide search of the graph, since texts lie far from pictures; local mode scores everything."""
        if "://" not in self._where:
            return None
        quantization = self._models.QuantizationSearchParams(rescore=True, oversampling=3.0)
        return self._models.SearchParams(hnsw_ef=max(512, 4 * k), quantization=quantization)

    def search(self, query: Vectors, k: int, allowed: Sequence[int] | Ids | None = None) -> tuple[Vectors, Ids]:
        m = self._models
        k = min(k, len(self) if allowed is None else len(allowed))
        if k == 0:
            return np.empty(0, np.float32), np.empty(0, np.int64)
        within = None
        if allowed is not None:
            within = m.Filter(must=[m.HasIdCondition(has_id=np.unique(np.asarray(allowed, np.int64)).tolist())])
        points = self._ask(
            "query_points",
            query=np.asarray(query, np.float32).tolist(),
            query_filter=within,
            search_params=self._how(k),
            limit=k,
            with_payload=False,
        ).points
        return np.array([p.score for p in points], np.float32), np.array([p.id for p in points], np.int64)
