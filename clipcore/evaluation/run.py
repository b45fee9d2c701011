"""An encoder against data sets: read, encode, measure.

Each measurement keeps what charts and the page of mistakes are made from; `values` is what programs read, plain and
ready for JSON.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clipcore.encoder import Encoder
from clipcore.errors import EvaluationError
from clipcore.evaluation.classification import Classification, evaluate_classification
from clipcore.evaluation.datasets import DataSet
from clipcore.evaluation.encoded import Encoded, Unreadable, encode_captioned, encode_labelled
from clipcore.evaluation.linear_probe import Labelled, LinearProbe, evaluate_linear_probe
from clipcore.evaluation.ranks import Indices
from clipcore.evaluation.retrieval import Direction, Retrieval, evaluate_retrieval
from clipcore.progress import Progress
from clipcore.prompts import read_class_names, read_descriptions
from clipcore.runtimes.base import Vectors
from clipcore.zeroshot import DEFAULT_TEMPLATES, class_vectors

Values = dict[str, Any]


@dataclass(frozen=True)
class RetrievalRun:
    """Captioned pictures, their captions (each `owners` says whose), and how they found each other."""

    images: Encoded
    captions: tuple[str, ...]
    texts: Vectors
    owners: Indices
    result: Retrieval

    @property
    def values(self) -> Values:
        return {
            "data": str(self.images.data),
            "images": self.result.images,
            "texts": self.result.texts,
            "unreadable": len(self.images.unreadable),
            "text_to_image": _direction_values(self.result.text_to_image),
            "image_to_text": _direction_values(self.result.image_to_text),
        }

    @property
    def unreadable(self) -> tuple[Unreadable, ...]:
        return self.images.unreadable


@dataclass(frozen=True)
class ClassificationRun:
    """Labelled pictures, the classes they were told apart into, and how that went."""

    images: Encoded
    names: tuple[str, ...]
    templates: tuple[str, ...]
    classes: Vectors
    labels: Indices
    logit_scale: float
    result: Classification
    described: int = 0  # classes that were asked with descriptions too

    @property
    def values(self) -> Values:
        return {
            "data": str(self.images.data),
            "templates": len(self.templates),
            **({"described": self.described} if self.described else {}),
            **_classification_values(self.result),
            "unreadable": len(self.images.unreadable),
        }

    @property
    def unreadable(self) -> tuple[Unreadable, ...]:
        return self.images.unreadable


@dataclass(frozen=True)
class ProbeRun:
    """A linear probe and what it was given: features before the projection, or vectors where there are no others."""

    data: tuple[DataSet, ...]
    result: LinearProbe
    seen: str
    unreadable: tuple[Unreadable, ...]

    @property
    def values(self) -> Values:
        return {
            "data": " ".join(map(str, self.data)),
            "features": self.seen,
            **_classification_values(self.result.test),
            "unreadable": len(self.unreadable),
            "C": self.result.c,
            "validation_top1": max(self.result.sweep.values()),
            "converged": self.result.converged,
        }


def run_retrieval(encoder: Encoder, data: DataSet) -> RetrievalRun:
    """Text-to-image and image-to-text over the captioned pictures of `data`.

    Raises:
        EvaluationError: it has none.
    """
    images = encode_captioned(encoder, data)
    captions = tuple(text for texts in images.captions for text in texts)
    owners = np.repeat(np.arange(len(images.keys)), [len(texts) for texts in images.captions])
    texts = encoder.encode_texts(captions)
    return RetrievalRun(images, captions, texts, owners, evaluate_retrieval(images.vectors, texts, owners))


def run_classification(
    encoder: Encoder,
    data: DataSet,
    templates: Sequence[str] = DEFAULT_TEMPLATES,
    class_names: Path | None = None,
    descriptions: Path | None = None,
) -> ClassificationRun:
    """Zero-shot classification of the labelled pictures of `data` among all labels it has.

    Raises:
        EvaluationError: it has none.
        PromptError: `class_names` does not name all of its classes, or `descriptions` are of none.
    """
    images = encode_labelled(encoder, data)
    folders = sorted(set(images.labels))
    names = read_class_names(class_names, folders) if class_names is not None else tuple(map(_spoken, folders))
    labels = _numbered(images, folders)
    further = read_descriptions(descriptions, folders) if descriptions is not None else None
    classes = class_vectors(encoder, names, templates, Progress("classes", len(names)), further)
    result = evaluate_classification(images.vectors, classes, labels)
    described = sum(map(bool, further or ()))
    return ClassificationRun(images, names, tuple(templates), classes, labels, encoder.logit_scale, result, described)


def run_linear_probe(encoder: Encoder, train: DataSet, test: DataSet, validation: DataSet | None = None) -> ProbeRun:
    """The paper's linear probe; on vectors where the encoder's runtime does not give features before the projection.

    Raises:
        EvaluationError: a part has no labelled pictures, or classes that `train` does not have.
    """
    parts = [encode_labelled(encoder, data, encoder.gives_features) for data in (train, test, validation) if data]
    classes = sorted(set(parts[0].labels))
    train_part, test_part, *validation_part = (Labelled(part.vectors, _numbered(part, classes)) for part in parts)
    progress = Progress("fits")
    result = evaluate_linear_probe(
        train_part, test_part, len(classes), validation_part[0] if validation_part else None, progress
    )
    seen = "before the projection" if encoder.gives_features else "embeddings"
    return ProbeRun(
        tuple(part.data for part in parts), result, seen, tuple(lost for part in parts for lost in part.unreadable)
    )


def _numbered(images: Encoded, classes: Sequence[str]) -> Indices:
    numbers = {name: i for i, name in enumerate(classes)}
    unknown = sorted(set(images.labels) - set(numbers))
    if unknown:
        raise EvaluationError(
            f"{images.data} has classes that the training pictures do not have: {', '.join(unknown[:5])}"
        )
    return np.array([numbers[label] for label in images.labels], dtype=np.int64)


def _spoken(folder: str) -> str:
    """A folder's name as words."""
    return " ".join(folder.replace("_", " ").replace("-", " ").split()) or folder


def _direction_values(direction: Direction) -> Values:
    return {f"recall@{k}": value for k, value in direction.recall.items()} | {"median_rank": direction.median_rank}


def _classification_values(result: Classification) -> Values:
    return {
        "images": result.images,
        "classes": result.classes,
        "top1": result.top1,
        "top5": result.top5,
        "mean_per_class_recall": result.mean_per_class_recall,
    }
