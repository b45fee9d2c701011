"""Which mistakes are shown, and that the page that shows them is safe and whole."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipcore.evaluation.classification import evaluate_classification
from clipcore.evaluation.datasets import DataSet
from clipcore.evaluation.encoded import Encoded
from clipcore.evaluation.mistakes import Mistake, worst_classified, worst_retrieved
from clipcore.evaluation.mistakes_page import mistakes_page
from clipcore.evaluation.retrieval import evaluate_retrieval
from clipcore.evaluation.run import ClassificationRun, RetrievalRun
from tests.clipcore.evaluation.vectors import normalised


def encoded(folder: Path, vectors: np.ndarray) -> Encoded:
    """As many pictures as vectors, each 10 pixels wider than the one before, in one class."""
    keys = []
    for i in range(len(vectors)):
        path = folder / "class" / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (300 + 10 * i, 100), "red").save(path)
        keys.append(f"class/{i}.png")
    return Encoded(DataSet(folder), tuple(keys), ("class",) * len(keys), ((),) * len(keys), vectors, ())


def test_the_surest_mistakes_come_first(tmp_path: Path) -> None:
    classes = np.eye(3, dtype=np.float32)
    images = normalised(np.array([[1, 0, 0], [0, 1, 0.9], [0, 1, 0], [0.8, 1, 0]]))
    labels = np.array([0, 2, 2, 0])  # right; close; as wrong as can be; wrong
    result = evaluate_classification(images, classes, labels)
    run = ClassificationRun(encoded(tmp_path, images), ("cat", "dog", "eel"), ("{}",), classes, labels, 10.0, result)
    worst = worst_classified(run)
    assert [mistake.pictures[0][0] for mistake in worst] == [2, 3, 1]
    assert worst[0].title == "eel, taken for dog"
    assert worst[0].note == "100.0% sure, and 0.0% that it is eel"
    assert worst_classified(run, count=1) == worst[:1]


def test_captions_whose_picture_came_last(tmp_path: Path) -> None:
    images = np.eye(4, dtype=np.float32)
    texts = normalised(np.array([[1, 0, 0, 0], [0.9, 1, 0, 0], [0.9, 0.8, 0.5, 0.7], [0.5, 0, 0, 0.4]]))
    owners = np.arange(4)
    result = evaluate_retrieval(images, texts, owners)
    run = RetrievalRun(encoded(tmp_path, images), ("a", "b", "c", "d"), texts, owners, result)
    worst = worst_retrieved(run)
    assert [(mistake.title, mistake.note) for mistake in worst] == [
        ("c", "its picture ranks 4 of 4"),
        ("d", "its picture ranks 2 of 4"),
    ]
    assert worst[0].pictures == ((2, "its own: class/2.png"), (0, "came first: class/0.png"))


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def test_pictures_are_in_the_page(tmp_path: Path) -> None:
    images = encoded(tmp_path, np.eye(3, dtype=np.float32))
    mistakes = [Mistake("first", "", ((2, "two"), (0, "zero"))), Mistake("second", "", ((2, "again"),))]
    reader = read(mistakes_page("Worst", [("Heading", images, mistakes)]))
    assert len(reader.sources) == 3 and all(s.startswith("data:image/jpeg;base64,") for s in reader.sources)
    assert reader.sources[0] == reader.sources[2]
    for source, width in zip(reader.sources, (320, 300, 320), strict=True):
        with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as thumbnail:
            assert thumbnail.width == 224 and thumbnail.height == pytest.approx(224 * 100 / width, abs=1)


def test_text_is_only_ever_text(tmp_path: Path) -> None:
    evil = "<script>alert('x')</script>\"&{0}"
    images = encoded(tmp_path, np.eye(1, dtype=np.float32))
    page = mistakes_page(evil, [(evil, images, [Mistake(evil, evil, ((0, evil),))])])
    reader = read(page)
    assert "script" not in reader.tags
    assert reader.text.count(evil) == 6  # <title> and <h1> say the first
    assert "prefers-color-scheme: dark" in page and "default-src 'none'" in page
    assert not re.search(r"https?://", page)


def test_a_picture_that_is_gone_leaves_its_text(tmp_path: Path) -> None:
    images = encoded(tmp_path, np.eye(2, dtype=np.float32))
    (tmp_path / "class" / "1.png").write_bytes(b"changed")
    (tmp_path / "class" / "0.png").unlink()
    reader = read(mistakes_page("t", [("h", images, [Mistake("gone", "", ((0, "a"), (1, "b")))])]))
    assert reader.sources == ["", ""] and "gone" in reader.text


def test_no_mistakes(tmp_path: Path) -> None:
    assert "None." in read(mistakes_page("t", [("h", encoded(tmp_path, np.eye(1, dtype=np.float32)), [])])).text
