"""The worst mistakes of a measurement: what was asked, what was answered, and which pictures show it."""

from dataclasses import dataclass

import numpy as np

from clipcore.evaluation.ranks import blocks
from clipcore.evaluation.run import ClassificationRun, RetrievalRun
from clipcore.zeroshot import probabilities

SHOWN = 40


@dataclass(frozen=True)
class Mistake:
    """Two lines of text, and pictures by their row in the data set, each with a line below it."""

    title: str
    note: str
    pictures: tuple[tuple[int, str], ...]


def worst_classified(run: ClassificationRun, count: int = SHOWN) -> list[Mistake]:
    """Pictures of one class taken for another with the most confidence, worst first."""
    predicted, certainty, own = [], [], []
    for block in blocks(len(run.labels)):
        likely = probabilities(run.images.vectors[block], run.classes, run.logit_scale)  # (block, classes)
        predicted.append(likely.argmax(axis=1))
        certainty.append(likely.max(axis=1))
        own.append(np.take_along_axis(likely, run.labels[block, None], axis=1)[:, 0])
    named, sure, right = (np.concatenate(parts) for parts in (predicted, certainty, own))
    wrong = np.flatnonzero(named != run.labels)
    worst = wrong[np.argsort((right - sure)[wrong], kind="stable")][:count]
    return [
        Mistake(
            title=f"{run.names[run.labels[i]]}, taken for {run.names[named[i]]}",
            note=f"{sure[i]:.1%} sure, and {right[i]:.1%} that it is {run.names[run.labels[i]]}",
            pictures=((int(i), run.images.keys[i]),),
        )
        for i in worst
    ]


def worst_retrieved(run: RetrievalRun, count: int = SHOWN) -> list[Mistake]:
    """Captions whose own picture came last, the last first, each beside the picture that came first."""
    ranks = run.result.text_to_image.ranks
    worst = [i for i in np.argsort(-ranks, kind="stable")[:count] if ranks[i] > 1]
    mistakes = []
    for i in worst:
        own, first = int(run.owners[i]), int((run.images.vectors @ run.texts[i]).argmax())
        mistakes.append(
            Mistake(
                title=run.captions[i],
                note=f"its picture ranks {ranks[i]:,} of {run.result.images:,}",
                pictures=(
                    (own, f"its own: {run.images.keys[own]}"),
                    (first, f"came first: {run.images.keys[first]}"),
                ),
            )
        )
    return mistakes
