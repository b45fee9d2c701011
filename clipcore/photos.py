"""Picture files by name: those given, and those anywhere below the folders given."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp")
    + (".heic", ".heif", ".hif", ".avif", ".jp2", ".j2k", ".jpx")
)


def find_photos(paths: Iterable[Path]) -> Iterator[Path]:
    """Each file of `paths` whatever it is called; of a folder every picture below it, sorted, hidden ones left out."""
    for path in paths:
        if path.is_dir():
            yield from _below(path)
        else:
            yield path


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES:
                yield Path(root, name)


def register_heif() -> None:
    """Lets Pillow open what iPhones write."""
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False)
