"""What encoders are measured on, in three forms: a folder of classes, a WebDataset tar, a captions table.

- A folder: each folder in it is a class, whatever is below that one its pictures.
- A tar: ``KEY.jpg`` beside ``KEY.json`` or ``KEY.txt``; `clipcore.pairs.webdataset` says how it is read.
- A table, ``.csv`` or ``.tsv``: a column of paths relative to the table and one of captions, a row for each caption.

``PATH@PREFIX`` is the part of a data set whose keys begin with PREFIX: ``photos.tar@dev/``.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from clipcore.errors import EvaluationError
from clipcore.pairs.webdataset import read_pairs
from clipcore.photos import find_photos
from clipcore.preprocess import open_image

TABLES = (".csv", ".tsv")
PATH_COLUMNS = ("path", "filepath", "filename", "file", "image")
CAPTION_COLUMNS = ("caption", "title", "text")


@dataclass(frozen=True)
class Example:
    """A picture, not yet read, and what is known of it; empty where nothing is.

    Attributes:
        key: its name in the data set.
        open: gives the picture; raises ImageError where there is none.
    """

    key: str
    open: Callable[[], Image.Image]
    label: str = ""
    captions: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataSet:
    """The examples at `path` whose keys begin with `only`, read anew each time."""

    path: Path
    only: str = ""

    @classmethod
    def parse(cls, text: str) -> "DataSet":
        """From ``PATH`` or ``PATH@PREFIX``.

        Raises:
            EvaluationError: no such file or folder.
        """
        path, _, only = text.rpartition("@")
        for data in (cls(Path(text).expanduser()), cls(Path(path).expanduser(), only)):
            if (path or not data.only) and data.path.exists():
                return data
        raise EvaluationError(
            f"no data set {text}: expected a folder of classes, a .tar, or a .csv or .tsv of captions"
        )

    def __str__(self) -> str:
        return f"{self.path}@{self.only}" if self.only else str(self.path)

    def __iter__(self) -> Iterator[Example]:
        """The examples in the order of the data set.

        Raises:
            EvaluationError: a table that cannot be understood.
            TrainingError: a tar that cannot be read.
        """
        if self.path.is_dir():
            return self._narrowed(_read_folder(self.path))
        if self.path.suffix.lower() in TABLES:
            return self._narrowed(_read_table(self.path))
        pairs = read_pairs(self.path, only=self.only)
        return (Example(pair.key, pair.open, pair.fields.get("label", ""), pair.captions) for pair in pairs)

    def _narrowed(self, examples: Iterator[Example]) -> Iterator[Example]:
        return (example for example in examples if example.key.startswith(self.only))


def _read_folder(root: Path) -> Iterator[Example]:
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")):
        for path in find_photos([folder]):
            yield Example(path.relative_to(root).as_posix(), partial(open_image, path), label=folder.name)


def _read_table(table: Path) -> Iterator[Example]:
    captions: dict[str, list[str]] = {}
    for path, caption in _rows(table):
        captions.setdefault(path, []).append(caption)
    for path, texts in captions.items():
        yield Example(path, partial(open_image, table.parent / path), captions=tuple(texts))


def _rows(table: Path) -> Iterator[tuple[str, str]]:
    """Paths and captions; the columns are found by the names that tables in use have, in any case."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter="\t" if "\t" in header else ",", strict=True)
            path_column, caption_column = (
                _column(table, reader.fieldnames or (), names) for names in (PATH_COLUMNS, CAPTION_COLUMNS)
            )
            for row in reader:
                path, caption = ((row[column] or "").strip() for column in (path_column, caption_column))
                if not path or not caption:
                    raise EvaluationError(f"{table} line {reader.line_num}: expected a path and a caption")
                yield path, caption
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(f"cannot read {table} as a table: {error}") from error


def _column(table: Path, columns: Sequence[str], names: tuple[str, ...]) -> str:
    by_name = {column.strip().lower(): column for column in columns}
    found = next((by_name[name] for name in names if name in by_name), None)
    if found is None:
        raise EvaluationError(f"{table} has the columns {', '.join(columns)}: expected one called {' or '.join(names)}")
    return found
