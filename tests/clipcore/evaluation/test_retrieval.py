import statistics

import numpy as np
import pytest

from clipcore.errors import EvaluationError
from clipcore.evaluation.retrieval import (
    Direction,
    chance,
    evaluate_retrieval,
    image_to_text_ranks,
    text_to_image_ranks,
)
from tests.clipcore.evaluation.vectors import captioned

Captioned = tuple[np.ndarray, np.ndarray, np.ndarray]


def brute_force_ranks(scores: np.ndarray, right: list[set[int]]) -> list[int]:
    """Sort every query's candidates and look where the first right one stands."""
    ranks = []
    for row, answers in zip(scores, right, strict=True):
        order = sorted(range(len(row)), key=lambda j: -row[j])
        ranks.append(1 + min(order.index(answer) for answer in answers))
    return ranks


@pytest.fixture
def pairs() -> Captioned:
    return captioned(40, 16, noise=0.4)


@pytest.mark.parametrize("block", [7, 1024])
def test_ranks_equal_sorting(pairs: Captioned, block: int) -> None:
    images, texts, owners = pairs
    assert text_to_image_ranks(images, texts, owners, block).tolist() == brute_force_ranks(
        texts @ images.T, [{owner} for owner in owners]
    )
    own_texts = [set(np.flatnonzero(owners == i).tolist()) for i in range(len(images))]
    assert image_to_text_ranks(images, texts, owners, block).tolist() == brute_force_ranks(images @ texts.T, own_texts)


def test_ties_stand_in_order(pairs: Captioned) -> None:
    """Coarse vectors, so that many scores are equal."""
    images, texts, owners = (np.round(pairs[0] * 2), np.round(pairs[1] * 2), pairs[2])
    scores = texts @ images.T
    assert len(np.unique(scores)) < 30
    assert text_to_image_ranks(images, texts, owners).tolist() == brute_force_ranks(scores, [{o} for o in owners])
    own_texts = [set(np.flatnonzero(owners == i).tolist()) for i in range(len(images))]
    assert image_to_text_ranks(images, texts, owners).tolist() == brute_force_ranks(scores.T, own_texts)


def test_an_encoder_that_says_one_thing_is_no_better_than_chance() -> None:
    same = np.ones((50, 4), np.float32) / 2
    result = evaluate_retrieval(same, same, np.arange(50))
    assert (result.text_to_image.recall[1], result.text_to_image.recall[10]) == (1 / 50, 10 / 50)
    assert result.image_to_text.median_rank == 25.5


def test_recall_and_median(pairs: Captioned) -> None:
    images, texts, owners = pairs
    result = evaluate_retrieval(images, texts, owners)
    ranks = text_to_image_ranks(images, texts, owners)
    assert (result.images, result.texts) == (40, len(owners))
    assert result.text_to_image.recall == {k: sum(r <= k for r in ranks) / len(ranks) for k in (1, 5, 10)}
    assert result.text_to_image.median_rank == statistics.median(ranks.tolist())


def test_the_curve_is_recall_at_every_k() -> None:
    direction = Direction.of(np.array([1, 1, 3, 9]))
    assert direction.curve(4) == [0.5, 0.5, 0.75, 0.75]
    assert direction.curve(10)[8:] == [1.0, 1.0]


def test_chance() -> None:
    assert chance(4, np.array([1, 1]), 10) == pytest.approx([1 / 4, 2 / 4, 3 / 4, 1])
    # two right among four: 1 - C(2, k) / C(4, k); averaged with one right among four
    assert chance(4, np.array([2, 1]), 3) == pytest.approx([(1 / 2 + 1 / 4) / 2, (5 / 6 + 2 / 4) / 2, (1 + 3 / 4) / 2])


def test_perfect_and_hopeless() -> None:
    images = np.eye(12, dtype=np.float32)
    owners = np.arange(12)
    assert evaluate_retrieval(images, images, owners).image_to_text.recall[1] == 1.0
    assert evaluate_retrieval(images, -images, owners).text_to_image.recall[1] == 0.0


def test_what_cannot_be_measured(pairs: Captioned) -> None:
    images, texts, owners = pairs
    with pytest.raises(EvaluationError, match="1 of 41 pictures have no caption"):
        evaluate_retrieval(np.concatenate([images, images[:1]]), texts, owners)
    texts[3, 5] = np.nan
    with pytest.raises(EvaluationError, match="not numbers"):
        evaluate_retrieval(images, texts, owners)
