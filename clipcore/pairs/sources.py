"""Pictures with captions from anything that holds them: WebDataset tars, folders with side-cars, tables.

`open_pairs` reads one of them in a stream, `open_all` several in turn. What cannot be used is counted and named, never
a reason to stop: a sample without a caption or a picture, a file that is damaged, a tar cut short, a missing shard.
"""

import glob
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from clipcore.errors import PairsError
from clipcore.pairs.folders import read_folder
from clipcore.pairs.pair import Pair, Templates
from clipcore.pairs.skipped import Skipped
from clipcore.pairs.tables import TABLES, Columns, read_table
from clipcore.pairs.webdataset import read_pairs

TARS = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True)
class Reading:
    """How sources are read.

    Attributes:
        templates: texts that label-like fields are turned into, for pictures that have no captions.
        columns: of tables, where they are not called as usual.
    """

    templates: Templates = field(default_factory=dict)
    columns: Columns = Columns()


def find_sources(patterns: Iterable[str]) -> list[Path]:
    """Files and folders from names with ``{0000..0099}`` and ``*`` in them; a folder of tars stands for its tars.

    A name without ``*`` is kept though nothing is there, so that `open_all` can say that it is missing.
    """
    from braceexpand import braceexpand

    found: list[Path] = []
    for pattern in patterns:
        for name in braceexpand(str(Path(pattern).expanduser())):
            matches = sorted(glob.glob(name)) if glob.has_magic(name) and not Path(name).exists() else [name]
            if not matches:
                raise PairsError(f"no file is called {name}")
            for match in map(Path, matches):
                found += _shards(match) or [match]
    return found


def _shards(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.endswith(TARS)) if folder.is_dir() else []


def open_pairs(source: Path, skipped: Skipped, reading: Reading | None = None) -> Iterator[Pair]:
    """The captioned pictures of one source, in its order; pictures are read when asked for.

    Args:
        skipped: counts and names what cannot be used.

    Raises:
        PairsError: no such file or folder, or nothing that can be read.
    """
    reading = reading or Reading()
    for pair in _read(source, skipped, reading):
        captions = pair.captions or pair.texts(reading.templates)
        if captions:
            yield pair if pair.captions else replace(pair, captions=captions)
        else:
            skipped.add("pictures without a caption", f"{source.name}:{pair.key}")


def open_all(sources: Sequence[Path], skipped: Skipped, reading: Reading | None = None) -> Iterator[Pair]:
    """The captioned pictures of several sources in turn; one that is missing or unreadable is counted and named.

    Raises:
        PairsError: none of them could be read.
    """
    failed: list[PairsError] = []
    for source in sources:
        try:
            yield from open_pairs(source, skipped, reading)
        except PairsError as error:
            failed.append(error)
            skipped.add("sources that cannot be read", str(error))
    if failed and len(failed) == len(sources):
        raise failed[0]


def _read(source: Path, skipped: Skipped, reading: Reading) -> Iterator[Pair]:
    if source.is_dir():
        return read_folder(source, skipped)
    if not source.exists():
        raise PairsError(f"no such file or folder: {source}")
    if source.suffix.lower() in TABLES:
        return read_table(source, skipped, reading.columns)
    if source.name.endswith(TARS):
        return read_pairs(source, skipped=skipped)
    raise PairsError(f"{source} is none of a folder, a tar, or a table ({', '.join(TABLES)})")
