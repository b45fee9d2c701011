"""Finds the rows that may be among the best, fast; the caller scores them exactly.

A compressed scan orders rows by an estimate. How far down that order the true best lie is measured on this very index
with queries unlike its vectors (`measure`): texts lie far from all photos, and what works for neighbours of the data
itself loses them.
"""

import logging
import threading
from dataclasses import dataclass
from typing import Any, Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

from indexer.vectors.base import Ids, Vectors
from indexer.vectors.beside import start, step
from indexer.vectors.choice import Kind
from indexer.vectors.half import AnyCodes, best_of_all, chunks, flat
from indexer.vectors.rough import Rough

log = logging.getLogger(__name__)

RECALL = 0.99  # recall@10 against exact search that is kept at every size
_AIM = 0.995  # what the measured queries shall reach, so that others reach RECALL
_AIMS = {10: _AIM, 100: RECALL}  # by k, what they must
_IN_MEMORY = 256 << 20  # bytes of codes of which an exact scan has copies in memory, half as large
_A_FEW = 5  # searches; what a command asks, and a server for its first page
_FURTHEST = (4_096, 32_768)  # candidates to be asked for; to sort more costs as much as to score all
_MOST_LISTS = 2_048  # of an IVF; assigning rows to more takes longer than it saves
_TRAINING_ROWS = 64  # a list (FAISS asks for at least 39)


@dataclass(frozen=True)
class Reach:
    """How many candidates hold the best 10 and the best 100, as measured, and the recall@10 that this gave."""

    at_10: int
    at_100: int
    recall: float
    queries: int

    def candidates(self, k: int) -> int:
        """How many to score exactly for the best k: a power of k through both measured depths."""
        exponent = np.log10(self.at_100 / self.at_10)
        return max(self.at_10, 2 * k, int(np.ceil(self.at_10 * (k / 10) ** exponent)))


class Scan(Protocol):
    """A way to find candidates by an estimate."""

    @property
    def kind(self) -> Kind: ...

    def candidates(self, query: Vectors, count: int) -> Ids:
        """Up to `count` rows for a query (dim,), likeliest first."""
        ...


class ExactScan:
    """Every row is scored: roughly first, in memory, where they are few or shall be; else as they are read."""

    kind = Kind.EXACT

    def __init__(self, codes: AnyCodes, in_memory: bool = False) -> None:
        self._codes = codes
        self._in_memory = len(codes) > 0 and (in_memory or codes.nbytes <= _IN_MEMORY)
        self._asked = 0
        self._making: threading.Thread | None = None
        self._rough: Rough | None = None

    def rough(self) -> Rough | None:
        """What finds candidates; None where that shall not lie in memory, and until it is made.

        It takes as long to make as thirty searches of the codes themselves: it is made beside them, and for those that
        ask more than a few times.
        """
        self._asked += 1
        if self._in_memory and self._asked > _A_FEW and self._making is None:
            self._making = start("8-bit vectors", self._make)
        return self._rough

    def _make(self) -> None:
        try:
            self._rough = Rough(self._codes)
        except OSError as error:  # as the next search will find
            log.warning("the vectors cannot be read: %s", error.strerror)


class CompressedScan:
    """One-bit codes in memory, scanned by FAISS."""

    def __init__(self, index: "faiss.Index", kind: Kind) -> None:
        self._index, self.kind = index, kind

    def candidates(self, query: Vectors, count: int) -> Ids:
        rows = self._index.search(query[None], min(count, self._index.ntotal))[1][0]
        return rows[rows >= 0]

    def visit(self, lists: int) -> None:
        """Sets how many lists of an IVF are scanned."""
        faiss.extract_index_ivf(self._index).nprobe = lists

    def to_bytes(self) -> memoryview:
        """What `from_bytes` reads; safe to read only when it is known to be ours."""
        content: NDArray[np.uint8] = faiss.serialize_index(self._index)
        return content.data

    @classmethod
    def from_bytes(cls, content: memoryview, kind: Kind) -> "CompressedScan":
        return cls(faiss.deserialize_index(np.frombuffer(content, np.uint8)), kind)


def compress(codes: AnyCodes, kind: Kind) -> CompressedScan:
    """Trains and fills a compressed scan of `codes` (n, dim).

    A random rotation comes first, as RaBitQ's error bound supposes: encoders have dimensions of their own size.
    """
    dim = codes.shape[1]
    rotation = faiss.RandomRotationMatrix(dim, dim)
    rotation.init(0)
    index = faiss.IndexPreTransform(rotation, _bits(len(codes), dim, kind))
    lists = getattr(faiss.downcast_index(index.index), "nlist", 0)
    sample = np.random.default_rng(0).permutation(len(codes))[: max(20_000, _TRAINING_ROWS * lists)]
    decode = flat(dim)
    index.train(decode.sa_decode(codes[np.sort(sample)].view(np.uint8)))
    for part in chunks(len(codes)):
        index.add(decode.sa_decode(np.ascontiguousarray(codes[part]).view(np.uint8)))
    return CompressedScan(index, kind)


def _bits(count: int, dim: int, kind: Kind) -> "faiss.Index":
    if kind is Kind.RABITQ:
        return faiss.IndexRaBitQFastScan(dim, faiss.METRIC_INNER_PRODUCT)
    lists = max(1, min(int(count**0.5 / 2), count // 40, _MOST_LISTS))
    quantizer: Any = faiss.IndexFlatIP(dim)
    index = faiss.IndexIVFRaBitQFastScan(quantizer, dim, lists, faiss.METRIC_INNER_PRODUCT)
    index.own_fields = True
    quantizer.this.disown()  # the index frees it
    index.cp.niter, index.cp.seed = 8, 0
    return index


def measure(codes: AnyCodes, scan: CompressedScan, queries: Vectors) -> Reach | None:
    """How far a scan must reach for `queries` (q, dim) to find their true best; None when it cannot get there.

    An IVF is first set to the fewest lists that hold them.
    """
    depth = min(max(_AIMS), len(codes))
    truth = best_of_all(codes, queries, depth)
    for furthest in _FURTHEST:
        for lists in _list_counts(scan):
            if lists:
                scan.visit(lists)
            step()
            ranks = np.stack([_ranks(scan, query, best, furthest) for query, best in zip(queries, truth, strict=True)])
            if all((ranks[:, :k] < furthest).mean() >= aim for k, aim in _AIMS.items()):
                return _reach(ranks, furthest)
    return None


def _list_counts(scan: CompressedScan) -> list[int]:
    if scan.kind is not Kind.IVF:
        return [0]
    total = faiss.extract_index_ivf(scan._index).nlist
    return [max(1, total * part // 32) for part in (1, 2, 3, 4, 6, 8, 10, 12, 16, 24, 32)]


def _ranks(scan: CompressedScan, query: Vectors, best: Ids, furthest: int) -> Ids:
    """The place of each of the `best` rows in the scan's order; `furthest` for those behind it."""
    found = scan.candidates(query, furthest)
    order = np.argsort(found)
    at = np.minimum(np.searchsorted(found, best, sorter=order), len(found) - 1)
    places = order[at]
    return np.where(found[places] == best, places, furthest)


def _reach(ranks: Ids, furthest: int) -> Reach:
    counts = []
    for depth in _AIMS:
        placed = np.sort(ranks[:, :depth], axis=None)
        needed = placed[min(int(np.ceil(_AIM * placed.size)), placed.size) - 1] + 1
        counts.append(max(min(int(needed), furthest), depth))
    at_10, at_100 = counts[0], max(counts)
    return Reach(at_10, at_100, float((ranks[:, :10] < at_10).mean()), len(ranks))
