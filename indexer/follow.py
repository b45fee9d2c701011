"""Keeps a vector index in step with the catalog, whichever process writes to it.

A content belongs in the index while it has a vector of the encoder and at least one present photo. Every change that
can alter that marks the content with a new revision; the follower asks what is newer than what it has seen.
"""

import logging
import threading
from collections.abc import Sequence

import numpy as np
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from indexer.catalog import Clock, Content, Photo, PhotoState, Vector
from indexer.library import Library
from indexer.store import STORED_DTYPE
from indexer.vectors.base import Ids, Vectors
from indexer.vectors.faiss_index import FaissIndex

log = logging.getLogger(__name__)

_ROWS_AT_A_TIME = 20_000
_WORTH_A_SNAPSHOT = 2_000  # changes; fewer are caught up with faster than a snapshot is written


class FollowedIndex:
    """The search index of one library and encoder. Safe to use from several threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        dim = library.encoder.dim
        self._fingerprint = f"{library.catalog.identity()}-{library.encoder.fingerprint}"
        self._snapshot = library.settings.vectors_folder / f"{library.encoder.fingerprint}.vectors"
        self._index, self._revision = FaissIndex.load(self._snapshot, self._fingerprint, dim) or (FaissIndex(dim), 0)
        if self._revision > library.catalog.revision():  # the catalog was restored from a backup
            self._index, self._revision = FaissIndex(dim), 0

    def search(self, query: Vectors, k: int, allowed: Sequence[int] | None = None) -> tuple[Vectors, Ids]:
        """The k contents best for a query (dim,), as the catalog stands now: scores (cosines) and content ids."""
        with self._lock:
            self._catch_up()
            return self._index.search(query, k, allowed)

    def catch_up(self) -> int:
        """Takes over every change since the last time; gives back how many contents are searchable."""
        with self._lock:
            self._catch_up()
            return len(self._index)

    def _catch_up(self) -> None:
        with self._library.catalog.reading() as session:
            now = session.execute(select(Clock.revision)).scalar_one()
            if now == self._revision:
                return
            changes = self._apply_changes(session)
            self._revision = now
        if changes >= _WORTH_A_SNAPSHOT:
            self._save()

    def _apply_changes(self, session: Session) -> int:
        encoder_id = self._library.encoder_id
        present = exists().where(Photo.content_id == Content.id, Photo.state == PhotoState.PRESENT)
        query = (
            select(Content.id, Vector.data, present)
            .outerjoin(Vector, (Vector.content_id == Content.id) & (Vector.encoder_id == encoder_id))
            .where(Content.revision > self._revision)
        )
        changes = 0
        for rows in session.execute(query).yield_per(_ROWS_AT_A_TIME).partitions():
            changes += len(rows)
            searchable = [(id_, data) for id_, data, is_present in rows if data is not None and is_present]
            self._index.remove(np.array([row[0] for row in rows], np.int64))
            if searchable:
                ids, data = zip(*searchable, strict=True)
                vectors = np.frombuffer(b"".join(data), STORED_DTYPE).reshape(len(ids), -1)
                self._index.add(np.array(ids, np.int64), vectors.astype(np.float32))
        return changes

    def _save(self) -> None:
        try:
            self._index.save(self._snapshot, self._fingerprint, self._revision)
        except OSError as error:  # a snapshot only saves time
            log.warning("cannot write %s: %s", self._snapshot, error.strerror)
