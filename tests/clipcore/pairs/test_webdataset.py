import io
import json
from pathlib import Path

import pytest
from PIL import Image

from clipcore.errors import ImageError, TrainingError
from clipcore.pairs.webdataset import read_pairs
from tests.clipcore.tars import write_tar


def png() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(stream, "PNG")
    return stream.getvalue()


def test_where_texts_come_from(tmp_path: Path) -> None:
    tar = write_tar(
        tmp_path / "a.tar",
        {
            "1.png": png(),
            "1.json": json.dumps({"captions": [" one ", "two"]}).encode(),
            "2.png": png(),
            "2.txt": b"from a text file",
            "3.png": png(),
            "3.json": json.dumps({"label": "Red_Delicious-Apple", "width": 8, "folders": ["fruit", "red"]}).encode(),
            "4.png": png(),
            "5.png": png(),
            "5.json": json.dumps({"caption": "a lone caption"}).encode(),
        },
    )
    templates = {"label": ("a photo of {}", "{}"), "folders": ("{}",)}
    texts = {pair.key: pair.texts(templates) for pair in read_pairs(tar)}
    assert texts == {
        "1": ("one", "two"),
        "2": ("from a text file",),
        "3": ("a photo of Red Delicious Apple", "Red Delicious Apple", "fruit red"),
        "4": (),
        "5": ("a lone caption",),
    }


def test_class_names_by_folder_and_parts_left_out(tmp_path: Path) -> None:
    classes = {"n01": "goldfish, Carassius auratus", "n02": "tench"}
    tar = write_tar(
        tmp_path / "a.tar",
        {
            "classes.json": json.dumps(classes).encode(),
            "train/n01/0.png": png(),
            "train/n02/0.png": png(),
            "dev/n01/1.png": png(),
        },
    )
    labels = {pair.key: pair.fields["label"] for pair in read_pairs(tar)}
    assert labels == {"train/n01/0": "goldfish", "train/n02/0": "tench", "dev/n01/1": "goldfish"}
    assert [pair.key for pair in read_pairs(tar, exclude=("dev/", "train/n02/"))] == ["train/n01/0"]
    assert [pair.key for pair in read_pairs(tar, only="dev/")] == ["dev/n01/1"]


def test_pictures_open(tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "a.tar", {"1.png": png(), "2.jpg": b"not a picture"})
    good, bad = read_pairs(tar)
    assert good.open().size == (8, 6)
    with pytest.raises(ImageError, match="2 is not a picture"):
        bad.open()


def test_a_missing_tar_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"cannot read .*absent\.tar"):
        list(read_pairs(tmp_path / "absent.tar"))
