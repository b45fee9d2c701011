"""Pairs and pictures that are never trained on, decoded once and measured again and again during a run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from clipcore.encoder import Encoder
from clipcore.errors import EvaluationError, ImageError
from clipcore.evaluation.classification import evaluate_classification
from clipcore.evaluation.datasets import DataSet, Example
from clipcore.evaluation.ranks import Indices
from clipcore.evaluation.retrieval import evaluate_retrieval
from clipcore.objectives.contrastive import contrastive_loss
from clipcore.preprocess import Pixels, Preprocessing
from clipcore.runtimes.base import Vectors
from clipcore.stream import decode_ahead
from clipcore.zeroshot import class_vectors

MOST = 5000  # pictures; at 224 pixels they take 750 MB
TOGETHER = 64  # pairs of a held-out loss: one number to compare, whatever the run's batch

Values = dict[str, float]


@dataclass(frozen=True)
class HeldOut:
    """Decoded examples of a data set.

    Attributes:
        pixels: uint8 (pictures, size, size, 3).
    """

    examples: tuple[Example, ...]
    pixels: Pixels

    @classmethod
    def read(
        cls,
        data: DataSet,
        wanted: Callable[[Example], bool],
        preprocessing: Preprocessing,
        say: Callable[[str], None],
    ) -> "HeldOut":
        """The first examples of `data` that are wanted and can be read.

        Raises:
            EvaluationError: there are none.
        """

        def decode(example: Example) -> Pixels:
            with example.open() as image:
                return preprocessing(image)

        found: list[tuple[Example, Pixels]] = []
        for example, pixels in decode_ahead(filter(wanted, data), decode):
            if isinstance(pixels, ImageError):
                say(f"left out of {data}: {example.key}: {' '.join(str(pixels).split())}")
            elif len(found) == MOST:
                say(f"{data}: the first {MOST:,} pictures are measured")
                break
            else:
                found.append((example, pixels))
        if not found:
            raise EvaluationError(f"{data} has no pictures to measure on")
        return cls(tuple(example for example, _ in found), np.stack([pixels for _, pixels in found]))


@dataclass(frozen=True)
class HeldOutPairs:
    """Pictures with captions; each of `owners` says whose a caption is."""

    held_out: HeldOut
    captions: tuple[str, ...]
    owners: Indices

    @classmethod
    def read(cls, data: DataSet, preprocessing: Preprocessing, say: Callable[[str], None]) -> "HeldOutPairs":
        """The captioned pictures of `data`."""
        held_out = HeldOut.read(data, lambda example: bool(example.captions), preprocessing, say)
        captions = tuple(text for example in held_out.examples for text in example.captions)
        owners = np.repeat(np.arange(len(held_out.examples)), [len(e.captions) for e in held_out.examples])
        return cls(held_out, captions, owners)

    def measure(self, encoder: Encoder) -> tuple[Values, NDArray[np.int64]]:
        """Loss and recall; and for each of the first captions shown in a report, the pictures it finds first."""
        images, texts = encoder.encode_pixels(self.held_out.pixels), encoder.encode_texts(self.captions)
        result = evaluate_retrieval(images, texts, self.owners)
        values = {"loss": self._loss(images, texts, encoder.logit_scale)}
        values |= {f"t2i@{k}": value for k, value in result.text_to_image.recall.items()}
        values |= {f"i2t@{k}": value for k, value in result.image_to_text.recall.items()}
        shown = texts[self.shown] @ images.T
        return values, np.argsort(-shown, axis=1, kind="stable")[:, :5]

    @property
    def shown(self) -> Sequence[int]:
        """The captions whose findings a report shows: the first of eight pictures, spread over the set."""
        first = np.searchsorted(self.owners, np.linspace(0, len(self.held_out.examples) - 1, 8).astype(np.int64))
        return [int(number) for number in dict.fromkeys(first.tolist())]

    def _loss(self, images: Vectors, texts: Vectors, scale: float) -> float:
        """The contrastive loss of each picture with its first caption, among `TOGETHER` pairs."""
        first = np.searchsorted(self.owners, np.arange(len(images)))
        rng = np.random.default_rng(0)
        order = rng.permutation(len(images))
        parts = [order[i : i + TOGETHER] for i in range(0, len(order), TOGETHER)]
        whole = [part for part in parts if len(part) == TOGETHER] or parts
        losses = [
            float(contrastive_loss(torch.from_numpy(images[p]), torch.from_numpy(texts[first[p]]), torch.tensor(scale)))
            for p in whole
        ]
        return float(np.mean(losses))


@dataclass(frozen=True)
class HeldOutClasses:
    """Pictures with a class each, told apart by the classes' names."""

    held_out: HeldOut
    names: tuple[str, ...]
    labels: Indices

    @classmethod
    def read(cls, data: DataSet, preprocessing: Preprocessing, say: Callable[[str], None]) -> "HeldOutClasses":
        """The labelled pictures of `data`."""
        held_out = HeldOut.read(data, lambda example: bool(example.label), preprocessing, say)
        labels = [example.label for example in held_out.examples]
        names = sorted(set(labels))
        return cls(held_out, tuple(names), np.array([names.index(label) for label in labels]))

    def measure(self, encoder: Encoder) -> Values:
        """Zero-shot accuracy."""
        classes = class_vectors(encoder, [name.replace("_", " ") for name in self.names])
        result = evaluate_classification(encoder.encode_pixels(self.held_out.pixels), classes, self.labels)
        return {"zero_shot": result.top1}
