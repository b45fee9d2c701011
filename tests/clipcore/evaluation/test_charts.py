from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipcore.evaluation.charts import confusion_chart, efficiency_chart, recall_chart


def ink(path: Path) -> float:
    """The share of pixels that are not white."""
    with Image.open(path) as image:
        return float((np.asarray(image.convert("L")) < 250).mean())


def test_recall(tmp_path: Path) -> None:
    short_and_long = {"text to image": ([0.5, 0.6, 0.7], [0.1, 0.2, 0.3]), "image to text": ([1.0] * 100, [0.0] * 100)}
    recall_chart(short_and_long, tmp_path / "recall.png")
    recall_chart({name: ([0, 0], [0, 0]) for name in short_and_long}, tmp_path / "none.png")
    assert ink(tmp_path / "recall.png") > ink(tmp_path / "none.png") > 0.01


@pytest.mark.parametrize("classes", [2, 5, 200])
def test_confusion_of_any_number_of_classes(classes: int, tmp_path: Path) -> None:
    right = np.eye(classes, dtype=np.int64) * 7
    names = ["$x^$", "日本", *map(str, range(classes - 2))]  # neither mathematics nor a missing glyph stops it
    confusion_chart(right, names, tmp_path / "right.png")
    confusion_chart(np.zeros_like(right), names, tmp_path / "none.png")
    assert ink(tmp_path / "right.png") > ink(tmp_path / "none.png") > 0.01


def test_efficiency(tmp_path: Path) -> None:
    rising = [(1000 * 2**i, 0.1 + 0.1 * i) for i in range(5)]
    efficiency_chart({"contrastive": rising, "bag of words": rising[:1]}, 0.1, tmp_path / "two.png")
    efficiency_chart({"contrastive": rising[:1]}, 0.1, tmp_path / "one.png")
    assert ink(tmp_path / "two.png") > ink(tmp_path / "one.png") > 0.01
