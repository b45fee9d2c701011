"""A data set as an encoder sees it: vectors of what could be read, and a reason for what could not."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clipcore.encoder import Encoder
from clipcore.errors import EvaluationError, ImageError
from clipcore.evaluation.datasets import DataSet, Example
from clipcore.preprocess import Pixels
from clipcore.progress import Progress
from clipcore.runtimes.base import Features
from clipcore.stream import decode_ahead, encode_each


@dataclass(frozen=True)
class Unreadable:
    """A picture that was left out, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class Encoded:
    """The pictures of a data set that could be read, in its order; the pictures themselves are not kept.

    Attributes:
        vectors: float32 (pictures, dim), L2-normalised; features before the projection where those were asked for.
    """

    data: DataSet
    keys: tuple[str, ...]
    labels: tuple[str, ...]
    captions: tuple[tuple[str, ...], ...]
    vectors: Features
    unreadable: tuple[Unreadable, ...]


def encode_captioned(encoder: Encoder, data: DataSet) -> Encoded:
    """The pictures of `data` that have captions.

    Raises:
        EvaluationError: there are none.
    """
    return _encode(encoder, encoder.encode_pixels, data, lambda example: bool(example.captions), "captioned")


def encode_labelled(encoder: Encoder, data: DataSet, features: bool = False) -> Encoded:
    """The pictures of `data` that have a label; with `features`, as they are before the projection.

    Raises:
        EvaluationError: there are none.
    """
    encode = encoder.pixel_features if features else encoder.encode_pixels
    return _encode(encoder, encode, data, lambda example: bool(example.label), "labelled")


def _encode(
    encoder: Encoder,
    encode: Callable[[Pixels], Features],
    data: DataSet,
    wanted: Callable[[Example], bool],
    kind: str,
) -> Encoded:
    def decode(example: Example) -> Pixels:
        with example.open() as image:
            return encoder.preprocessing(image)

    known: list[tuple[str, str, tuple[str, ...]]] = []
    vectors, unreadable = [], []
    progress = Progress(f"{data}: pictures")
    for example, vector in encode_each(decode_ahead(filter(wanted, data), decode), encode):
        if isinstance(vector, ImageError):
            unreadable.append(Unreadable(example.key, " ".join(str(vector).split())))
        else:
            known.append((example.key, example.label, example.captions))
            vectors.append(vector)
        progress(len(known) + len(unreadable))
    if not known:
        raise EvaluationError(f"{data} has no {kind} pictures" + (" that can be read" if unreadable else ""))
    keys, labels, captions = zip(*known, strict=True)
    return Encoded(data, keys, labels, captions, np.stack(vectors), tuple(unreadable))
