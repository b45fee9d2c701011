"""Vectors in half precision, as the catalog stores them, scored exactly.

FAISS does the arithmetic: it converts 16 to 32 bits in registers, which numpy does five times slower. The rows may lie
in memory or in a file. FAISS fills whole registers only where a row's length is a multiple of 16, and is
eight times as slow where it is not: so rows are scored with zeros behind them.
"""

from collections.abc import Iterator

import faiss
import numpy as np

from indexer.vectors.base import Ids, Vectors
from indexer.vectors.beside import step
from indexer.vectors.codes_file import Codes as Codes
from indexer.vectors.codes_file import CodesFile

AnyCodes = Codes | CodesFile

_ROWS_AT_A_TIME = 4_096  # 4 MB at 512 dimensions: a copy that stays in the cache's neighbourhood
_REGISTER = 16  # numbers in the widest


def flat(dim: int) -> "faiss.IndexScalarQuantizer":
    """An empty FAISS index of half-precision rows under inner product."""
    return faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)


def padded(dim: int) -> int:
    """How long rows of `dim` numbers are where they are scored."""
    return -(-dim // _REGISTER) * _REGISTER


def pad(vectors: Vectors) -> Vectors:
    """Vectors (n, dim) in single precision with zeros behind each: (n, padded(dim))."""
    result = np.zeros((len(vectors), padded(vectors.shape[1])), np.float32)
    result[:, : vectors.shape[1]] = vectors
    return result


def chunks(count: int) -> Iterator[slice]:
    """Row ranges that cover `count` rows, small enough to copy."""
    for start in range(0, count, _ROWS_AT_A_TIME):
        step()
        yield slice(start, min(start + _ROWS_AT_A_TIME, count))


def best_rows(codes: AnyCodes, rows: Ids, query: Vectors, k: int) -> tuple[Vectors, Ids]:
    """The k best of some rows of `codes`, which ascend, for a query (dim,): scores and rows, best first."""
    query, best = pad(query[None]), faiss.ResultHeap(1, k, keep_max=True)
    some = _Some(codes.shape[1], min(len(rows), _ROWS_AT_A_TIME))
    for part in chunks(len(rows)):
        chosen = rows[part]
        begin, end = int(chosen[0]), int(chosen[-1]) + 1
        some.codes[: len(chosen)] = codes[begin:end] if end - begin == len(chosen) else codes[chosen]
        scores, places = some.best(len(chosen), query, k)
        best.add_result(scores, chosen[places])
    best.finalize()
    found = best.I[0] >= 0
    return best.D[0][found], best.I[0][found]


class _Some:
    """Room for some rows to be scored, written over with the next ones."""

    def __init__(self, dim: int, most: int) -> None:
        self._index = flat(padded(dim))
        self._index.add_sa_codes(np.zeros((most, self._index.code_size), np.uint8))
        held = faiss.rev_swig_ptr(self._index.codes.data(), self._index.codes.size())
        self.codes: Codes = held.view(np.float16).reshape(most, -1)[:, :dim]  # FAISS's own memory

    def best(self, count: int, query: Vectors, k: int) -> tuple[Vectors, Ids]:
        """The k best of the first `count` rows, fewer where they are fewer, for a padded query (1, padded(dim))."""
        self._index.ntotal = count
        scores, places = self._index.search(query, min(k, count))
        return scores, places


def best_of_all(codes: AnyCodes, queries: Vectors, k: int) -> Ids:
    """The rows of the k best of all `codes` for (q, dim) queries: (q, k), best first. One pass for all queries."""
    best = faiss.ResultHeap(len(queries), k, keep_max=True)
    decode = flat(codes.shape[1])
    for part in chunks(len(codes)):
        vectors = decode.sa_decode(np.ascontiguousarray(codes[part]).view(np.uint8))
        scores, rows = faiss.knn(queries, vectors, min(k, len(vectors)), metric=faiss.METRIC_INNER_PRODUCT)
        best.add_result(scores, rows + part.start)
    best.finalize()
    return best.I
