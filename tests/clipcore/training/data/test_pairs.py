"""What a run takes, and one line for each thing that it does not."""

import json
from pathlib import Path

import pytest

from clipcore.errors import TrainingError
from clipcore.pairs.skipped import Skipped
from clipcore.training.data.pairs import BY_PROCESSES, TrainingPairs
from tests.clipcore.tars import write_tar
from tests.clipcore.training.conftest import pair_files, picture


def read(*given: Path | str) -> tuple[TrainingPairs, list[str]]:
    skipped = Skipped()
    pairs = TrainingPairs.read([str(path) for path in given], skipped)
    return pairs, list(skipped.lines())


def test_tars_a_folder_and_a_table_together(tmp_path: Path) -> None:
    for number in range(2):
        write_tar(tmp_path / f"shard-{number}.tar", pair_files(3, first=3 * number))
    folder = tmp_path / "photos"
    folder.mkdir()
    encoded, caption = picture(6)
    (folder / "six.png").write_bytes(encoded)
    (folder / "six.txt").write_text(caption)
    (tmp_path / "seven.png").write_bytes(picture(7)[0])
    (tmp_path / "table.csv").write_text(f'path,caption\nseven.png,"{picture(7)[1]}"\nseven.png,a second caption\n')
    pairs, lines = read(tmp_path / "shard-{0..1}.tar", folder, tmp_path / "table.csv")
    assert pairs.parts == [3, 3, 1, 1]
    assert lines == []
    for number in range(8):
        assert pairs[number].encoded == picture(number)[0]
    assert pairs[5].captions == (picture(5)[1], f"{picture(5)[1]}, again")
    assert pairs[6].captions == (caption,)
    assert pairs[7].captions[1] == "a second caption"


def test_what_cannot_be_used_is_counted_and_named(tmp_path: Path) -> None:
    files = pair_files(2)
    files |= {"no-caption.png": picture(3)[0], "no-picture.txt": b"a lone caption"}
    files |= {"empty.png": picture(4)[0], "empty.json": json.dumps({"caption": "  "}).encode()}
    pairs, lines = read(write_tar(tmp_path / "a.tar", files))
    assert len(pairs) == 2
    assert len(lines) == 2
    assert "2 pictures without a caption: a.tar:no-caption, a.tar:empty" in lines
    assert "1 captions without a picture: a.tar:no-picture" in lines


def test_a_tar_that_was_cut_short_gives_what_it_has(tmp_path: Path) -> None:
    whole = write_tar(tmp_path / "cut.tar", pair_files(10))
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    pairs, lines = read(whole)
    assert 2 <= len(pairs) < 10
    assert pairs[len(pairs) - 1].encoded == picture(len(pairs) - 1)[0]
    assert any("tars cut short: cut.tar after" in line for line in lines)


@pytest.mark.parametrize("given", ["shard-{0..3}.tar", "shard-0.tar shard-3.tar"])
def test_a_missing_shard_is_one_line_before_anything_is_read(given: str, tmp_path: Path) -> None:
    write_tar(tmp_path / "shard-0.tar", pair_files(1))
    with pytest.raises(TrainingError) as caught:
        read(*(tmp_path / name for name in given.split()))
    assert "missing: " in str(caught.value) and "shard-3.tar" in str(caught.value) and "\n" not in str(caught.value)


def test_no_captioned_picture_at_all_is_one_line_that_says_why(tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "bare.tar", {"1.png": picture(1)[0]})
    with pytest.raises(TrainingError, match=r"no captioned picture in .*bare\.tar: 1 pictures without a caption: .*:1"):
        read(tar)


def test_many_shards_are_read_by_several_processes_in_their_order(tmp_path: Path) -> None:
    for number in range(BY_PROCESSES):
        write_tar(tmp_path / f"{number:02}.tar", pair_files(1 + number % 2, first=number * 10))
    pairs, _ = read(tmp_path / "*.tar")
    assert pairs.parts == [1, 2] * (BY_PROCESSES // 2)
    assert [pairs[number].key for number in range(4)] == ["0000", "0010", "0011", "0020"]


def test_a_compressed_tar_says_what_to_do(tmp_path: Path) -> None:
    import gzip

    tar = write_tar(tmp_path / "a.tar", pair_files(1))
    (tmp_path / "b.tar.gz").write_bytes(gzip.compress(tar.read_bytes()))
    with pytest.raises(TrainingError, match=r"in a compressed tar \(unpack it\)"):
        read(tmp_path / "b.tar.gz")
