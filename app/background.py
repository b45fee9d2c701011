"""What a query scores on photos at large: the yardstick for its scores on those that may answer it.

Almost no photo of a library answers any one query, so a sample of the library shows what a query scores on those
that do not. Median and median deviation are used, so that the few that do hardly move it.
"""

import threading
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select

from indexer.catalog import Vector
from indexer.library import Library
from indexer.stored import STORED_DTYPE
from indexer.vectors.base import Vectors

SAMPLE = 2_000  # photos: the median deviation is known to 2%
_GROWTH = 1.1  # a library that grew or shrank by this factor is sampled anew
_NORMAL = 1.4826  # median deviation to standard deviation


@dataclass(frozen=True)
class Spread:
    """Where the scores of one query lie on photos at large."""

    middle: float
    deviation: float  # as a standard deviation


class Background:
    """A sample of a library's vectors, kept in memory. Safe to use from several threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._sample: Vectors = np.empty((0, library.encoder.dim), np.float32)
        self._sampled_at = 0  # how many photos the library had

    def spread(self, query: Vectors, searchable: int) -> Spread:
        """How a unit vector (dim,) scores on photos at large, in a library of so many."""
        return spread_of(self.sample(searchable) @ query)

    def sample(self, searchable: int) -> Vectors:
        """At most `SAMPLE` vectors of the library (n, dim), taken again when it has changed much."""
        with self._lock:
            if not self._sampled_at / _GROWTH <= searchable <= self._sampled_at * _GROWTH or not len(self._sample):
                self._sample, self._sampled_at = self._take(), searchable
            return self._sample

    def _take(self) -> Vectors:
        of_encoder = Vector.encoder_id == self._library.encoder_id
        with self._library.catalog.reading() as session:
            ids = np.array(session.scalars(select(Vector.content_id).where(of_encoder)).all(), np.int64)
            chosen = np.random.default_rng(0).permutation(ids)[:SAMPLE].tolist()
            data = session.scalars(select(Vector.data).where(of_encoder, Vector.content_id.in_(chosen))).all()
        vectors = np.frombuffer(b"".join(data), STORED_DTYPE).reshape(-1, self._library.encoder.dim)
        return vectors.astype(np.float32)


def spread_of(scores: Vectors) -> Spread:
    """Where (n,) scores lie, those that match hardly counting."""
    if len(scores) == 0:
        return Spread(0.0, 1.0)
    middle = float(np.median(scores))
    return Spread(middle, max(_NORMAL * float(np.median(np.abs(scores - middle))), 1e-3))
