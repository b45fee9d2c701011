"""The paper's linear probe: logistic regression on frozen features (Radford et al., section 3.2 and appendix A.3).

scikit-learn's L-BFGS with at most 1,000 iterations; the L2 regularisation by the paper's parametric binary search over
96 logarithmic steps between 1e-6 and 1e6, 8 a decade, by the accuracy on a validation split; then one fit on training
and validation pictures together, measured on the test pictures.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clipcore.errors import EvaluationError
from clipcore.evaluation.classification import Classification
from clipcore.evaluation.ranks import Indices, ranks_of
from clipcore.runtimes.base import Features

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

MAX_ITERATIONS = 1000
STEPS = 96
STEPS_A_DECADE = 8
FIRST_STRIDE = 16  # the search begins at 1e-6, 1e-4, 1e-2, 1, 1e2, 1e4 and 1e6
HELD_OUT = 0.2  # of each class, where there is no validation split; the paper does not say how much

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Labelled:
    """Features (n, width) and the class of each, int64 (n,)."""

    features: Features
    labels: Indices

    def __add__(self, other: "Labelled") -> "Labelled":
        features = np.concatenate([self.features, other.features])
        return Labelled(features, np.concatenate([self.labels, other.labels]))

    def __getitem__(self, chosen: NDArray[np.bool_]) -> "Labelled":
        return Labelled(self.features[chosen], self.labels[chosen])


@dataclass(frozen=True)
class LinearProbe:
    """How the last fit did on the test pictures, and how it came about.

    Attributes:
        c: the inverse of the regularisation strength that the search chose.
        sweep: the accuracy on the validation split for every C that was tried, smallest first.
        converged: whether L-BFGS ended before its last iteration.
    """

    test: Classification
    c: float
    sweep: Mapping[float, float]
    converged: bool


def evaluate_linear_probe(
    train: Labelled,
    test: Labelled,
    classes: int,
    validation: Labelled | None = None,
    progress: Progress = lambda done: None,
) -> LinearProbe:
    """Searches C, fits, and measures.

    Args:
        classes: how many there are; labels are below it.
        validation: what C is chosen by; a fifth of each class of `train`, the same every time, when None.
        progress: is told after each fit how many are done.

    Raises:
        EvaluationError: fewer than two classes to learn, or features that are not numbers.
    """
    for part in (train, test, *([validation] if validation else [])):
        if not np.isfinite(part.features).all():
            raise EvaluationError("the encoder gave features that are not numbers: its weights are broken")
    fitted_on, chosen_by = (train, validation) if validation is not None else split(train)
    if len(np.unique(fitted_on.labels)) < 2:
        raise EvaluationError("a linear probe needs pictures of at least two classes to learn from")
    accuracies = search(partial(_accuracy, fitted_on, chosen_by, classes), progress)
    best = peak(accuracies)
    model = fit(fitted_on + chosen_by, c_of(best))
    return LinearProbe(
        test=_measure(model, test, classes),
        c=c_of(best),
        sweep={c_of(step): accuracy for step, accuracy in sorted(accuracies.items())},
        converged=bool(model.n_iter_.max() < MAX_ITERATIONS),
    )


def c_of(step: int) -> float:
    """The C of a step of the grid, 0..96."""
    return float(10 ** (step / STEPS_A_DECADE - 6))


def search(score: Callable[[int], float], progress: Progress = lambda done: None) -> dict[int, float]:
    """Every step that the parametric binary search visits, and its score.

    Seven steps two decades apart; then the two neighbours of the best so far at half the distance, until that is one.
    """
    scores: dict[int, float] = {}
    stride = FIRST_STRIDE
    candidates = list(range(0, STEPS + 1, stride))
    while candidates:
        for step in candidates:
            scores[step] = score(step)
            progress(len(scores))
        stride //= 2
        around = (peak(scores) - stride, peak(scores) + stride) if stride else ()
        candidates = [step for step in around if 0 <= step <= STEPS]
    return scores


def peak(scores: Mapping[int, float]) -> int:
    """The step with the best score; of equals the most regularised."""
    return min(scores, key=lambda step: (-scores[step], step))


def split(data: Labelled) -> tuple[Labelled, Labelled]:
    """Training and validation parts: a fifth of each class held out, never its only picture; the same every time."""
    held_out = np.zeros(len(data.labels), dtype=bool)
    order = np.random.default_rng(0).permutation(len(data.labels))
    for label in np.unique(data.labels):
        own = order[data.labels[order] == label]
        held_out[own[: max(round(HELD_OUT * len(own)), int(len(own) > 1))]] = True
    if not held_out.any():
        raise EvaluationError("every class has one picture only: a linear probe needs some to choose C by")
    return data[~held_out], data[held_out]


def fit(data: Labelled, c: float) -> "LogisticRegression":
    """One L-BFGS fit. That it ran out of iterations is for the caller to say."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=c, max_iter=MAX_ITERATIONS, random_state=0).fit(data.features, data.labels)


def _accuracy(fitted_on: Labelled, measured_on: Labelled, classes: int, step: int) -> float:
    return _measure(fit(fitted_on, c_of(step)), measured_on, classes).top1


def _measure(model: "LogisticRegression", data: Labelled, classes: int) -> Classification:
    logits = model.decision_function(data.features)
    if logits.ndim == 1:  # of two classes scikit-learn gives the second's alone
        logits = np.stack([-logits, logits], axis=1)
    scores = np.full((len(data.labels), classes), -np.inf)
    scores[:, model.classes_] = logits
    return Classification.of(ranks_of(scores, data.labels), scores.argmax(axis=1), data.labels, classes)
