import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clipcore.commands.conftest import RunCommand

TINY = ("--size", 32, "--width", 32, "--layers", 1, "--text-layers", 1, "--batch-size", 16, "--points", 2)
OBJECTIVES = ["contrastive", "bag of words", "caption prediction"]
COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220), "white": (240, 240, 240)}


def test_generated_pictures(command: RunCommand, tmp_path: Path) -> None:
    done = command("compare", *TINY, "--generated", 40, "--images", 64, "--questions", 6, "--out", tmp_path / "report")
    assert done.status == 0
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    assert list(results["curves"]) == OBJECTIVES
    for curve in results["curves"].values():
        assert [point["images"] for point in curve["points"]] == [32, 64]
        assert all(0 <= share <= 1 for point in curve["points"] for share in point["accuracy"].values())
    assert results["curves"]["bag of words"]["by_factor"]["held-out"]["binding"] == 0.5  # the same words
    assert results["chance"] == {"held-out": 0.5, "familiar": 0.5}
    with Image.open(tmp_path / "report" / "efficiency-held-out.png") as figure:
        assert figure.size[0] > 500
    page = (tmp_path / "report" / "compare.html").read_text()
    assert page.count("data:image/png") == 1 and "caption prediction" in page
    assert "contrastive" in done.out and "images/s" in done.err


@pytest.fixture
def colours_tar(tmp_path: Path) -> Path:
    """Walls in four colours, with captions and a label; one file is no picture."""
    path = tmp_path / "walls.tar"
    rng = np.random.default_rng(0)
    with tarfile.open(path, "w") as tar:

        def add(name: str, content: bytes) -> None:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))

        for i in range(24):
            name = list(COLOURS)[i % 4]
            noisy = (np.array(COLOURS[name]) + rng.normal(0, 9, (40, 50, 3))).clip(0, 255).astype(np.uint8)
            png = io.BytesIO()
            Image.fromarray(noisy).save(png, "PNG")
            said = {"captions": [f"a {name} wall number {i}", f"number {i} is {name}"], "label": name}
            add(f"{i:03}.png", png.getvalue() if i != 5 else b"not a picture")
            add(f"{i:03}.json", json.dumps(said).encode())
    return path


def test_real_pairs(command: RunCommand, tmp_path: Path, colours_tar: Path) -> None:
    data = ("--pairs", colours_tar, "--captioned", colours_tar, "--labelled", colours_tar, "--choices", 5)
    done = command("compare", *data, *TINY, "--images", 32, "--prompt", "a {} wall", "--out", tmp_path / "report")
    assert done.status == 0
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    assert results["chance"] == {"captions": 0.2, "classes": 0.25}
    assert results["settings"]["pictures"] == "23"
    assert "unreadable pictures: 005" in done.err
    assert (tmp_path / "report" / "efficiency-classes.png").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--pairs", "{tar}"), "--captioned or --labelled"),
        (("--labelled", "{tar}"), "give --pairs"),
        (("--objective", "sorting"), "no objective 'sorting'"),
        (("--prompt", "a photo"), "has no {}"),
        (("--pairs", "nowhere.tar"), "no data set nowhere.tar"),
        (("--rate", "0"), "--rate"),
    ],
)
def test_misuse_is_said_at_once(
    command: RunCommand, tmp_path: Path, colours_tar: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = command("compare", *(a.replace("{tar}", str(colours_tar)) for a in arguments), "--out", tmp_path / "report")
    assert done.status == 2 and said in done.err
    assert not (tmp_path / "report").exists()


def test_sizes_that_do_not_fit_are_one_line(command: RunCommand, tmp_path: Path) -> None:
    done = command("compare", "--size", 50, "--out", tmp_path / "report")
    assert done.status == 1 and done.err.splitlines() == [
        "error: pictures of 50 pixels do not divide into patches of 8"
    ]


def test_a_report_that_cannot_be_written_is_one_line(command: RunCommand, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = command("compare", *TINY, "--generated", 4, "--questions", 2, "--out", tmp_path / "file" / "report")
    assert done.status == 1 and done.err.startswith(f"error: cannot write into {tmp_path / 'file' / 'report'}")
