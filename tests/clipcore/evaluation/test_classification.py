import numpy as np
import pytest

from clipcore.errors import EvaluationError
from clipcore.evaluation.classification import evaluate_classification


def test_top1_and_top5() -> None:
    classes = np.eye(8, dtype=np.float32)
    likes = np.array([[7, 6, 5, 4, 3, 2, 1, 0]] * 3, dtype=np.float32)  # every picture likes class 0 most, 7 least
    result = evaluate_classification(likes, classes, np.array([0, 4, 7]))
    assert (result.top1, result.top5, result.images, result.classes) == (1 / 3, 2 / 3, 3, 8)
    assert result.confusion[:, 0].tolist() == [1, 0, 0, 0, 1, 0, 0, 1]
    assert result.confusion.sum() == 3


def test_every_class_with_pictures_counts_the_same() -> None:
    classes = np.eye(3, dtype=np.float32)
    images = classes[[0, 0, 0, 0, 1, 0]]
    result = evaluate_classification(images, classes, np.array([0, 0, 0, 0, 1, 1]))  # the third class has none
    assert result.top1 == 5 / 6
    assert result.mean_per_class_recall == (1 + 1 / 2) / 2


def test_top5_of_fewer_than_five_classes_says_nothing() -> None:
    four = np.eye(4, dtype=np.float32)
    assert evaluate_classification(four, four, np.arange(4)).top5 is None


def test_more_pictures_than_a_block() -> None:
    classes = np.eye(10, dtype=np.float32)
    labels = np.arange(1003) % 10
    result = evaluate_classification(classes[labels], classes, labels)
    assert (result.images, result.top1, result.mean_per_class_recall) == (1003, 1.0, 1.0)


def test_vectors_that_are_not_numbers() -> None:
    classes = np.eye(6, dtype=np.float32)
    with pytest.raises(EvaluationError, match="not numbers"):
        evaluate_classification(classes * np.nan, classes, np.arange(6))
