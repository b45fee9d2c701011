"""The pairs commands as they are typed: shards and a card out of sources, errors in one line."""

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clipcore.__main__ import run
from clipcore.pairs.download import arguments, fetch, read_fetched
from clipcore.pairs.skipped import Skipped
from clipcore.pairs.sources import find_sources, open_all
from tests.clipcore.pairs.conftest import captioned
from tests.clipcore.tars import write_tar

ANIMALS = ("dog", "cat", "bird", "horse")


def pairs(*arguments: object) -> int:
    """Exit status of ``python -m clipcore pairs``."""
    with pytest.raises(SystemExit) as caught:
        run(["pairs", *map(str, arguments)])
    return int(caught.value.code or 0)


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    texts = [[f"a {ANIMALS[n % 4]} with number {n} in a {'green' if n % 5 else 'snowy'} field"] for n in range(12)]
    return write_tar(tmp_path / "a.tar", captioned([*texts, []]))


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    (tmp_path / "queries.txt").write_text("\n".join((*ANIMALS, "snowy field", "whale")))
    return tmp_path / "queries.txt"


def test_build_from_sources_to_shards_with_a_card(
    tar: Path, queries: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    given = (
        "build",
        tar,
        tmp_path / "gone.tar",
        "--queries",
        queries,
        "--per-query",
        2,
        "--language",
        "en",
        "--by",
        "image",
    )
    assert pairs(*given, "--per-shard", 5, "--out", out) == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(out / "README.md")
    assert "candidates: 12 of 14 pairs\n" in told.err
    assert "left out 1 sources that cannot be read: no such file or folder:" in told.err
    kept = list(open_all(find_sources([str(out)]), Skipped()))
    assert 8 <= len(kept) <= 10  # two for each animal, and two more for snowy fields unless they are the same
    numbers = json.loads((out / "statistics.json").read_text())
    assert numbers["pairs"] == len(kept) and numbers["queries_matched"] == 5
    assert [s["name"] for s in numbers["stages"]] == [
        "candidates",
        "filter",
        "deduplicate",
        "match",
        "balance",
        "shards",
    ]
    card = (out / "README.md").read_text()
    assert f"{len(kept)} pictures with captions in WebDataset shards, from 14 candidates." in card
    assert "- candidates: 1 pictures without a caption: a.tar:0012" in card
    assert "| dog | 3 |" in card
    for plot in ("pairs-per-query", "caption-words", "sizes", "left-out"):
        assert f"]({plot}.png)" in card and (out / f"{plot}.png").read_bytes().startswith(b"\x89PNG")
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.suffix in (".parquet", ".tar", ".npy")}
    assert pairs(*given, "--per-shard", 5, "--out", out) == 0
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_stage_by_stage_comes_to_the_same(tar: Path, queries: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert pairs("build", tar, "--queries", queries, "--per-query", 2, "--out", tmp_path / "whole") == 0
    assert pairs("candidates", tar, "--out", work / "1") == 0
    assert pairs("filter", work / "1", "--out", work / "2") == 0
    assert pairs("deduplicate", work / "2", "--out", work / "3") == 0
    assert pairs("match", work / "3", "--queries", queries, "--out", work / "4") == 0
    assert pairs("balance", work / "4", "--per-query", 2, "--out", work / "5") == 0
    assert pairs("shards", work / "5", "--queries", queries, "--out", work / "6") == 0
    assert (work / "6" / "00000.tar").read_bytes() == (tmp_path / "whole" / "00000.tar").read_bytes()


def test_labels_as_captions_and_a_query_list_of_ones_own(
    tar: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "corpus.txt").write_text("a dog and a cat\n" * 3)
    (tmp_path / "titles.txt").write_text("Moby Dick\n")
    out = tmp_path / "q.txt"
    assert (
        pairs("queries", tmp_path / "corpus.txt", "--titles", tmp_path / "titles.txt", "--min-count", 3, "--out", out)
        == 0
    )
    assert "4 words" in capsys.readouterr().err
    assert out.read_text().split("\n")[:4] == ["a", "dog", "and", "cat"] and "moby dick" in out.read_text()
    labelled = {name.replace("json", "x"): content for name, content in captioned([["x"]]).items() if "png" in name}
    tar = write_tar(tmp_path / "labelled.tar", labelled | {"0000.json": b'{"label": "zebra"}'})
    assert pairs("candidates", tar, "--template", "label=a photo of a {}", "--out", tmp_path / "labels") == 0


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (
            ("build", "nowhere.tar"),
            1,
            "error: no captioned picture in the sources: 1 sources that cannot be read: no such",
        ),
        (("build", "*.tar"), 1, "error: no file is called *.tar"),
        (("candidates", "a.tar", "--template", "label"), 2, "expected FIELD=TEXT with {} in it"),
        (("filter", "."), 1, "error: . holds no finished stage"),
        (("build", "a.tar", "--colour", "red"), 2, "No such option"),
    ],
)
def test_mistakes_are_one_line(
    arguments: tuple[str, ...],
    status: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert pairs(*arguments, "--out", "out") == status
    told = capsys.readouterr().err
    assert message in told and "Traceback" not in told


def test_downloads_say_what_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text("url,caption\nhttp://example.org/1,a dog\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pairs("download", tmp_path / "t.csv", "--out", tmp_path / "out") == 1
    assert "error: downloads need img2dataset on the path: pipx install img2dataset" in capsys.readouterr().err


def test_what_img2dataset_left_is_read(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for number in range(3):
        write_tar(out / f"{number:05}.tar", captioned([["a dog"]]))
    for number, told in enumerate(
        ('{"status_dict": {"success": 1, "failed_to_download": 4}}', '{"status_dict": {"success": 1}}')
    ):
        (out / f"{number:05}_stats.json").write_text(told)
    fetched = read_fetched(out)
    assert [path.name for path in fetched.shards] == ["00000.tar", "00001.tar"]
    assert fetched.statuses == {"success": 2, "failed_to_download": 4}


def test_img2dataset_is_run_as_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "t.parquet"
    table.write_bytes(b"")
    program = tmp_path / "img2dataset"
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {tmp_path}/arguments\nexit 3\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(
        Exception, match=r"img2dataset failed on .*t\.parquet: .* exit status 3\.; run it again to go on"
    ):
        fetch(table, tmp_path / "out")
    given = (tmp_path / "arguments").read_text().split()
    from clipcore.pairs.download import Fetch

    assert given == arguments(table, tmp_path / "out", Fetch())
    assert {f"--url_list={table}", "--input_format=parquet", "--output_format=webdataset"} <= set(given)


@pytest.mark.slow
def test_build_killed_in_every_stage_ends_with_the_same_shards(queries: Path, tmp_path: Path) -> None:
    for number in range(4):
        texts = [[f"a {animal} of kind {number} that {n} people saw"] for n, animal in enumerate(ANIMALS)]
        write_tar(tmp_path / f"{number}.tar", captioned(texts, 10 * number))
    given = ("build", str(tmp_path / "{0..3}.tar"), "--queries", str(queries), "--by", "image", "--per-shard", "4")
    assert pairs(*given, "--out", tmp_path / "whole") == 0
    out, kills = tmp_path / "killed", 0

    def made() -> int:
        return len([path for path in out.rglob("*") if not path.name.startswith(".")])

    while True:
        process = subprocess.Popen([sys.executable, "-m", "clipcore", "pairs", *given, "--out", str(out)])
        before = made()
        while process.poll() is None and made() < before + 8:
            time.sleep(0.001)
        process.kill()
        if process.wait() == 0:
            break
        kills += 1
    assert kills >= 3
    for tar in find_sources([str(tmp_path / "whole")]):
        told = [(pair.captions, pair.encoded) for pair in open_all([tar, out / tar.name], Skipped())]
        assert told[: len(told) // 2] == told[len(told) // 2 :] and len(told) == 8
    assert (out / "README.md").exists()
