"""Relevance: how probably a photo answers a query, in 0..1, where a cosine alone says little.

A score is judged against what does not match. A text's score on a photo stands against what everyday words at large
score on that photo: 0.3 is much where no word fits, and little on a cat's portrait, which scores high for all animals.
A photo's score stands against what it scores on photos at large, since no words are asked. How many standard deviations
it lies above them becomes a probability by logistic regression (Platt scaling); `bench/relevance.py` fits the constants
on labelled pictures, and measures them on others.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.background import Spread
from app.logistic import constants_of, sigmoid
from app.vocabularies import encoded_once, shipped
from indexer.library import Library
from indexer.vectors.base import Vectors

CONSTANTS = Path(__file__).resolve().parents[1] / "data" / "relevance.json"
TAGS_AT_LARGE = 250
TEMPLATES = ("a photo of {}",)

Relevances = NDArray[np.float32]


@dataclass(frozen=True)
class Logistic:
    """probability = sigmoid(slope * deviations + intercept); a match from `cut` on."""

    slope: float
    intercept: float
    cut: float

    def __call__(self, deviations: Vectors) -> Relevances:
        return sigmoid(self.slope * deviations + self.intercept)


@dataclass(frozen=True)
class Calibration:
    """The constants of one encoder; `measured` is False where they are another's, for want of its own."""

    text: Logistic
    photo: Logistic
    measured: bool


def calibration(fingerprint: str) -> Calibration:
    """The constants that hold for an encoder."""
    constants, measured = constants_of(CONSTANTS, fingerprint)
    return Calibration(Logistic(**constants["text"]), Logistic(**constants["photo"]), measured)


class Relevance:
    """Judges scores over one library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    @cached_property
    def calibration(self) -> Calibration:
        return calibration(self._library.encoder.fingerprint)

    @cached_property
    def _tags(self) -> Vectors:
        return encoded_once(self._library, at_large(), TEMPLATES)

    def warm_up(self) -> None:
        """Reads the words at large, which takes a second once."""
        _ = self._tags

    @cached_property
    def _middle(self) -> Vectors:
        middle: Vectors = self._tags.mean(axis=0)
        return middle

    def aim(self, text: Vectors) -> Vectors:
        """Where to look for photos of a text's vector (dim,), unit length.

        Its cosines are in the order of by how much the text scores more on a photo than words at large do. Photos
        that are unlike all photos that an encoder was made of score high for every text, and would take all places.
        """
        aim = text - self._middle
        result: Vectors = (aim / max(float(np.linalg.norm(aim)), 1e-6)).astype(np.float32)
        return result

    def above(self, scores: Vectors, photos: Vectors) -> Vectors:
        """By how much scores (n,) on photos (n, dim) exceed what words at large score on them, on average."""
        result: Vectors = scores - photos @ self._middle
        return result

    def cut(self, words: bool) -> float:
        """The relevance from which on a photo matches a query of words, or one with photos in it."""
        return (self.calibration.text if words else self.calibration.photo).cut

    def of_text(self, scores: Vectors, photos: Vectors) -> Relevances:
        """Of (n,) scores of a text on photos (n, dim)."""
        return self.calibration.text(above_words_at_large(scores, photos, self._tags))

    def of_photo(self, scores: Vectors, spread: Spread) -> Relevances:
        """Of (n,) scores of a photo, or of text and photos together, that lie so on photos at large."""
        return self.calibration.photo((scores - spread.middle) / spread.deviation)


def at_large() -> list[str]:
    """Everyday words from all over the vocabulary."""
    tags = shipped()
    return tags[:: max(1, len(tags) // TAGS_AT_LARGE)][:TAGS_AT_LARGE]


def above_words_at_large(scores: Vectors, photos: Vectors, tags: Vectors) -> Vectors:
    """By how many standard deviations scores (n,) on photos (n, dim) exceed those of tags (m, dim) on them."""
    others = photos @ tags.T  # (n, m)
    middle = others.mean(axis=1)
    others -= middle[:, None]
    deviation = np.sqrt(np.einsum("nm,nm->n", others, others) / len(tags))  # as `std`, in a third of the time
    result: Vectors = (scores - middle) / np.maximum(deviation, 1e-6)
    return result
