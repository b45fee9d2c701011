"""Stages go on where they stopped, do nothing twice, and end up with the same parts however often interrupted."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from clipcore.errors import PairsError
from clipcore.pairs.candidates import gather
from clipcore.pairs.filters import Filters, keep_good
from clipcore.pairs.parts import list_parts, pairs_of, read_counted
from clipcore.pairs.stages import Workers, stage_parts
from tests.clipcore.pairs.conftest import captioned
from tests.clipcore.tars import write_tar


def keys(folder: Path) -> list[str]:
    return [pair.key for part in list_parts(folder) for pair in pairs_of(pa.parquet.read_table(part))]


def table_of_urls(path: Path, rows: int) -> Path:
    lines = (f"http://example.org/{n},caption number {n}" for n in range(rows))
    path.write_text("\n".join(["url,caption", *lines]) + "\n")
    return path


def test_candidates_of_several_sources_in_parts(tmp_path: Path) -> None:
    sources = [write_tar(tmp_path / "a.tar", captioned([["one"], ["two"], []])), tmp_path / "missing.tar"]
    sources += [table_of_urls(tmp_path / "t.csv", 5)]
    counted = gather(sources, tmp_path / "out", part=2)
    assert [part.name for part in list_parts(tmp_path / "out")] == [
        f"{name}.parquet" for name in ("00000-00000", "00001-00000", "00002-00000", "00002-00001", "00002-00002")
    ]
    assert (counted.taken, counted.kept) == (9, 7)
    assert counted.skipped.counts == {"pictures without a caption": 1, "sources that cannot be read": 1}
    assert keys(tmp_path / "out")[:2] == ["0000", "0001"]


def test_a_compressed_tar_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    packed = write_tar(tmp_path / "a.tar.gz", captioned([["one"], ["two"]]), "w:gz")
    counted = gather([packed, write_tar(tmp_path / "b.tar", captioned([["three"]]))], tmp_path / "out")
    assert counted.kept == 1
    assert "a.tar.gz is compressed, so its pictures cannot be read in place: unpack it" in next(counted.skipped.lines())


def test_a_stage_that_lost_parts_makes_just_those(tmp_path: Path) -> None:
    table = table_of_urls(tmp_path / "t.csv", 7)
    whole = gather([table], tmp_path / "out", part=2)
    parts = list_parts(tmp_path / "out")
    before = {part: part.read_bytes() for part in parts}
    for part in parts[2:]:
        part.unlink()
    (tmp_path / "out" / "report.json").unlink()
    kept = parts[0].stat().st_mtime_ns
    again = gather([table], tmp_path / "out", part=2)
    assert (again.taken, again.kept) == (whole.taken, whole.kept) == (7, 7)
    assert parts[0].stat().st_mtime_ns == kept
    assert [pa.parquet.read_table(part) for part in parts] == [
        pa.parquet.read_table(pa.BufferReader(before[part])) for part in parts
    ]


def test_a_finished_stage_does_nothing_and_other_settings_make_it_anew(tmp_path: Path) -> None:
    gather([table_of_urls(tmp_path / "t.csv", 4)], tmp_path / "in", part=2)
    first = keep_good(tmp_path / "in", tmp_path / "out", Filters())
    times = [part.stat().st_mtime_ns for part in list_parts(tmp_path / "out")]
    assert keep_good(tmp_path / "in", tmp_path / "out", Filters()) == first
    assert [part.stat().st_mtime_ns for part in list_parts(tmp_path / "out")] == times
    assert keep_good(tmp_path / "in", tmp_path / "out", Filters(min_words=4)).kept == 0


def test_changed_inputs_make_a_stage_anew(tmp_path: Path) -> None:
    table = table_of_urls(tmp_path / "t.csv", 4)
    gather([table], tmp_path / "in")
    assert keep_good(tmp_path / "in", tmp_path / "out", Filters()).kept == 4
    table_of_urls(table, 6)
    gather([table], tmp_path / "in")
    assert keep_good(tmp_path / "in", tmp_path / "out", Filters()).kept == 6


def test_parts_in_several_processes_are_the_same(tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "a.tar", captioned([[f"picture number {n}"] for n in range(6)]))
    gather([tar], tmp_path / "in", part=2)
    one = keep_good(tmp_path / "in", tmp_path / "one", Filters())
    two = keep_good(tmp_path / "in", tmp_path / "two", Filters(), Workers(2))
    assert (one.taken, one.kept) == (two.taken, two.kept) == (6, 6)
    for a, b in zip(list_parts(tmp_path / "one"), list_parts(tmp_path / "two"), strict=True):
        assert pa.parquet.read_table(a) == pa.parquet.read_table(b)


def test_what_is_no_stage_is_said(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match="holds no finished stage"):
        stage_parts(tmp_path)
    (tmp_path / "my-thesis.txt").write_text("precious")
    with pytest.raises(PairsError, match="holds other files"):
        gather([table_of_urls(tmp_path / "t.csv", 1)], tmp_path)
    assert (tmp_path / "my-thesis.txt").read_text() == "precious"
    (tmp_path / "x.parquet").write_bytes(b"no part")
    with pytest.raises(PairsError, match="is no part of a stage"):
        read_counted(tmp_path / "x.parquet")


def test_sources_with_nothing_in_them_are_an_error_that_can_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match="no captioned picture in the sources: 1 sources that cannot be read: no such"):
        gather([tmp_path / "t.csv"], tmp_path / "out")
    table_of_urls(tmp_path / "t.csv", 3)
    assert gather([tmp_path / "t.csv"], tmp_path / "out").kept == 3


def test_a_full_disk_is_one_line_and_costs_what_was_unfinished(tmp_path: Path, small_disk: Callable[..., Path]) -> None:
    table = table_of_urls(tmp_path / "t.csv", 30_000)
    disk = small_disk("200k")
    with pytest.raises(PairsError, match="No space left on device; what is finished is kept") as caught:
        gather([table], disk / "out", part=2_000)
    assert "\n" not in str(caught.value)
    finished = list_parts(disk / "out")
    assert finished and not list((disk / "out").glob(".*"))
    times = [part.stat().st_mtime_ns for part in finished]
    subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
    assert gather([table], disk / "out", part=2_000).kept == 30_000
    assert [part.stat().st_mtime_ns for part in finished] == times
    assert len(set(keys(disk / "out"))) == 30_000


def test_killed_at_any_moment_it_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    table = table_of_urls(tmp_path / "t.csv", 20_000)
    out = tmp_path / "killed"
    program = "import sys; from pathlib import Path; from clipcore.pairs.candidates import gather; "
    program += "gather([Path(sys.argv[1])], Path(sys.argv[2]), part=500)"
    process = subprocess.Popen([sys.executable, "-c", program, str(table), str(out)])
    while len(list_parts(out)) < 3 and process.poll() is None:
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was done before it could be killed"
    left = len(list_parts(out))
    assert 3 <= left < 40
    assert gather([table], out, part=500).kept == 20_000
    assert gather([table], tmp_path / "whole", part=500).kept == 20_000
    assert keys(out) == keys(tmp_path / "whole")
