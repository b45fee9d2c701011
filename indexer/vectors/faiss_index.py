"""VectorIndex on FAISS: one large unchanging segment in its snapshot, and what changed since beside it.

Additions go to a small exact index, removals bury rows; both are searched together and merged. When they have become
many, a `Compaction` writes a new snapshot from them: it takes its copy in a moment, builds for as long as it takes
while searches and changes go on, and is then adopted together with what changed meanwhile.
"""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from indexer.vectors.base import Ids, Vectors
from indexer.vectors.choice import Kind, Plan
from indexer.vectors.exact import ExactIndex
from indexer.vectors.gpu import GpuScan, gpu_found
from indexer.vectors.half import AnyCodes, Codes
from indexer.vectors.scan import RECALL, ExactScan, Reach, Scan, compress, measure
from indexer.vectors.segment import Segment
from indexer.vectors.snapshot import Built, Owner, Rows, Snapshot, open_snapshot, write_snapshot

log = logging.getLogger(__name__)

_WORTH_A_SNAPSHOT = 2_000  # changes; fewer are caught up with faster than a snapshot is written
_MOST_RECENT = 50_000  # changes, however large the library
_WORTH_COMPRESSING = 1_000  # vectors; fewer say nothing of recall
_ROWS_AT_A_TIME = 16_384

Queries = Callable[[], Vectors]  # (q, dim) to measure recall with


class FaissIndex:
    """Vectors by id. `indexer.follow` holds a lock around every use; only `Compaction.write` needs none."""

    def __init__(self, dim: int, plan: Plan | None = None, snapshot: Snapshot | None = None) -> None:
        self.dim = dim
        self.plan = plan or Plan()
        self._chosen = snapshot.header.chosen if snapshot else Kind.EXACT
        self._base = _segment(snapshot, self.plan) if snapshot else _empty(dim)
        self._recent = ExactIndex(dim)
        self._touched: list[Ids] | None = None  # ids that changed since a compaction took its copy

    def __len__(self) -> int:
        return len(self._base) + len(self._recent)

    @property
    def kind(self) -> Kind:
        return self._base.kind

    @property
    def reach(self) -> Reach | None:
        """The recall that was measured, and what it takes; None for an exact index."""
        return self._base.reach

    @property
    def changes(self) -> int:
        """How many rows differ from the snapshot."""
        return len(self._recent) + self._base.buried

    @property
    def wants_compaction(self) -> bool:
        """Whether another kind suits better by now, or so much has changed that starting and searching slow down."""
        if self._touched is not None:
            return False
        if self.plan.choose(len(self), self.dim) is not self._chosen:
            return True
        return self.changes >= max(_WORTH_A_SNAPSHOT, min(len(self) // 20, _MOST_RECENT))

    def add(self, ids: Ids, vectors: Vectors) -> None:
        self._bury(ids)
        self._recent.add(ids, vectors)

    def remove(self, ids: Ids) -> None:
        self._bury(ids)
        self._recent.remove(ids)

    def _bury(self, ids: Ids) -> None:
        self._base.bury(ids)
        if self._touched is not None:
            self._touched.append(np.asarray(ids, np.int64))

    def search(self, query: Vectors, k: int, allowed: Sequence[int] | Ids | None = None) -> tuple[Vectors, Ids]:
        if allowed is None:
            return self.search_many(query[None], k)[0]
        faiss.omp_set_num_threads(1)  # of the calling thread; one query at a time is slower on several
        query, among = np.ascontiguousarray(query, np.float32), np.asarray(allowed, np.int64)
        return _merged(self._base.search(query, k, among), self._recent.search(query, k, among), k)

    def search_many(self, queries: Vectors, k: int) -> list[tuple[Vectors, Ids]]:
        """`search` for each of (q, dim) queries, all ids allowed."""
        faiss.omp_set_num_threads(1)
        queries = np.ascontiguousarray(queries, np.float32)
        old = self._base.search_many(queries, k)
        new = [self._recent.search(query, k) for query in queries]
        return [_merged(one, other, k) for one, other in zip(old, new, strict=True)]

    def vectors(self, ids: Ids) -> tuple[Ids, Vectors]:
        """Those of some ids that are there, and their vectors (n, dim), in order."""
        codes = np.empty((len(ids), self.dim), np.float16)
        found = np.zeros(len(ids), bool)
        for part in (self._base, self._recent):
            places, of_places = part.codes_of(ids)
            codes[places], found[places] = of_places, True
        return ids[found], codes[found].astype(np.float32)

    def begin_compaction(self) -> "Compaction":
        """A copy of what is to be compacted; from now on changes are remembered until `adopt`."""
        self._touched = []
        base, recent = self._base, self._recent
        return Compaction(self.plan, base, base.alive.copy(), recent.ids, recent.codes)

    def adopt(self, snapshot: Snapshot) -> None:
        """Takes the snapshot that a compaction wrote for its base, with what changed since that began."""
        touched = np.unique(np.concatenate([np.empty(0, np.int64), *(self._touched or [])]))
        ids, codes = self._recent.ids, self._recent.codes
        kept = np.isin(ids, touched)
        self._base, self._chosen = _segment(snapshot, self.plan), snapshot.header.chosen
        self._base.bury(touched)
        self._recent, self._touched = ExactIndex(self.dim), None
        self._recent.add(ids[kept], codes[kept].astype(np.float32))

    def abandon_compaction(self) -> None:
        """Forgets a compaction that failed; another may begin."""
        self._touched = None


def _merged(one: tuple[Vectors, Ids], other: tuple[Vectors, Ids], k: int) -> tuple[Vectors, Ids]:
    scores, ids = np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])
    best = np.argsort(-scores, kind="stable")[:k]
    return scores[best], ids[best]


def _segment(snapshot: Snapshot, plan: Plan) -> Segment:
    """A snapshot, ready to be searched."""
    codes = snapshot.codes
    scan: Scan | ExactScan
    if snapshot.scan:
        scan = snapshot.scan
    elif snapshot.header.chosen is Kind.GPU and gpu_found():
        scan = GpuScan(codes)
    else:
        stays = snapshot.header.chosen is plan.choose(*codes.shape)  # else one that suits it better is made
        scan = ExactScan(codes, in_memory=stays and codes.nbytes <= plan.memory)
    return Segment(snapshot.ids, codes, scan, snapshot.header.reach)


def _empty(dim: int) -> Segment:
    codes = np.empty((0, dim), np.float16)
    return Segment(np.empty(0, np.int64), codes, ExactScan(codes))


@dataclass(frozen=True)
class Compaction:
    """What an index held at one moment, to be written as a snapshot without holding anyone up."""

    plan: Plan
    base: Segment
    alive: NDArray[np.bool_]
    recent_ids: Ids
    recent_codes: Codes

    def write(self, path: Path, owner: Owner, revision: int, queries: Queries) -> Snapshot | None:
        """Writes the snapshot and opens it. Raises OSError."""
        write_snapshot(path, owner, revision, self._rows(), lambda codes: _build(self.plan, codes, queries))
        return open_snapshot(path, owner)

    def _rows(self) -> Rows:
        """Both parts as one, ids ascending."""
        old_rows = np.flatnonzero(self.alive)
        ids = np.concatenate([self.base.ids[old_rows], self.recent_ids])
        order = np.argsort(ids, kind="stable")
        for start in range(0, len(ids), _ROWS_AT_A_TIME):
            part = order[start : start + _ROWS_AT_A_TIME]
            codes = np.empty((len(part), self.base.codes.shape[1]), np.float16)
            is_old = part < len(old_rows)
            codes[is_old] = self.base.codes[old_rows[part[is_old]]]
            codes[~is_old] = self.recent_codes[part[~is_old] - len(old_rows)]
            yield ids[part], codes


def _build(plan: Plan, codes: AnyCodes, queries: Queries) -> Built:
    """The compressed scan that suits `codes`, measured; none where exact search suits them, or is all that will do."""
    faiss.omp_set_num_threads(max(1, (os.cpu_count() or 1) // 2))  # leaves the rest to searches
    chosen = plan.choose(*codes.shape)
    if chosen in (Kind.EXACT, Kind.GPU) or len(codes) < _WORTH_COMPRESSING:
        return Built(chosen)
    scan = compress(codes, chosen)
    reach = measure(codes, scan, queries())
    if reach is None:
        log.warning("%s codes do not reach a recall of %s on these vectors; searching exactly", chosen, RECALL)
        return Built(chosen)
    found = f"recall@10 {reach.recall:.4f} with {reach.at_10} candidates, over {reach.queries} queries"
    log.info("index of %s vectors: %s, %s", f"{len(codes):,}", chosen, found)
    return Built(chosen, scan, reach)
