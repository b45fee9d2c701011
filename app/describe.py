"""Image -> text: which of some captions, or of a vocabulary's tags, say best what is in a photo."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.errors import NotFoundError, QueryError
from app.vocabularies import DEFAULT_VOCABULARY, encoded_once, read_lines, read_vocabularies
from clipcore.zeroshot import DEFAULT_TEMPLATES, probabilities
from indexer.library import Library
from indexer.vectors.base import Vectors

MAX_CAPTIONS = 10_000


@dataclass(frozen=True)
class Description:
    """A text, how probable it is among all that were offered, and its cosine to the photo."""

    text: str
    probability: float
    score: float


class Describe:
    """Describes photos over one library. A vocabulary is encoded once and kept on disk."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._vectors: dict[str, Vectors] = {}

    @cached_property
    def vocabularies(self) -> dict[str, list[str]]:
        """Tags by vocabulary."""
        return read_vocabularies(self._library)

    def by_vocabulary(self, photo: Vectors, name: str = DEFAULT_VOCABULARY, k: int = 10) -> list[Description]:
        """The k likeliest tags of a vocabulary for a photo's vector (dim,), likeliest first.

        Raises:
            NotFoundError: no such vocabulary.
        """
        tags = self.vocabularies.get(name)
        if tags is None:
            raise NotFoundError(f"no vocabulary {name!r}: expected one of {', '.join(self.vocabularies)}")
        if name not in self._vectors:
            self._vectors[name] = encoded_once(self._library, tags, DEFAULT_TEMPLATES)
        return self._ranked(photo, tags, self._vectors[name], k)

    def by_captions(self, photo: Vectors, captions: Sequence[str], k: int = 10) -> list[Description]:
        """The k likeliest of the captions given, likeliest first.

        Raises:
            QueryError: there are none, or too many.
        """
        captions = read_lines("\n".join(captions))
        if not captions or len(captions) > MAX_CAPTIONS:
            raise QueryError(f"expected 1 to {MAX_CAPTIONS:,} captions, one a line; got {len(captions):,}")
        return self._ranked(photo, captions, self._library.encoder.encode_texts(captions), k)

    def _ranked(self, photo: Vectors, texts: Sequence[str], vectors: Vectors, k: int) -> list[Description]:
        """Zero-shot classification with the texts as classes."""
        scores = vectors @ photo
        (likely,) = probabilities(photo[None], vectors, self._library.encoder.logit_scale)
        best = np.argsort(-scores, kind="stable")[:k]
        return [Description(texts[i], float(likely[i]), float(scores[i])) for i in best]
