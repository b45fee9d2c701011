import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipcore import load_encoder
from clipcore.zeroshot import class_vectors, probabilities
from tests.clipcore.commands.conftest import RunCommand


@pytest.fixture
def folder(tmp_path: Path, pictures: list[Image.Image]) -> Path:
    """Two pictures, one of them in a folder below."""
    root = tmp_path / "photos"
    (root / "sub").mkdir(parents=True)
    pictures[0].save(root / "a.png")
    pictures[1].save(root / "sub" / "b.jpg")
    return root


def test_a_line_for_each_picture(command: RunCommand, small_bundle: Path, folder: Path) -> None:
    result = command("classify", folder, "--labels", "cat,hot dog", "--encoder", small_bundle, "--top", 1)
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [str(folder / "a.png"), str(folder / "sub" / "b.jpg")]
    assert all(line.endswith("%") and line.count("%") == 1 for line in lines)


def test_json_says_what_the_encoder_says(command: RunCommand, small_bundle: Path, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("cat\ndog\nbird\n")
    (tmp_path / "templates.txt").write_text("a {}\nmy {}\n")
    options = ("--labels-file", tmp_path / "labels.txt", "--templates", tmp_path / "templates.txt", "--format", "json")
    result = command("classify", folder / "a.png", *options, "--encoder", small_bundle)
    (answer,) = map(json.loads, result.out.splitlines())

    encoder = load_encoder(small_bundle)
    classes = class_vectors(encoder, ["cat", "dog", "bird"], ["a {}", "my {}"])
    (wanted,) = probabilities(encoder.encode_images([folder / "a.png"]), classes, encoder.logit_scale)
    said = {label["label"]: label["probability"] for label in answer["labels"]}
    assert said == pytest.approx(dict(zip(["cat", "dog", "bird"], wanted.tolist(), strict=True)), abs=1e-5)
    assert list(said.values()) == sorted(said.values(), reverse=True)


def test_csv_with_a_broken_picture(command: RunCommand, small_bundle: Path, folder: Path) -> None:
    (folder / "aa.jpg").write_bytes(b"no picture")
    (folder / "b.jpg").write_bytes((folder / "sub" / "b.jpg").read_bytes()[:700])
    absent = folder / "absent.jpg"
    options = ("--labels", "cat,dog", "--format", "csv", "--encoder", small_bundle)
    result = command("classify", folder, absent, *options)
    rows = list(csv.DictReader(result.out.splitlines()))
    good = [(row["path"], row["rank"]) for row in rows if not row["error"]]
    assert good == [(str(folder / name), rank) for name in ("a.png", "sub/b.jpg") for rank in ("1", "2")]
    errors = {Path(row["path"]).name: row["error"] for row in rows if row["error"]}
    assert list(errors) == ["aa.jpg", "b.jpg", "absent.jpg"]
    assert errors["absent.jpg"] == f"cannot open {absent} as a picture: No such file or directory"
    assert result.status == 1
    assert len(result.err.splitlines()) == 4
    assert result.err.endswith("3 of 5 pictures could not be read\n")


def test_names_of_any_bytes(command: RunCommand, small_bundle: Path, folder: Path) -> None:
    odd = os.fsdecode(b"\xff\x1b[31m\n.png")
    (folder / "a.png").rename(folder / odd)
    options = ("--labels", "cat,dog", "--encoder", small_bundle)
    result = command("classify", folder, *options)
    assert len(result.out.splitlines()) == 2 and "\x1b" not in result.out
    paths = [
        json.loads(line)["path"]
        for line in command("classify", folder, *options, "--format", "json").out.split("\n")[:-1]
    ]
    assert str(folder / odd) in paths


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--labels", "cat,,dog"], "--labels: label 2 is empty"),
        (["--labels", "cat,Cat"], "--labels: label 2, 'Cat', repeats label 1"),
        (["--labels", "cat,dog", "--templates", "nonesuch"], "no templates 'nonesuch'"),
        (["--labels", "cat,dog", "--templates", "TEMPLATES"], "line 2: 'a photo' has no {}"),
        (["--labels-file", "LABELS"], "label 3, 'cat', repeats label 1"),
        (["--labels-file", "absent.txt"], "'absent.txt' does not exist"),
        ([], "expected either --labels or --labels-file"),
        (["--labels", "cat,dog", "--labels-file", "LABELS"], "expected either --labels or --labels-file"),
        (["--labels", "cat,dog", "EMPTY"], "no pictures below"),
    ],
)
def test_misuse_is_one_line_and_exit_2(
    options: list[str], says: str, command: RunCommand, small_bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "labels.txt").write_text("cat\ndog\ncat\n")
    (tmp_path / "templates.txt").write_text("a {}\na photo\n")
    (tmp_path / "empty").mkdir()
    places = {"LABELS": "labels.txt", "TEMPLATES": "templates.txt", "EMPTY": "empty"}
    given = [str(tmp_path / places[option]) if option in places else option for option in options]
    photos = [] if "EMPTY" in options else [tmp_path / "any.jpg"]
    result = command("classify", *photos, *given, "--encoder", small_bundle)
    assert (result.status, result.out) == (2, "")
    assert says in result.err.splitlines()[-1]


def test_an_encoder_that_is_none_is_a_failure(command: RunCommand, folder: Path) -> None:
    result = command("classify", folder, "--labels", "cat,dog", "--encoder", "nonesuch")
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith("error: no encoder 'nonesuch'") and len(result.err.splitlines()) == 1


def test_a_bundle_classifies_without_torch(small_bundle: Path, folder: Path) -> None:
    program = """
import sys
from clipcore.__main__ import run
try:
    run(sys.argv[1:])
finally:
    print("torch" in sys.modules)
"""
    args = ["classify", str(folder / "a.png"), "--labels", "cat,dog", "--encoder", str(small_bundle)]
    result = subprocess.run([sys.executable, "-c", program, *args], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[1:] == ["False"]


def test_probabilities_of_one_picture_sum_to_one(command: RunCommand, small_bundle: Path, folder: Path) -> None:
    result = command("classify", folder, "--labels", "a,b,c,d", "--format", "json", "--encoder", small_bundle)
    for line in result.out.splitlines():
        assert np.sum([label["probability"] for label in json.loads(line)["labels"]]) == pytest.approx(1, abs=1e-5)
