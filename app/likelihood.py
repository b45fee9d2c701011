"""How probably a tag holds of a photo: not which of 5,000 wins, but for each whether it is so.

A tag's cosine is first freed of what the tag scores on any photo (some texts lie near all pictures), by its mean on
the pictures of `data/check.tar`; then it stands, in standard deviations, against all tags of the broad vocabulary on
the same photo; and a tag that people say often is likelier before one has looked. Logistic regression makes a
probability of both; `bench/describe.py` fits it on captioned and labelled pictures, and measures it on others.
"""

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.logistic import constants_of, sigmoid
from app.vocabularies import DEFAULT_VOCABULARY, SHIPPED, Tag, encoded_once, made_once, read_vocabularies
from clipcore.agreement import check_set
from clipcore.runtimes.base import Vectors
from indexer.library import Library

CONSTANTS = SHIPPED.parent / "describe.json"
TEMPLATES = ("a photo of {}",)

Probabilities = NDArray[np.float32]


@dataclass(frozen=True)
class Constants:
    """logit = deviations * `deviation` + familiarity * `familiar` + `intercept`."""

    deviation: float
    familiar: float
    intercept: float

    @classmethod
    def of(cls, fingerprint: str) -> "Constants":
        """Those that hold for an encoder."""
        return cls(**constants_of(CONSTANTS, fingerprint)[0])


@dataclass(frozen=True)
class Encoded:
    """Tags as one encoder sees them: vectors (n, dim), and what each scores on any photo (n,)."""

    tags: tuple[Tag, ...]
    vectors: Vectors
    usual: Vectors

    def scores(self, photos: Vectors) -> Vectors:
        """Cosines (photos, n), less what each tag scores anyway."""
        result: Vectors = photos @ self.vectors.T - self.usual
        return result

    @cached_property
    def familiar(self) -> Vectors:
        return np.array([tag.familiar for tag in self.tags], np.float32)


class Likelihood:
    """Judges tags over one library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    @cached_property
    def constants(self) -> Constants:
        return Constants.of(self._library.encoder.fingerprint)

    @cached_property
    def broad(self) -> Encoded:
        """The broad vocabulary, which all tags are judged against."""
        tags = read_vocabularies(self._library)[DEFAULT_VOCABULARY]
        return shipped_vectors(self._library.encoder.fingerprint, tags) or self.encoded(tags)

    def encoded(self, tags: tuple[Tag, ...]) -> Encoded:
        """Tags with their vectors, made once."""
        vectors = encoded_once(self._library, [tag.text for tag in tags], TEMPLATES)
        usual = (self._pictures @ vectors.T).mean(axis=0)
        return Encoded(tags, vectors, usual)

    def probabilities(self, encoded: Encoded, photos: Vectors) -> Probabilities:
        """How probably each tag holds of each photo (photos, dim): (photos, tags)."""
        return self.of_deviations(encoded, self.deviations(encoded, photos))

    def deviations(self, encoded: Encoded, photos: Vectors) -> Vectors:
        """By how many standard deviations each tag exceeds the broad vocabulary's on the same photo."""
        yardstick = self.broad.scores(photos)
        middle, width = yardstick.mean(axis=1, keepdims=True), yardstick.std(axis=1, keepdims=True)
        scores = yardstick if encoded is self.broad else encoded.scores(photos)
        result: Vectors = (scores - middle) / np.maximum(width, 1e-6)
        return result

    def of_deviations(self, encoded: Encoded, deviations: Vectors) -> Probabilities:
        c = self.constants
        return sigmoid(c.deviation * deviations + c.familiar * encoded.familiar + c.intercept)

    @cached_property
    def _pictures(self) -> Vectors:
        """Vectors of the pictures that stand for any photo."""
        if (shipped := _shipped(self._library.encoder.fingerprint)) is not None:
            return shipped["pictures"].astype(np.float32)
        pictures = check_set()[0]
        return made_once(
            self._library, "pictures", [], len(pictures), lambda: self._library.encoder.encode_images(pictures)
        )


def key_of(tags: tuple[Tag, ...]) -> str:
    """What tells a vocabulary's tags, in prompts, from others."""
    return hashlib.sha256("\n".join([*TEMPLATES, *(tag.text for tag in tags)]).encode()).hexdigest()


def shipped_vectors(fingerprint: str, tags: tuple[Tag, ...]) -> Encoded | None:
    """The broad vocabulary as the embedded encoder sees it, made beforehand (`data/tag_vectors.py`); else None."""
    shipped = _shipped(fingerprint)
    if shipped is None or str(shipped["key"]) != key_of(tags):
        return None
    return Encoded(tags, shipped["codes"] * shipped["scales"][:, None], shipped["usual"])


@cache
def _shipped(fingerprint: str) -> dict[str, NDArray[Any]] | None:
    path = SHIPPED / f"vectors-{fingerprint}.npz"
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)
