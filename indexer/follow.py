"""Keeps a vector index in step with the catalog, whichever process writes to it.

A content belongs in the index while it has a vector of the encoder and at least one present photo. Every change that
can alter that marks the content with a new revision; the follower asks what is newer than what it has seen. What it
holds is written as a snapshot now and then, beside the searches, so that the next process starts from there.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from filelock import Timeout
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from indexer.catalog import Clock, Content
from indexer.changes import newer_than, read_changes
from indexer.library import Library
from indexer.together import Together
from indexer.vectors import beside
from indexer.vectors.base import Ids, Vectors
from indexer.vectors.choice import Kind, Plan
from indexer.vectors.faiss_index import Compaction, FaissIndex
from indexer.vectors.gpu import gpu_found
from indexer.vectors.queries import text_like_queries
from indexer.vectors.snapshot import Built, Owner, Snapshot, open_snapshot, read_header, set_aside, write_snapshot

log = logging.getLogger(__name__)

Found = TypeVar("Found")

_READ_ANEW_FROM = 50_000  # changes; where they are most of the library too, it is written to disk as it is read
_RETRY_AFTER = 60  # seconds, when a snapshot could not be written


class Followed(Protocol):
    """An index that is in step with a catalog whenever it is asked."""

    def search(self, query: Vectors, k: int, allowed: Sequence[int] | Ids | None = None) -> tuple[Vectors, Ids]: ...

    def vectors(self, ids: Ids) -> tuple[Ids, Vectors]: ...

    def catch_up(self) -> int: ...

    @property
    def kind(self) -> str: ...

    def settle(self) -> int: ...


def follow(library: Library) -> Followed:
    """The index that the settings name: FAISS in this process, or a Qdrant collection."""
    if library.settings.vectors == "faiss":
        return FollowedIndex(library)
    from indexer.follow_qdrant import FollowedQdrant

    return FollowedQdrant(library)


class FollowedIndex:
    """The search index of one library and encoder. Safe to use from several threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._together = Together(self._search_many)
        self._writing: threading.Thread | None = None
        self._not_before = 0.0
        encoder, settings = library.encoder, library.settings
        self._owner = Owner(library.catalog.identity(), encoder.fingerprint, encoder.dim)
        self._plan = Plan(settings.vector_index, settings.vector_memory, gpu_found())
        self._path = _snapshot_path(library)
        self._index, self._revision = FaissIndex(encoder.dim, self._plan), 0
        self._start_from(open_snapshot(self._path, self._owner))

    def search(self, query: Vectors, k: int, allowed: Sequence[int] | Ids | None = None) -> tuple[Vectors, Ids]:
        """The k contents best for a query (dim,), as the catalog stands now: scores (cosines) and content ids."""
        if allowed is None:
            return self._together((query, k))
        found = self._asked(lambda index: index.search(query, k, allowed))
        self._write_beside()
        return found

    def vectors(self, ids: Ids) -> tuple[Ids, Vectors]:
        """Those of some contents that are searched, and their vectors (n, dim), in order."""
        return self._asked(lambda index: index.vectors(ids), catching_up=False)

    def _search_many(self, asked: Sequence[tuple[Vectors, int]]) -> list[tuple[Vectors, Ids]]:
        queries, most = np.stack([query for query, _ in asked]), max(k for _, k in asked)
        found = self._asked(lambda index: index.search_many(queries, most))
        self._write_beside()
        return [(scores[:k], ids[:k]) for (scores, ids), (_, k) in zip(found, asked, strict=True)]

    def _asked(self, question: Callable[[FaissIndex], Found], catching_up: bool = True) -> Found:
        """The index's answer; from one made anew where the file of this one can be read no more."""
        with self._lock:
            if catching_up:
                self._catch_up()
            try:
                return question(self._index)
            except OSError as error:
                self._begin_anew(f"it cannot be read: {error.strerror}")
                self._catch_up()
                return question(self._index)

    def catch_up(self) -> int:
        """Takes over every change since the last time; gives back how many contents are searchable."""
        with self._lock:
            self._catch_up()
            count = len(self._index)
        self._write_beside()
        return count

    @property
    def kind(self) -> str:
        """Of the index: exact, rabitq, ivf or gpu."""
        return self._index.kind.value

    def settle(self) -> int:
        """The same, and waits until the snapshot on disk is as good as it gets: for the end of a run that indexed."""
        count = self.catch_up()
        if self._writing is not None:
            self._writing.join()
        return count

    def _start_from(self, snapshot: Snapshot | None) -> None:
        if snapshot is None:
            return
        if snapshot.header.revision > self._library.catalog.revision():
            set_aside(self._path, "it is ahead of the catalog, which was restored from an older copy")
            return
        self._index = FaissIndex(self._owner.dim, self._plan, snapshot)
        self._revision = snapshot.header.revision
        if snapshot.is_in_file:
            beside.start("check vectors", self._check, self._index, snapshot)

    def _check(self, index: FaissIndex, snapshot: Snapshot) -> None:
        """Reads a large snapshot through beside the first searches; begins anew from the catalog if it is damaged."""
        try:
            if snapshot.codes_are_whole():
                return
            reason = "its codes are damaged"
        except OSError as error:
            reason = f"it cannot be read: {error.strerror}"
        with self._lock:
            if index is self._index:  # else a search has met the same
                self._begin_anew(reason)

    def _begin_anew(self, reason: str) -> None:
        set_aside(self._path, reason)
        self._index, self._revision = FaissIndex(self._owner.dim, self._plan), 0

    def _catch_up(self) -> None:
        if self._library.catalog.revision() == self._revision:
            return
        with self._library.catalog.reading() as session:
            now = session.execute(select(Clock.revision)).scalar_one()
            pending = session.execute(select(func.count()).where(newer_than(self._revision))).scalar_one()
            if pending >= _READ_ANEW_FROM and pending > len(self._index) and self._read_anew(session, now):
                return
            for changes in read_changes(session, self._library.encoder_id, newer_than(self._revision)):
                self._index.remove(changes.gone)
                if len(changes.found):
                    self._index.add(changes.found, changes.codes.astype(np.float32))
            self._revision = now

    def _read_anew(self, session: Session, now: int) -> bool:
        """Writes a snapshot of the whole library as it is read, and starts from that: nothing large is held in memory.

        It is searched exactly until the index that suits it is built, beside the searches.
        """
        everything = read_changes(session, self._library.encoder_id, Content.id > 0)
        rows = ((part.found, part.codes) for part in everything if len(part.found))
        try:
            write_snapshot(self._path, self._owner, now, rows, lambda codes: Built(Kind.EXACT))
        except OSError as error:
            log.warning("cannot write %s (%s); keeping the vectors in memory", self._path, error)
            return False
        self._start_from(open_snapshot(self._path, self._owner))
        return self._revision == now

    def _write_beside(self) -> None:
        """Starts writing a snapshot where one is due, beside the searches."""
        with self._lock:
            if not self._index.wants_compaction or time.monotonic() < self._not_before:
                return
            compaction = self._index.begin_compaction()
            self._writing = beside.start("write vectors", self._write, self._index, compaction, self._revision)

    def _write(self, index: FaissIndex, compaction: Compaction, revision: int) -> None:
        snapshot = None
        try:
            snapshot = compaction.write(self._path, self._owner, revision, self._queries)
        except Timeout:
            log.info("another process is writing %s", self._path)
        except OSError as error:  # a snapshot only saves time
            log.warning("cannot write %s: %s", self._path, error.strerror)
        with self._lock:
            if snapshot is None or index is not self._index:
                index.abandon_compaction()
                self._not_before = time.monotonic() + _RETRY_AFTER
            else:
                index.adopt(snapshot)

    def _queries(self) -> Vectors:
        return text_like_queries(self._library.encoder)


def describe_vectors(library: Library) -> str:
    """The index that the last snapshot holds, in words; or where else vectors are searched."""
    if library.settings.vectors != "faiss":
        return f"Qdrant at {library.settings.vectors}"
    header = read_header(_snapshot_path(library))
    if header is None:
        return "exact"
    size = f"{header.kind}, {header.count:,} in the snapshot of revision {header.revision:,}"
    if header.reach is None:
        return size
    reach = header.reach
    measured = f"recall@10 {reach.recall:.4f} on {reach.queries} texts when built"
    return f"{size}; {measured}, {reach.at_10:,} candidates re-scored exactly"


def _snapshot_path(library: Library) -> Path:
    return library.settings.vectors_folder / f"{library.encoder.fingerprint}.vectors"
