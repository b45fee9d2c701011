"""Query -> photos, best first. The only place that ranks."""

import time
from dataclasses import dataclass

import numpy as np

from app.photos import PhotoDetails, encode_picture, photos_of_contents, stored_vectors
from app.query import Query
from clipcore.zeroshot import class_vectors
from indexer.follow import FollowedIndex
from indexer.library import Library
from indexer.vectors.base import Vectors

MAX_RESULTS = 2_000
PROMPTS = ("{}", "a photo of {}", "a picture of {}")  # in which a text is asked


@dataclass(frozen=True)
class Hit:
    """A photo and its cosine to the query."""

    photo: PhotoDetails
    score: float


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
        self._index = FollowedIndex(library)

    def warm_up(self) -> int:
        """Loads the text tower and the vectors; gives back how many photos are searchable."""
        self._library.encoder.encode_texts(["a photo"])
        return self._index.catch_up()

    def __call__(self, query: Query, k: int = 20) -> Results:
        """The k best photos for a query; fewer only where the library has fewer. Photos in the query are left out.

        Raises:
            NotFoundError: a photo in the query is not in the library.
            PhotoError: a picture in the query cannot be decoded.
        """
        start = time.perf_counter()
        k = max(1, min(k, MAX_RESULTS))
        asked, vector = self._vector(query)
        scores, content_ids = self._index.search(vector, k + len(asked))
        photos = photos_of_contents(self._library, content_ids.tolist())
        hits = [
            Hit(photos[content_id], float(score))
            for score, content_id in zip(scores, content_ids.tolist(), strict=True)
            if content_id in photos and content_id not in asked
        ]
        return Results(hits[:k], self._index.catch_up(), (time.perf_counter() - start) * 1000)

    def _vector(self, query: Query) -> tuple[list[int], Vectors]:
        """The contents asked with, and the query as one unit vector (dim,): the mean of its parts.

        A text is asked in several prompts, as a class is in zero-shot classification (Radford et al., section 3.1.4):
        "a cat" alone lies nearer to a painted bat than "a photo of a cat" does; whole sentences lose nothing by it.
        """
        asked: list[int] = []
        parts = [encode_picture(self._library, image)[None] for image in query.images]
        if query.text:
            parts.append(class_vectors(self._library.encoder, [query.text], PROMPTS))
        if query.photos:
            asked, vectors = stored_vectors(self._library, query.photos)
            parts.append(vectors)
        vector = np.concatenate(parts).mean(axis=0)
        return asked, vector / max(float(np.linalg.norm(vector)), 1e-12)
