"""Text-to-image and image-to-text retrieval over one set of pictures, each with one or several captions.

Recall@k is the share of queries with a right answer among their first k; for a picture, any one of its captions will
do (as in CLIP, section 3.1 and table 13, and in LAION's CLIP_benchmark). Scores are held a block of queries at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from clipcore.errors import EvaluationError
from clipcore.evaluation.ranks import BLOCK, Indices, Ranks, blocks, ranks_of
from clipcore.runtimes.base import Vectors

RECALL_AT = (1, 5, 10)


@dataclass(frozen=True)
class Direction:
    """How one direction did: recall by k, in 0..1, and the median rank."""

    recall: Mapping[int, float]
    median_rank: float
    ranks: Ranks = field(repr=False, compare=False)

    @classmethod
    def of(cls, ranks: Ranks, recall_at: Sequence[int] = RECALL_AT) -> "Direction":
        return cls({k: float((ranks <= k).mean()) for k in recall_at}, float(np.median(ranks)), ranks)

    def curve(self, up_to: int) -> list[float]:
        """Recall at 1, 2 ... `up_to`."""
        found = np.bincount(np.minimum(self.ranks, up_to + 1), minlength=up_to + 2)[1 : up_to + 1]
        return [float(share) for share in found.cumsum() / len(self.ranks)]


def chance(candidates: int, right: Indices, up_to: int) -> list[float]:
    """Recall at 1, 2 ... `up_to` of an order by lot, where each query has so many (`right`) right answers."""
    drawn = np.arange(min(up_to, candidates))
    curve = np.zeros(len(drawn))
    for answers, queries in zip(*np.unique(right, return_counts=True), strict=True):
        missed = np.maximum(candidates - answers - drawn, 0) / (candidates - drawn)  # of each draw, all before missed
        curve += queries / len(right) * (1 - missed.cumprod())
    return [float(share) for share in curve]


@dataclass(frozen=True)
class Retrieval:
    """Both directions over `images` pictures and `texts` captions."""

    images: int
    texts: int
    text_to_image: Direction
    image_to_text: Direction


def evaluate_retrieval(images: Vectors, texts: Vectors, owners: Indices) -> Retrieval:
    """Recall and median rank in both directions.

    Args:
        images: float32 (images, dim), L2-normalised.
        texts: float32 (texts, dim), L2-normalised.
        owners: int64 (texts,), which picture each text describes.

    Raises:
        EvaluationError: a picture has no text, or a vector is not a number.
    """
    if len(np.unique(owners)) != len(images):
        raise EvaluationError(f"{len(images) - len(np.unique(owners))} of {len(images)} pictures have no caption")
    return Retrieval(
        images=len(images),
        texts=len(texts),
        text_to_image=Direction.of(text_to_image_ranks(images, texts, owners)),
        image_to_text=Direction.of(image_to_text_ranks(images, texts, owners)),
    )


def text_to_image_ranks(images: Vectors, texts: Vectors, owners: Indices, block_size: int = BLOCK) -> Ranks:
    """The rank of each text's own picture among all pictures, int64 (texts,)."""
    return np.concatenate([ranks_of(texts[b] @ images.T, owners[b]) for b in blocks(len(texts), block_size)])


def image_to_text_ranks(images: Vectors, texts: Vectors, owners: Indices, block_size: int = BLOCK) -> Ranks:
    """The rank of the best of each picture's own texts among all texts, int64 (images,)."""
    ranks = []
    for block in blocks(len(images), block_size):
        scores = images[block] @ texts.T  # (block, texts)
        is_own = owners[None, :] == np.arange(len(images))[block, None]
        ranks.append(ranks_of(scores, np.where(is_own, scores, -np.inf).argmax(axis=1)))
    return np.concatenate(ranks)
