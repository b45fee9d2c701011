"""How often a classifier names the right class: first, among its first five, and on average over the classes."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from clipcore.evaluation.ranks import Indices, Ranks, blocks, ranks_of
from clipcore.runtimes.base import Vectors


@dataclass(frozen=True)
class Classification:
    """Shares in 0..1 over `images` pictures of `classes` classes.

    Attributes:
        top5: None with fewer than five classes.
        mean_per_class_recall: over the classes that have pictures, each counting the same.
        confusion: int64 (classes, classes), how many pictures of a row's class were taken for a column's.
    """

    images: int
    classes: int
    top1: float
    top5: float | None
    mean_per_class_recall: float
    confusion: NDArray[np.int64] = field(repr=False, compare=False)

    @classmethod
    def of(cls, ranks: Ranks, predicted: Indices, labels: Indices, classes: int) -> "Classification":
        """From where each picture's own class stands, and which stands first; each int64 (images,)."""
        confusion = np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)
        pictures = confusion.sum(axis=1)
        recalls = (np.diag(confusion) / np.maximum(pictures, 1))[pictures > 0]
        return cls(
            images=len(labels),
            classes=classes,
            top1=float((ranks <= 1).mean()),
            top5=float((ranks <= 5).mean()) if classes >= 5 else None,
            mean_per_class_recall=float(recalls.mean()),
            confusion=confusion,
        )


def evaluate_classification(images: Vectors, classes: Vectors, labels: Indices) -> Classification:
    """Zero-shot classification: the class whose vector has the largest cosine.

    Args:
        images: float32 (images, dim), L2-normalised; at least one.
        classes: float32 (classes, dim), L2-normalised.
        labels: int64 (images,), each picture's class.

    Raises:
        EvaluationError: a vector is not a number.
    """
    ranks, predicted = [], []
    for block in blocks(len(images)):
        scores = images[block] @ classes.T  # (block, classes)
        ranks.append(ranks_of(scores, labels[block]))
        predicted.append(scores.argmax(axis=1))
    return Classification.of(np.concatenate(ranks), np.concatenate(predicted), labels, len(classes))
