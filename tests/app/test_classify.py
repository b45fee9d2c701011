"""A folder classified from the library's vectors, and from a look where it has none."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.classify import classify
from app.cli import main
from app.services import Services
from clipcore.encoder import Encoder
from clipcore.zeroshot import class_vectors
from tests.conftest import paint

NAMES = ("a cat", "a wall of colours", "a letter")


def _run(*args: str) -> Result:
    return CliRunner().invoke(main, ["classify", *args])


def test_stored_vectors_and_a_look_say_the_same(
    services: Services, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = services.library.encoder
    paths, classes = sorted(folder.rglob("*.*")), class_vectors(encoder, NAMES)
    looks: list[object] = []
    decode = Encoder.decode
    monkeypatch.setattr(Encoder, "decode", lambda *args, **options: looks.append(args[1]) or decode(*args, **options))
    stored = list(classify(services.library, paths, NAMES, classes, 3))
    assert looks == []
    for path in paths[1:3]:
        path.touch()  # no longer the file that was indexed, as far as one can tell
    again = list(classify(services.library, paths, NAMES, classes, 3))
    assert looks == paths[1:3]
    assert [answer.path for answer in again] == paths
    for one, other in zip(stored, again, strict=True):
        assert [label for label, _ in one.labels] == [label for label, _ in other.labels]
        assert [p for _, p in one.labels] == pytest.approx([p for _, p in other.labels], abs=0.02)


def test_tables_out(services: Services, folder: Path) -> None:
    paint(folder / "new.png", 9)
    (folder / "spoilt.jpg").write_bytes(b"no picture")
    told = _run(str(folder), "--labels", ",".join(NAMES), "--csv", "-k", "2")
    assert told.exit_code == 1 and "1 of 7 pictures could not be read" in told.stderr
    rows = list(csv.DictReader(io.StringIO(told.stdout)))
    assert len(rows) == 6 * 2 + 1
    assert [row["error"] != "" for row in rows if row["path"].endswith("spoilt.jpg")] == [True]
    (folder / "spoilt.jpg").unlink()
    told = _run(str(folder), "--labels", ",".join(NAMES), "--json")
    assert told.exit_code == 0
    assert {json.loads(line)["labels"][0]["label"] for line in told.stdout.splitlines()} <= set(NAMES)


@pytest.mark.parametrize(
    "args",
    [("nowhere", "--labels", "a,b"), (".",), (".", "--labels", "a,a"), (".", "--labels", "a", "--csv", "--json")],
)
def test_misuse_is_said(own_home: Path, args: tuple[str, ...]) -> None:
    told = _run(*args)
    assert told.exit_code in (1, 2) and told.stderr.count("\n") == 1
