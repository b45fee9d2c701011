"""Where the right answer stands among all candidates, the best first."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from clipcore.errors import EvaluationError
from clipcore.runtimes.base import Vectors

Ranks = NDArray[np.int64]  # (queries,), 1 for found first
Indices = NDArray[np.int64]

BLOCK = 256  # queries scored at once


def ranks_of(scores: Vectors, answers: Indices) -> Ranks:
    """The rank of each query's answer, int64 (queries,).

    Equal scores stand in the order of their candidates, as a stable sort leaves them, so that an encoder whose vectors
    are all alike is as good as chance and no better. (CLIP_benchmark leaves them in whatever order `torch.topk` does.)

    Args:
        scores: (queries, candidates).
        answers: int64 (queries,), which candidate is right.

    Raises:
        EvaluationError: a score is not a number.
    """
    if np.isnan(scores).any():
        raise EvaluationError("the encoder gave vectors that are not numbers: its weights are broken")
    own = np.take_along_axis(scores, answers[:, None], axis=1)
    earlier = np.arange(scores.shape[1]) < answers[:, None]
    ranks: Ranks = 1 + ((scores > own) | ((scores == own) & earlier)).sum(axis=1)
    return ranks


def blocks(count: int, size: int = BLOCK) -> Iterator[slice]:
    """`count` queries as slices of `size`, so that scores are never all held at once."""
    return (slice(start, start + size) for start in range(0, count, size))
