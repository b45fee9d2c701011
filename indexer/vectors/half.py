"""Vectors in half precision, as the catalog stores them, scored exactly.

FAISS does the arithmetic: it converts 16 to 32 bits in registers, which numpy does five times slower. The rows may lie
in memory or in a file mapped into it.
"""

from collections.abc import Iterator

import faiss
import numpy as np
from numpy.typing import NDArray

from indexer.vectors.base import Ids, Vectors
from indexer.vectors.beside import step

Codes = NDArray[np.float16]  # (n, dim), unit length

_ROWS_AT_A_TIME = 16_384  # 16 MB at 512 dimensions: a copy that stays in the cache's neighbourhood


def flat(dim: int) -> "faiss.IndexScalarQuantizer":
    """An empty FAISS index of half-precision rows under inner product."""
    return faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)


def flat_of(codes: Codes) -> "faiss.IndexScalarQuantizer":
    """The same with a copy of `codes` in it."""
    index = flat(codes.shape[1])
    index.add_sa_codes(np.ascontiguousarray(codes).view(np.uint8))
    return index


def chunks(count: int) -> Iterator[slice]:
    """Row ranges that cover `count` rows, small enough to copy."""
    for start in range(0, count, _ROWS_AT_A_TIME):
        step()
        yield slice(start, min(start + _ROWS_AT_A_TIME, count))


def best_rows(codes: Codes, rows: Ids | None, query: Vectors, k: int) -> tuple[Vectors, Ids]:
    """The k best of some rows of `codes` (all of them for None) for a query (dim,): scores and rows, best first."""
    best = faiss.ResultHeap(1, k, keep_max=True)
    for part in chunks(len(codes) if rows is None else len(rows)):
        chosen = np.arange(part.start, part.stop) if rows is None else rows[part]
        index = flat_of(codes[part] if rows is None else codes[chosen])
        scores, places = index.search(query[None], min(k, index.ntotal))
        best.add_result(scores, chosen[places])
    best.finalize()
    found = best.I[0] >= 0
    return best.D[0][found], best.I[0][found]


def best_of_all(codes: Codes, queries: Vectors, k: int) -> Ids:
    """The rows of the k best of all `codes` for (q, dim) queries: (q, k), best first. One pass for all queries."""
    best = faiss.ResultHeap(len(queries), k, keep_max=True)
    decode = flat(codes.shape[1])
    for part in chunks(len(codes)):
        vectors = decode.sa_decode(np.ascontiguousarray(codes[part]).view(np.uint8))
        scores, rows = faiss.knn(queries, vectors, min(k, len(vectors)), metric=faiss.METRIC_INNER_PRODUCT)
        best.add_result(scores, rows + part.start)
    best.finalize()
    return best.I
