import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from clipcore.errors import EvaluationError
from clipcore.evaluation.linear_probe import Labelled, c_of, evaluate_linear_probe, fit, peak, search, split
from tests.clipcore.evaluation.vectors import unit


def clouds(count: int, classes: int, noise: float, seed: int) -> Labelled:
    """Points around `classes` centres, the same centres whatever the seed."""
    labels = np.random.default_rng(seed).integers(0, classes, count)
    return Labelled(10 * (unit(classes, 12, 0)[labels] + noise * unit(count, 12, seed)).astype(np.float32), labels)


def test_the_grid_of_the_paper() -> None:
    """Appendix A.3: 1e-6 to 1e6 in 96 steps, 8 a decade; the search begins two decades apart."""
    assert (c_of(0), c_of(48), c_of(96)) == pytest.approx((1e-6, 1, 1e6))
    assert c_of(9) / c_of(8) == pytest.approx(10 ** (1 / 8))
    visited = list(search(lambda step: 0.0))
    assert [c_of(step) for step in visited[:7]] == pytest.approx([1e-6, 1e-4, 1e-2, 1, 1e2, 1e4, 1e6])


@pytest.mark.parametrize("best", range(97))
def test_the_search_finds_a_single_peak(best: int) -> None:
    scores = search(lambda step: -abs(step - best))
    assert peak(scores) == best
    assert len(scores) <= 7 + 2 * 4


def test_of_equals_the_most_regularised() -> None:
    assert peak({40: 0.5, 8: 0.7, 24: 0.7}) == 8


def test_a_probe_learns_what_can_be_learned() -> None:
    train, test = clouds(300, 4, noise=0.3, seed=1), clouds(200, 4, noise=0.3, seed=2)
    result = evaluate_linear_probe(train, test, 4)
    assert result.test.top1 > 0.98 and result.test.images == 200 and result.test.confusion.sum() == 200
    assert result.converged
    assert result.sweep[result.c] == max(result.sweep.values())
    assert list(result.sweep) == sorted(result.sweep)


def test_the_last_fit_is_scikit_learns_on_training_and_validation() -> None:
    train, validation, test = (clouds(n, 5, 1.5, seed) for n, seed in ((150, 1), (80, 2), (120, 3)))
    result = evaluate_linear_probe(train, test, 5, validation)
    everything = train + validation
    model = LogisticRegression(C=result.c, max_iter=1000).fit(everything.features, everything.labels)
    assert result.test.top1 == model.score(test.features, test.labels)
    alone = LogisticRegression(C=result.c, max_iter=1000).fit(train.features, train.labels)
    assert result.sweep[result.c] == alone.score(validation.features, validation.labels)


def test_two_classes() -> None:
    result = evaluate_linear_probe(clouds(80, 2, 0.2, 1), clouds(40, 2, 0.2, 2), 2)
    assert (result.test.top1, result.test.top5) == (1.0, None)


def test_a_class_that_training_does_not_have_is_never_right() -> None:
    test = Labelled(clouds(30, 3, 0.2, 2).features, np.full(30, 3))
    assert evaluate_linear_probe(clouds(90, 3, 0.2, 1), test, 4).test.top1 == 0


def test_a_fifth_of_each_class_is_held_out() -> None:
    labels = np.repeat([0, 1, 2, 3], [50, 10, 2, 1])
    data = Labelled(np.arange(63, dtype=np.float32)[:, None], labels)
    kept, held = split(data)
    assert np.bincount(held.labels, minlength=4).tolist() == [10, 2, 1, 0]
    assert sorted([*kept.features[:, 0], *held.features[:, 0]]) == list(range(63))
    assert np.array_equal(split(data)[1].features, held.features)


def test_running_out_of_iterations_is_said_not_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clipcore.evaluation.linear_probe.MAX_ITERATIONS", 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not evaluate_linear_probe(clouds(60, 3, 1.0, 1), clouds(30, 3, 1.0, 2), 3).converged


@pytest.mark.parametrize(
    ("labels", "spoil", "says"),
    [
        ([0, 0, 0, 0], False, "at least two classes"),
        ([0, 1, 2, 3], False, "one picture only"),
        ([0, 0, 1, 1], True, "not numbers"),
    ],
)
def test_what_cannot_be_learned(labels: list[int], spoil: bool, says: str) -> None:
    features = unit(4, 3, 0)
    features[0, 0] = np.nan if spoil else 0
    data = Labelled(features, np.array(labels))
    with pytest.raises(EvaluationError, match=says):
        evaluate_linear_probe(data, data, 4)


def test_a_fit_is_the_same_every_time() -> None:
    data = clouds(60, 3, 1.0, 1)
    assert np.array_equal(fit(data, 1.0).coef_, fit(data, 1.0).coef_)
