"""Query -> photos, best first. The only place that ranks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, not_

from app.background import Background
from app.filters import allowed_contents, says
from app.photos import PhotoDetails, encode_picture, newest_contents, photos_of_contents, stored_vectors
from app.query import Part, Query
from clipcore.zeroshot import class_vectors
from indexer.follow import follow
from indexer.frames import Moments
from indexer.library import Library
from indexer.vectors.base import Ids, Vectors

MAX_RESULTS = 2_000
PROMPTS = ("{}", "a photo of {}", "a picture of {}")  # in which a text is asked
_POOL = 1_000  # candidates, at least, that are looked at again when something counts against some of them
_SHOWS = 2.0  # standard deviations above the middle from which on a photo is taken to show what it should not


@dataclass(frozen=True)
class Hit:
    """A photo and its cosine to the query; None where nothing is described and filters alone chose."""

    photo: PhotoDetails
    score: float | None
    time_s: float | None = None  # of a video, where it shows that best


@dataclass(frozen=True)
class Results:
    """Hits, best first; how many photos were searched; and how long it took, in milliseconds."""

    hits: list[Hit]
    searched: int
    took_ms: float


class Search:
    """Answers queries over one library, as its catalog stands at that moment."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._index = follow(library)
        self._background = Background(library)

    def warm_up(self) -> int:
        """Loads the text tower and the vectors; gives back how many photos are searchable."""
        self._library.encoder.encode_texts(["a photo"])
        return self._index.catch_up()

    def __call__(self, query: Query, k: int = 20) -> Results:
        """The k best photos for a query, fewer only where fewer meet its filters. Photos in the query are left out.

        Without anything to look for, those that meet the filters, newest first.

        Raises:
            NotFoundError: a photo in the query is not in the library.
            PhotoError: a picture in the query cannot be decoded.
        """
        start = time.perf_counter()
        k = max(1, min(k, MAX_RESULTS))
        searched = self._index.catch_up()
        if query.parts or query.minus:
            scored = self._ranked(query, k, searched)
        else:
            scored = dict.fromkeys(newest_contents(self._library, k, allowed_contents(*_conditions(query))))
        photos = photos_of_contents(self._library, list(scored))
        moments = Moments(self._library, list(photos)) if query.parts else None
        times = moments.best(self._vector(query.parts)[1]) if moments else {}
        hits = [Hit(photos[id_], score, times.get(id_)) for id_, score in scored.items() if id_ in photos]
        return Results(hits[:k], searched, (time.perf_counter() - start) * 1000)

    def _ranked(self, query: Query, k: int, searched: int) -> dict[int, float | None]:
        """Content ids, best first, with their cosines."""
        asked, vector = self._vector(query.parts or query.minus)
        allowed = self._allowed(query)
        if not query.minus:
            scores, ids = self._index.search(vector, k + len(asked), allowed)
        elif query.parts:
            scores, ids = self._index.search(vector, max(_POOL, 5 * k) + len(asked), allowed)
            order = np.argsort(-(scores - self._penalties(query.minus, ids, searched)), kind="stable")
            scores, ids = scores[order], ids[order]
        else:  # nothing is wanted but that something is not there
            scores, ids = self._index.search(-vector, k + len(asked), allowed)
            scores = -scores
        pairs = zip(ids.tolist(), scores.tolist(), strict=True)
        return {content_id: score for content_id, score in pairs if content_id not in asked}

    def _allowed(self, query: Query) -> Sequence[int] | None:
        """The contents that may be found; None when all may."""
        if not (conditions := _conditions(query)):
            return None
        with self._library.catalog.reading() as session:
            return session.scalars(allowed_contents(*conditions)).all()

    def _penalties(self, minus: Sequence[Part], ids: Ids, searched: int) -> Vectors:
        """What counts against each content: by how much it scores higher for a part than a photo without it would.

        Subtracting the part's vector from the query's would move the ranking of all photos, also of those that do not
        show it, towards whatever is least like it. Here nothing changes for them.
        """
        penalties = np.zeros(len(ids), np.float32)
        for part in minus:
            _, vector = self._vector([part])
            scores, found = self._index.search(vector, len(ids), ids.tolist())
            spread = self._background.spread(vector, searched)
            excess = np.maximum(scores - (spread.middle + _SHOWS * spread.deviation), 0)
            penalties += part.weight * np.interp(ids, found[order := np.argsort(found)], excess[order])
        return penalties

    def _vector(self, parts: Sequence[Part]) -> tuple[list[int], Vectors]:
        """The contents asked with, and the parts as one unit vector (dim,): their weighted mean.

        A text is asked in several prompts, as a class is in zero-shot classification (Radford et al., section 3.1.4):
        "a cat" alone lies nearer to a painted bat than "a photo of a cat" does; whole sentences lose nothing by it.
        """
        asked: list[int] = []
        sum_ = np.zeros(self._library.encoder.dim, np.float32)
        for part in parts:
            match part.of:
                case str(text):
                    vector = class_vectors(self._library.encoder, [text], PROMPTS)[0]
                case bytes(picture):
                    vector = encode_picture(self._library, picture)
                case photo_id:
                    contents, vectors = stored_vectors(self._library, [photo_id])
                    asked, vector = asked + contents, vectors[0]
            sum_ += part.weight * vector
        return asked, sum_ / max(float(np.linalg.norm(sum_)), 1e-12)


def _conditions(query: Query) -> list[ColumnElement[bool]]:
    """What a photo must be, and what must be written of it."""
    said = [says(words) for words in query.exact] + [not_(says(words)) for words in query.without]
    return [f.condition() for f in query.filters] + said
