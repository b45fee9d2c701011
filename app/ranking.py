"""How answers are put in order: what matches before what does not, more various, or by date."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.relevance import Relevances
from indexer.vectors.base import Ids, Vectors

Sort = Literal["relevance", "date"]
_LIKENESS = 0.5  # how much likeness to what came before counts, against the score (1 - lambda of MMR)


@dataclass(frozen=True)
class Ranking:
    """What a person may ask of the order.

    Attributes:
        min_relevance: what is less relevant is left out.
        sort: "date" gives what matches alone, newest first.
        diverse: photos that are unlike those before them come sooner.
        like: photos that are right; the query moves towards them.
        dislike: photos that are wrong; the query moves away from them, and they are left out.
        fold: photos that show the same as one before them are told of with that one.
    """

    min_relevance: float = 0.0
    sort: Sort = "relevance"
    diverse: bool = False
    like: tuple[int, ...] = ()
    dislike: tuple[int, ...] = ()
    fold: bool = False

    @property
    def moves(self) -> bool:
        """Whether there is feedback."""
        return bool(self.like or self.dislike)


DEFAULT_RANKING = Ranking()


@dataclass(frozen=True)
class Candidates:
    """Contents, best first.

    Attributes:
        ids: (n,).
        scores: cosines (n,).
        worth: what they are put in order by (n,): scores with what is written of them and what speaks against them.
        relevances: (n,).
        vectors: (n, dim).
    """

    ids: Ids
    scores: Vectors
    worth: Vectors
    relevances: Relevances
    vectors: Vectors

    def take(self, order: Ids) -> "Candidates":
        return Candidates(
            self.ids[order], self.scores[order], self.worth[order], self.relevances[order], self.vectors[order]
        )

    def judged(self) -> list[tuple[int, float | None, float]]:
        """(content id, score, relevance) of each."""
        return list(zip(self.ids.tolist(), self.scores.tolist(), self.relevances.tolist(), strict=True))

    def split(self, cut: float) -> "tuple[Candidates, Candidates]":
        """Those that match and those that do not, each in its order."""
        matching = self.relevances >= cut
        return self.take(np.flatnonzero(matching)), self.take(np.flatnonzero(~matching))


def diversify(candidates: Candidates) -> Candidates:
    """Maximal marginal relevance (Carbonell and Goldstein, 1998): next comes what is good and unlike all before it.

    Worth and likeness are each scaled to 0..1, since cosines between pictures lie far above those to a text.
    """
    count = len(candidates.ids)
    if count < 3:
        return candidates
    likeness = _scaled(candidates.vectors @ candidates.vectors.T)
    worth = _scaled(candidates.worth)
    order, nearest, left = [0], likeness[0].copy(), np.ones(count, bool)
    left[0] = False
    while len(order) < count:
        gain = np.where(left, (1 - _LIKENESS) * worth - _LIKENESS * nearest, -np.inf)
        best = int(np.argmax(gain))
        order.append(best)
        left[best] = False
        nearest = np.maximum(nearest, likeness[best])
    return candidates.take(np.array(order))


def _scaled(values: Vectors) -> Vectors:
    low, high = float(values.min()), float(values.max())
    result: Vectors = (values - low) / max(high - low, 1e-9)
    return result


def towards(query: Vectors, liked: Vectors, disliked: Vectors, middle: Vectors) -> Vectors:
    """The query (dim,) moved by feedback (Rocchio, 1971, with his usual weights).

    Pictures' vectors all share a direction that texts' lack; it is taken out (`middle`, the mean of photos at large),
    so that liking a photo means what is particular to it.
    """
    moved = query.copy()
    if len(liked):
        moved = moved + 0.75 * (liked.mean(axis=0) - middle)
    if len(disliked):
        moved = moved - 0.25 * (disliked.mean(axis=0) - middle)
    result: Vectors = moved / max(float(np.linalg.norm(moved)), 1e-12)
    return result
