import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from clipcore.errors import ImageError, PairsError
from clipcore.pairs.skipped import Skipped
from clipcore.pairs.sources import Reading, find_sources, open_all, open_pairs
from clipcore.pairs.tables import Columns
from tests.clipcore.pairs.conftest import captioned, picture
from tests.clipcore.tars import write_tar


def read(source: Path, reading: Reading | None = None) -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    """Captions by key, and what was skipped by reason."""
    skipped = Skipped()
    pairs = {pair.key: pair.captions for pair in open_pairs(source, skipped, reading)}
    return pairs, dict(skipped.counts)


def test_a_tar_gives_pictures_where_they_lie(tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "a.tar", captioned([["a red dog", " a dog "], ["a cat"]]))
    first, second = open_pairs(tar, Skipped())
    assert first.captions == ("a red dog", "a dog") and second.source == str(tar)
    assert first.encoded == picture(0) and second.open().size == (320, 240)
    assert not isinstance(first.picture, bytes)


def test_a_compressed_tar_is_read_too(tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "a.tar.gz", captioned([["a dog"], ["a cat"]]), "w:gz")
    assert [pair.encoded for pair in open_pairs(tar, Skipped())] == [picture(0), picture(1)]


def test_a_large_table_is_read_a_little_at_a_time(tmp_path: Path) -> None:
    table = tmp_path / "a.parquet"
    columns = pa.schema([("url", pa.string()), ("caption", pa.string())])
    with pa.parquet.ParquetWriter(table, columns, compression="none", use_dictionary=False) as writer:
        for part in range(100):
            urls = [f"https://a.org/{part}/{row}.jpg" for row in range(1000)]
            writer.write_table(pa.table({"url": urls, "caption": [url * 10 for url in urls]}, columns))
    size, before, most = table.stat().st_size, pa.total_allocated_bytes(), 0
    for _ in open_pairs(table, Skipped()):
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < size / 3, f"{most:,} bytes held of a table of {size:,}"


def test_samples_of_a_tar_that_cannot_be_used_are_counted_and_named(tmp_path: Path) -> None:
    files = captioned([["a dog"], ["  ", ""], []])
    files |= {"x.json": b'{"caption": "no picture"}', "y.png": picture(7), "y.json": b"{broken"}
    files |= {"z.png": picture(8), "z.txt": b"caf\xe9", "s.png": picture(9), "s.json": b'{"captions": "a string"}'}
    skipped = Skipped()
    assert [pair.key for pair in open_pairs(write_tar(tmp_path / "a.tar", files), skipped)] == ["0000"]
    assert skipped.counts == {
        "pictures without a caption": 2,
        "captions without a picture": 1,
        "unreadable beside its picture": 3,
    }
    assert "2 pictures without a caption: a.tar:0001, a.tar:0002" in list(skipped.lines())


@pytest.mark.parametrize(("name", "mode"), [("a.tar", "w"), ("a.tar.gz", "w:gz")])
def test_a_tar_cut_short_gives_what_is_whole(tmp_path: Path, name: str, mode: str) -> None:
    files = captioned([["one"], ["two"], ["three"]])
    tar = write_tar(tmp_path / name, files, mode)
    whole = tar.read_bytes()
    tar.write_bytes(whole[: whole.index(files["0002.png"]) + 100 if mode == "w" else len(whole) - 2000])
    pairs, skipped = read(tar)
    assert pairs == {"0000": ("one",), "0001": ("two",)}
    assert skipped["tars cut short"] == 1


def test_a_missing_shard_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    for number in (0, 2):
        write_tar(tmp_path / f"{number:04}.tar", captioned([[f"from {number}"]]))
    sources = find_sources([str(tmp_path / "{0000..0002}.tar")])
    skipped = Skipped()
    assert [pair.captions[0] for pair in open_all(sources, skipped)] == ["from 0", "from 2"]
    assert next(skipped.lines()).startswith("1 sources that cannot be read: no such file or folder: ")
    with pytest.raises(PairsError, match="no such file"):
        list(open_all([tmp_path / "none.tar"], Skipped()))


def test_names_with_stars_and_folders_of_tars(tmp_path: Path) -> None:
    tars = [write_tar(tmp_path / f"{n}.tar", captioned([["one"]])) for n in range(3)]
    assert find_sources([str(tmp_path)]) == find_sources([str(tmp_path / "*.tar")]) == tars
    with pytest.raises(PairsError, match="no file is called"):
        find_sources([str(tmp_path / "*.csv")])


def test_a_folder_with_side_cars(tmp_path: Path) -> None:
    for name, content in {
        "a.png": picture(0),
        "a.txt": b"a dog\n",
        "sub/b.JPG": picture(1, format="JPEG"),
        "sub/b.json": json.dumps({"caption": "a cat", "url": "https://example.org/b.jpg"}).encode(),
        "sub/alone.png": picture(2),
        "sub/nothing.txt": b"no picture",
        ".hidden/c.png": picture(3),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    pairs, skipped = read(tmp_path)
    assert pairs == {"a": ("a dog",), "sub/b": ("a cat",)}
    assert skipped == {"pictures without a caption": 1, "captions without a picture": 1}


def test_labels_become_captions_where_templates_say_so(tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "a.tar", {"1.png": picture(), "1.json": b'{"label": "red_apple"}'})
    assert read(tar) == ({}, {"pictures without a caption": 1})
    assert read(tar, Reading({"label": ("a photo of a {}",)}))[0] == {"1": ("a photo of a red apple",)}


@pytest.mark.parametrize(("suffix", "delimiter"), [(".csv", ","), (".tsv", "\t")])
def test_a_table_with_paths(tmp_path: Path, suffix: str, delimiter: str) -> None:
    (tmp_path / "one.png").write_bytes(picture(1))
    rows = [["Caption", "extra", "filepath"], ["a dog", "1", "one.png"], ['"a ""big""\ndog"', "2", "one.png"]]
    rows += [["a cat", "x", "two.png"], [" ", "x", "three.png"], ["no picture", "x", ""], ["too", "few"]]
    table = tmp_path / f"table{suffix}"
    table.write_bytes(b"\xef\xbb\xbf" + "\n".join(delimiter.join(row) for row in rows).encode() + b"\n")
    pairs, skipped = read(table)
    assert pairs == {"one.png": ("a dog", 'a "big"\ndog'), "two.png": ("a cat",)}
    assert skipped == {
        "pictures without a caption": 1,
        "captions without a picture": 1,
        "rows with too few or too many columns": 1,
    }
    first, second = open_pairs(table, Skipped())
    assert first.encoded == picture(1)
    with pytest.raises(ImageError, match=r"cannot read .*two\.png: No such file"):
        second.open()


def test_a_row_that_is_not_utf8_is_skipped(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes(b"url,text\nhttp://a,caf\xe9\nhttp://b,coffee\n")
    pairs, skipped = read(table)
    assert list(pairs.values()) == [("coffee",)]
    assert skipped == {"rows that are not text in UTF-8": 1}


def test_a_parquet_table_with_urls(tmp_path: Path) -> None:
    table = tmp_path / "table.parquet"
    rows = {"URL": ["http://a", "http://b", None], "TEXT": ["a dog", None, "a cat"]}
    pa.parquet.write_table(pa.table(rows), table)
    skipped = Skipped()
    (pair,) = open_pairs(table, skipped)
    assert (pair.url, pair.captions, pair.picture) == ("http://a", ("a dog",), None)
    assert skipped.total == 2
    with pytest.raises(ImageError, match="only known by its URL"):
        pair.open()


def test_columns_by_name_and_tables_that_are_none(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("what,where\na dog,a.png\n")
    with pytest.raises(PairsError, match="has the columns what, where: expected a caption"):
        read(table)
    assert read(table, Reading(columns=Columns(caption="what", path="where")))[0] == {"a.png": ("a dog",)}
    with pytest.raises(PairsError, match="has no column nope"):
        read(table, Reading(columns=Columns(caption="nope")))
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 but no table")
    with pytest.raises(PairsError, match=r"cannot read .*broken\.parquet as a table"):
        read(broken)
    (tmp_path / "a.zip").write_bytes(b"PK")
    with pytest.raises(PairsError, match="is none of a folder, a tar, or a table"):
        read(tmp_path / "a.zip")
