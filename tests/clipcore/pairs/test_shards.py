import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from clipcore.errors import PairsError
from clipcore.pairs.candidates import gather
from clipcore.pairs.card import write_card
from clipcore.pairs.shards import write_shards
from clipcore.pairs.skipped import Skipped
from clipcore.pairs.sources import find_sources, open_all
from tests.clipcore.pairs.conftest import captioned, picture
from tests.clipcore.tars import write_tar


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """Seven pairs in parts of three: six in a tar, one JPEG with a URL in a folder."""
    tar = write_tar(tmp_path / "a.tar", captioned([[f"picture {n}", f"again {n}"] for n in range(6)]))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x.png").write_bytes(picture(9, format="JPEG"))
    (tmp_path / "folder" / "x.json").write_text('{"caption": "größer", "url": "https://example.org/x"}')
    gather([tar, tmp_path / "folder"], tmp_path / "stage", part=3)
    return tmp_path / "stage"


def test_shards_hold_the_files_as_they_were(stage: Path, tmp_path: Path) -> None:
    counted = write_shards(stage, tmp_path / "out", per_shard=4)
    assert (counted.taken, counted.kept) == (7, 7)
    tars = find_sources([str(tmp_path / "out")])
    assert [tar.name for tar in tars] == ["00000.tar", "00001.tar"]
    with tarfile.open(tars[1]) as tar:
        assert tar.getnames()[-3:] == [f"000000006.{suffix}" for suffix in ("jpg", "txt", "json")]
        told = json.load(tar.extractfile("000000006.json"))  # type: ignore[arg-type]
    assert told == {
        "key": "x",
        "captions": ["größer"],
        "source": str(tmp_path / "folder"),
        "url": "https://example.org/x",
    }
    pairs = list(open_all(tars, Skipped()))
    assert [pair.captions for pair in pairs] == [*((f"picture {n}", f"again {n}") for n in range(6)), ("größer",)]
    assert [pair.encoded for pair in pairs] == [*map(picture, range(6)), picture(9, format="JPEG")]


def test_a_shard_that_is_missing_is_made_again_the_same(stage: Path, tmp_path: Path) -> None:
    write_shards(stage, tmp_path / "out", per_shard=4)
    tars = find_sources([str(tmp_path / "out")])
    before = [tar.read_bytes() for tar in tars]
    tars[1].unlink()
    (tmp_path / "out" / "parts" / "report.json").unlink()
    kept = tars[0].stat().st_mtime_ns
    write_shards(stage, tmp_path / "out", per_shard=4)
    assert [tar.read_bytes() for tar in tars] == before and tars[0].stat().st_mtime_ns == kept
    write_shards(stage, tmp_path / "out", per_shard=10)
    assert len(find_sources([str(tmp_path / "out")])) == 1


def test_pictures_that_went_away_are_counted_and_the_rest_is_written(stage: Path, tmp_path: Path) -> None:
    (tmp_path / "folder" / "x.png").unlink()
    counted = write_shards(stage, tmp_path / "out")
    assert counted.kept == 6 and counted.skipped.names == {"pictures that are gone": ["x"]}


def test_a_full_disk_leaves_whole_shards_only(stage: Path, tmp_path: Path, small_disk: Callable[..., Path]) -> None:
    write_shards(stage, tmp_path / "roomy", per_shard=4)
    disk = small_disk(str((tmp_path / "roomy" / "00000.tar").stat().st_size + 40_000))
    with pytest.raises(
        PairsError, match=r"cannot write .*00001\.tar: No space left on device; what is finished is kept"
    ):
        write_shards(stage, disk / "out", per_shard=4)
    assert [path.name for path in (disk / "out").iterdir() if path.is_file()] == ["00000.tar"]
    assert len(list(open_all(find_sources([str(disk / "out")]), Skipped()))) == 4


def test_a_card_needs_finished_shards(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match="holds no finished stage"):
        write_card(tmp_path)
