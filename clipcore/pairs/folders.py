"""Pairs from a folder: ``sub/KEY.jpg`` beside ``sub/KEY.json`` or ``sub/KEY.txt``, read as in a WebDataset tar."""

import os
from collections.abc import Iterator
from pathlib import Path

from clipcore.errors import PairsError
from clipcore.pairs.pair import Pair, Stored, describe
from clipcore.pairs.skipped import Skipped
from clipcore.photos import SUFFIXES

SIDE_CARS = (".json", ".txt")


def read_folder(root: Path, skipped: Skipped) -> Iterator[Pair]:
    """The pictures below a folder, sorted, hidden ones left out; each folder's names are held, never the whole tree's.

    Raises:
        PairsError: `root` cannot be listed.
    """
    for folder, names in _folders(root):
        beside: dict[str, dict[str, str]] = {}
        for name in names:
            stem, suffix = os.path.splitext(name)
            beside.setdefault(stem, {})[suffix.lower()] = name
        for stem, files in beside.items():
            pair = _pair(root, folder, stem, files, skipped)
            if pair is not None:
                yield pair


def _folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    def unreadable(error: OSError) -> None:
        raise PairsError(f"cannot read {error.filename}: {error.strerror}") from error

    for folder, below, names in os.walk(root, onerror=unreadable):
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield Path(folder), sorted(name for name in names if not name.startswith("."))


def _pair(root: Path, folder: Path, stem: str, files: dict[str, str], skipped: Skipped) -> Pair | None:
    key = (folder / stem).relative_to(root).as_posix()
    picture = next((name for suffix, name in files.items() if suffix in SUFFIXES), None)
    if picture is None:
        if not files.keys().isdisjoint(SIDE_CARS):
            skipped.add("captions without a picture", key)
        return None
    try:
        metadata, text = ((folder / files[suffix]).read_bytes() if suffix in files else None for suffix in SIDE_CARS)
        return describe(key, Stored(str(folder / picture)), metadata, text, source=str(root))
    except (OSError, ValueError):
        skipped.add("unreadable beside its picture", key)
        return None
