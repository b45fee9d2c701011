"""How well queries were answered: precision, average precision, and what the app takes for a match."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.everyday_rules import HIT, UNKNOWN, Query

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Found:
    """How one query did; None where that cannot be said.

    Attributes:
        hits: pictures that answer it;  judged: of how many that is known.
        first: whether the first is a hit;  average_precision: over all hits.
        matched: judged pictures that the app takes for a match.
        order: pictures in the app's order, best first, those not judged too.
    """

    query: Query
    hits: int
    judged: int
    first: float | None
    precision_at_5: float | None
    precision_at_10: float | None
    average_precision: float | None
    chance_at_5: float | None
    matched: int
    match_precision: float | None
    match_recall: float | None
    order: Places


def measure(
    query: Query,
    scores: NDArray[np.float32],
    above: NDArray[np.float32],
    matches: NDArray[np.bool_],
    truth: NDArray[np.int8],
) -> Found:
    """How a query did, by scores, how far these lie above words at large, matches and truth, each (n,).

    They stand in the app's order: matches by score, then the others by what lies above words at large.
    """
    order = np.lexsort((-np.where(matches, scores, above), ~matches))
    ranked = truth[order][truth[order] != UNKNOWN] == HIT
    hits, judged = int(ranked.sum()), len(ranked)
    matched = int((matches & (truth != UNKNOWN)).sum())
    right = int((matches & (truth == HIT)).sum())
    precisions = np.cumsum(ranked) / np.arange(1, judged + 1)

    def at(k: int) -> float | None:
        return float(ranked[:k].sum() / min(k, hits)) if hits else None

    return Found(
        query=query,
        hits=hits,
        judged=judged,
        first=float(ranked[0]) if hits else None,
        precision_at_5=at(5),
        precision_at_10=at(10),
        average_precision=float(precisions[ranked].mean()) if hits else None,
        chance_at_5=min(5, judged) * hits / judged / min(5, hits) if hits else None,
        matched=matched,
        match_precision=right / matched if hits and matched else None,
        match_recall=right / hits if hits else None,
        order=order,
    )


def figures_of(found: Sequence[Found]) -> dict[str, float]:
    """The means over queries; only over those that have hits where nothing else is said."""
    answered = [one for one in found if one.hits]
    empty = [one for one in found if one.query.none]
    return {
        "queries": len(found),
        "hits a query": mean(one.hits for one in answered),
        "first is a hit": mean(one.first for one in answered),
        "precision@5": mean(one.precision_at_5 for one in answered),
        "precision@5 by chance": mean(one.chance_at_5 for one in answered),
        "precision@10": mean(one.precision_at_10 for one in answered),
        "mean average precision": mean(one.average_precision for one in answered),
        "match: precision": mean(one.match_precision for one in answered),
        "match: recall": mean(one.match_recall for one in answered),
        "nothing said to match though something does": mean(float(not one.matched) for one in answered),
        "queries without a hit": len(empty),
        "of those, nothing said to match": mean(float(not one.matched) for one in empty),
    }


def mean(values: Iterable[float | None]) -> float:
    """Of those that are known; nan of none."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else float("nan")
