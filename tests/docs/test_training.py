"""docs/training.md, run as it is written: each command of its shell blocks, in turn, on a few small pictures."""

import csv
import json
import re
import shlex
from pathlib import Path

import pytest

from app.cli import main as sightline
from clipcore.__main__ import run as clipcore
from tests.clipcore.training.conftest import picture

DOCUMENT = Path(__file__).parents[2] / "docs" / "training.md"
SMALL = [
    "--steps",
    "3",
    "--batch-size",
    "8",
    "--warmup-steps",
    "1",
    "--workers",
    "0",
    "--precision",
    "fp32",
]


def commands() -> list[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def write_table(path: Path, photos: Path, numbers: range) -> None:
    photos.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "caption"])
        for number in numbers:
            encoded, caption = picture(number)
            (photos / f"{number}.png").write_bytes(encoded)
            writer.writerow([f"{photos.name}/{number}.png", caption])


@pytest.mark.slow
def test_from_a_table_to_a_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, numbers in (("captions.csv", range(24)), ("dev.csv", range(24, 36)), ("other.csv", range(36, 44))):
        write_table(tmp_path / name, tmp_path / ("photos" if name == "captions.csv" else name[:-4]), numbers)
    seen = []
    for command in commands():
        program, arguments = (clipcore, command[3:]) if command[0] == "python" else (sightline, command[1:])
        with pytest.raises(SystemExit) as ended:
            program([*arguments, *(SMALL if "train" in arguments else ())])
        output = capsys.readouterr()
        assert not ended.value.code, f"{shlex.join(command)}\n{output.err}"
        seen.append((shlex.join(command), output.out))
    assert [text.split()[-1] for text, _ in seen[:3]] == ["runs/first", "runs/tuned", "runs/adapted"]
    assert len(seen) == 7
    assert "photos/" in seen[-1][1], "the search finds pictures"
    page = (tmp_path / "runs/adapted/report.html").read_text("utf-8")
    for wanted in ("loss.png", "temperature.png", "schedule.png", "measured.png", "retrieval-0.png", "general loss"):
        assert wanted in page
    assert {p.name for p in (tmp_path / "runs/adapted").glob("*.png")} >= {"loss.png", "retrieval-0.png"}
    assert json.loads((tmp_path / "my-encoder/bundle.json").read_text())["dim"] == 64
    assert list((tmp_path / "runs/first/tensorboard").iterdir()), "events for TensorBoard"
