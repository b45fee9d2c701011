"""Keeps a Qdrant collection in step with the catalog, whichever process on whichever machine writes to either.

The collection holds the revision that it has reached. Taking over a change twice does no harm, an older one after a
newer would: one process at a time takes over, by a lock in the data folder or, across machines, in PostgreSQL.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from filelock import FileLock
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from indexer.catalog import Clock
from indexer.changes import newer_than, read_changes
from indexer.library import Library
from indexer.stored import content_vectors
from indexer.vectors.base import Ids, Vectors
from indexer.vectors.qdrant_index import QdrantIndex, connect

_ADVISORY_LOCK = 0x5167_4C49  # a number that nothing else locks in the catalog's database


class FollowedQdrant:
    """The search index of one library and encoder, in Qdrant. Safe to use from several threads and processes."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        encoder = library.encoder
        name = f"sightline-{library.catalog.identity()}-{encoder.fingerprint}"
        self._index = QdrantIndex(connect(library.settings.vectors), name, encoder.dim)

    def search(self, query: Vectors, k: int, allowed: Sequence[int] | Ids | None = None) -> tuple[Vectors, Ids]:
        """The k contents best for a query (dim,), as the catalog stands now: scores (cosines) and content ids."""
        with self._lock:
            self._catch_up()
            return self._index.search(query, k, allowed)

    def catch_up(self) -> int:
        """Takes over every change since the last time; gives back how many contents are searchable."""
        with self._lock:
            self._catch_up()
            return len(self._index)

    def vectors(self, ids: Ids) -> tuple[Ids, Vectors]:
        """Those of some contents that have a vector, and their vectors (n, dim), in order."""
        found, vectors, _ = content_vectors(self._library, ids)
        return found, vectors

    settle = catch_up
    kind = "qdrant"

    def _catch_up(self) -> None:
        with self._library.catalog.reading() as session:
            if session.execute(select(Clock.revision)).scalar_one() == self._index.revision:
                return
        with self._alone(), self._library.catalog.reading() as session:
            now = session.execute(select(Clock.revision)).scalar_one()
            if self._index.revision > now:  # the catalog was restored from an older copy
                self._index.clear()
            for changes in read_changes(session, self._library.encoder_id, newer_than(self._index.revision)):
                self._index.remove(changes.gone)
                self._index.add(changes.found, changes.codes.astype(np.float32))
            self._index.revision = now

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps other followers of this catalog out."""
        if self._library.catalog.engine.dialect.name == "postgresql":
            with self._library.catalog.reading() as session, _advisory_lock(session):
                yield
            return
        folder = self._library.settings.vectors_folder
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "qdrant.lock"):
            yield


@contextmanager
def _advisory_lock(session: Session) -> Iterator[None]:
    """Held until the session's transaction ends, however it does."""
    session.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
    yield
