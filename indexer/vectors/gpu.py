"""Exact search on a GPU, where FAISS was built for one and finds it."""

import faiss
import numpy as np

from indexer.vectors.base import Ids, Vectors
from indexer.vectors.choice import Kind
from indexer.vectors.half import AnyCodes, chunks, flat

_MOST = 2_048  # results that FAISS gives from a GPU


def gpu_found() -> bool:
    """Whether there is one to use."""
    return bool(faiss.get_num_gpus()) if hasattr(faiss, "StandardGpuResources") else False


class GpuScan:
    """Scores every row on the first GPU, in half precision; a search for more than 2,048 gives that many."""

    kind = Kind.GPU

    def __init__(self, codes: AnyCodes) -> None:
        self._resources = faiss.StandardGpuResources()
        config = faiss.GpuIndexFlatConfig()
        config.useFloat16 = True
        dim = codes.shape[1]
        self._index = faiss.GpuIndexFlatIP(self._resources, dim, config)
        for part in chunks(len(codes)):
            self._index.add(flat(dim).sa_decode(np.ascontiguousarray(codes[part]).view(np.uint8)))

    def candidates(self, query: Vectors, count: int) -> Ids:
        return self._index.search(query[None], min(count, _MOST, self._index.ntotal))[1][0]
