import io
import json
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from clipcore.errors import EvaluationError, ImageError
from clipcore.evaluation.datasets import DataSet


def picture(path: Path, width: int = 8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, 6), "red").save(path)


def test_a_folder_of_classes(tmp_path: Path) -> None:
    for name in ("dog/2.png", "cat/1.jpg", "cat/deep/0.png", ".git/x.png", "loose.png"):
        picture(tmp_path / name)
    (tmp_path / "dog" / "notes.txt").write_text("not a picture")
    examples = list(DataSet(tmp_path))
    assert [(e.key, e.label) for e in examples] == [
        ("cat/1.jpg", "cat"),
        ("cat/deep/0.png", "cat"),
        ("dog/2.png", "dog"),
    ]
    with examples[0].open() as image:
        assert image.size == (8, 6)
    assert [e.key for e in DataSet(tmp_path, "dog")] == ["dog/2.png"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", 'path,caption\na.png,one\nb.png,two\na.png,"three, and more"\n'),
        ("t.tsv", "caption\tPath\tsplit\none\ta.png\tx\ntwo\tb.png\tx\nthree, and more\ta.png\tx\n"),
        ("t.csv", "\ufefffilepath\ttitle\na.png\tone\nb.png\ttwo\na.png\tthree, and more\n"),  # as open_clip trains on
    ],
)
def test_a_captions_table(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    picture(tmp_path / "a.png", 11)
    one, two = DataSet(tmp_path / name)
    assert (one.key, one.captions, two.captions) == ("a.png", ("one", "three, and more"), ("two",))
    with one.open() as image:
        assert image.width == 11
    with pytest.raises(ImageError, match=r"b\.png as a picture: No such file"):
        two.open()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("file,words\na,b\n", "has the columns file, words: expected one called caption or title or text"),
        ("", "has the columns : expected one called path"),
        ("path,caption\na.png,\n", "line 2: expected a path and a caption"),
        ("path,caption\na.png\n", "line 2: expected a path and a caption"),
        ('path,caption\na.png,"open\n', "as a table: unexpected end of data"),
    ],
)
def test_tables_that_are_none(content: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(EvaluationError, match=says):
        list(DataSet(tmp_path / "t.csv"))


def test_a_tar(tmp_path: Path) -> None:
    picture(tmp_path / "p.png")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name, content in (
            ("dev/1.png", (tmp_path / "p.png").read_bytes()),
            ("dev/1.json", json.dumps({"captions": ["one", "two"], "label": "red"}).encode()),
            ("train/2.png", (tmp_path / "p.png").read_bytes()),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    (example,) = DataSet.parse(f"{tmp_path}/a.tar@dev/")
    assert (example.key, example.label, example.captions) == ("dev/1", "red", ("one", "two"))
    assert len(list(DataSet.parse(f"{tmp_path}/a.tar"))) == 2


def test_names_of_data_sets(tmp_path: Path) -> None:
    odd = tmp_path / "me@home"
    odd.mkdir()
    assert DataSet.parse(str(odd)) == DataSet(odd)
    assert DataSet.parse(f"{odd}@cat/") == DataSet(odd, "cat/")
    assert str(DataSet(odd, "cat/")) == f"{odd}@cat/"
    for absent in ("absent.tar", "absent.tar@dev/", "@dev/"):
        with pytest.raises(EvaluationError, match="no data set"):
            DataSet.parse(absent)
