"""A small exact index that is added to and removed from at will: what is new since the last snapshot."""

from collections.abc import Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

from indexer.vectors.base import Ids, Vectors
from indexer.vectors.half import Codes, flat, pad, padded


class ExactIndex:
    """Exact inner product over half-precision codes in memory. Removing shifts the codes behind: keep it small."""

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._flat = flat(padded(dim))
        self._index = faiss.IndexIDMap(self._flat)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def ids(self) -> Ids:
        """The ids in the order of the codes."""
        return faiss.vector_to_array(self._index.id_map)

    @property
    def codes(self) -> Codes:
        """A copy of the codes (n, dim)."""
        return self._rows(faiss.vector_to_array(self._flat.codes))

    def _rows(self, held: NDArray[np.uint8]) -> Codes:
        return held.view(np.float16).reshape(-1, padded(self.dim))[:, : self.dim]

    def codes_of(self, ids: Ids) -> tuple[Ids, Codes]:
        """Which places of `ids` are of ids that are here, and the codes of those (n, dim)."""
        known = self.ids
        if not len(known):
            return np.empty(0, np.int64), np.empty((0, self.dim), np.float16)
        order = np.argsort(known, kind="stable")
        rows = order[np.minimum(np.searchsorted(known, ids, sorter=order), len(known) - 1)]
        places = np.flatnonzero(known[rows] == ids)
        held = faiss.rev_swig_ptr(self._flat.codes.data(), self._flat.codes.size())  # not copied
        return places, self._rows(held)[rows[places]]

    def add(self, ids: Ids, vectors: Vectors) -> None:
        self.remove(ids)
        self._index.add_with_ids(pad(vectors), np.ascontiguousarray(ids, np.int64))

    def remove(self, ids: Ids) -> None:
        if len(self) and len(ids):
            self._index.remove_ids(faiss.IDSelectorBatch(np.ascontiguousarray(ids, np.int64)))

    def search(self, query: Vectors, k: int, allowed: Sequence[int] | Ids | None = None) -> tuple[Vectors, Ids]:
        k = min(k, len(self))
        if k == 0 or (allowed is not None and not len(allowed)):
            return np.empty(0, np.float32), np.empty(0, np.int64)
        parameters = None
        if allowed is not None:
            selector = faiss.IDSelectorBatch(np.ascontiguousarray(allowed, np.int64))
            parameters = faiss.SearchParameters()
            parameters.sel = selector
        scores, ids = self._index.search(pad(query[None]), k, params=parameters)
        found = ids[0] >= 0
        return scores[0][found], ids[0][found]
