"""Pairs from tables, read in a stream by pyarrow: ``.csv``, ``.tsv`` and ``.parquet``.

A row has a caption and a path (relative to the table) or a URL, in columns called as tables in use call them, in any
case; rows of one picture that follow each other are one pair with several captions.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from clipcore.errors import PairsError
from clipcore.pairs.pair import Pair, Stored
from clipcore.pairs.skipped import Skipped

TABLES = (".csv", ".tsv", ".parquet")
PATH_COLUMNS = ("path", "filepath", "filename", "file", "image")
URL_COLUMNS = ("url", "image_url", "img_url")
CAPTION_COLUMNS = ("caption", "captions", "title", "text", "alt", "alt_text")


@dataclass(frozen=True)
class Columns:
    """The columns to read; found by their usual names where they are not given."""

    caption: str = ""
    path: str = ""
    url: str = ""


@dataclass(frozen=True)
class Row:
    """One row: a caption or more, and where its picture is."""

    number: int
    captions: tuple[str, ...]
    path: str
    url: str


def read_table(table: Path, skipped: Skipped, columns: Columns | None = None) -> Iterator[Pair]:
    """The pairs of a table in its order; memory is that of one batch of rows.

    Raises:
        PairsError: no such file, not a table, or none of its columns is a caption, or a path or URL.
    """
    for (path, url), rows in groupby(_rows(table, skipped, columns or Columns()), lambda row: (row.path, row.url)):
        several = list(rows)
        captions = tuple(dict.fromkeys(caption for row in several for caption in row.captions))
        picture = Stored(str(table.parent / path)) if path else None
        key = path or f"{several[0].number:09}"
        yield Pair(key, picture, captions, url=url, source=str(table))


def _rows(table: Path, skipped: Skipped, columns: Columns) -> Iterator[Row]:
    number = 0
    try:
        names, batches = _open(table, columns, skipped)
        for batch in batches:
            for values in zip(*(batch.column(name).to_pylist() for name in names if name), strict=True):
                number += 1
                row = _row(number, dict(zip([name for name in names if name], values, strict=True)), names)
                if row is None:
                    skipped.add("rows that are not text in UTF-8", f"{table.name} row {number}")
                elif not row.path and not row.url:
                    skipped.add("captions without a picture", f"{table.name} row {number}")
                else:
                    yield row
    except (OSError, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        if not number:
            raise PairsError(f"cannot read {table} as a table: {reason}") from error
        skipped.add("tables that end in an error", f"{table.name} after row {number}: {reason}")


Names = tuple[str, str, str]  # of the columns of captions, paths and URLs; empty where there is none


def _row(number: int, values: dict[str, Any], names: Names) -> Row | None:
    """A row as text, or None where its bytes are not UTF-8."""
    caption, path, url = (values.get(name) for name in names)
    several = caption if isinstance(caption, list) else [caption]
    try:
        captions = tuple(text for one in several if (text := _text(one)))
        return Row(number, captions, _text(path), _text(url))
    except UnicodeDecodeError:
        return None


def _text(value: Any) -> str:
    """A cell as text, without white space around it."""
    if value is None:
        return ""
    return (value.decode("utf-8") if isinstance(value, bytes) else str(value)).strip()


def _open(table: Path, columns: Columns, skipped: Skipped) -> tuple[Names, Iterator[pa.RecordBatch]]:
    if table.suffix.lower() == ".parquet":
        file = pa.parquet.ParquetFile(table, pre_buffer=False)  # or all that was read stays in memory
        names = _choose(table, file.schema_arrow.names, columns)
        return names, file.iter_batches(10_000, columns=[name for name in names if name])
    read = _csv_reader(table, skipped)
    names = _choose(table, read(None).schema.names, columns)
    return names, iter(read([name for name in names if name]))


def _csv_reader(table: Path, skipped: Skipped) -> Callable[[list[str] | None], pa.csv.CSVStreamingReader]:
    with table.open("rb") as file:
        delimiter = "\t" if b"\t" in file.readline() else ","

    def broken(row: pa.csv.InvalidRow) -> str:
        skipped.add("rows with too few or too many columns", f"{table.name}: {row.text[:40]}")
        return "skip"

    def read(wanted: list[str] | None) -> pa.csv.CSVStreamingReader:
        return pa.csv.open_csv(
            table,
            parse_options=pa.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=broken if wanted else lambda _: "skip"
            ),
            convert_options=pa.csv.ConvertOptions(
                include_columns=wanted, column_types={name: pa.binary() for name in wanted or ()}, check_utf8=False
            ),
        )

    return read


def _choose(table: Path, present: Sequence[str], columns: Columns) -> Names:
    by_name = {name.strip().lower(): name for name in present}

    def find(given: str, usual: Sequence[str]) -> str:
        if given and given not in present:
            raise PairsError(f"{table} has no column {given}: it has {', '.join(present)}")
        return given or next((by_name[name] for name in usual if name in by_name), "")

    caption = find(columns.caption, CAPTION_COLUMNS)
    path, url = find(columns.path, PATH_COLUMNS), find(columns.url, URL_COLUMNS)
    if not caption or not (path or url):
        expected = f"a caption ({', '.join(CAPTION_COLUMNS)}) and a path ({', '.join(PATH_COLUMNS)}) or URL"
        raise PairsError(f"{table} has the columns {', '.join(present)}: expected {expected}")
    return caption, path, url
