"""The thumbnails against the contents: each picture has one that opens, and nothing else lies there."""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image
from sqlalchemy import select

from indexer.catalog import Content, Photo, PhotoState
from indexer.decode_process import DecodeProcess
from indexer.decoder import Setup
from indexer.doctor.check import Check, Finding
from indexer.errors import PhotoError
from indexer.library import Library

_ABANDONED = 3600.0  # seconds; a younger file may belong to a run that has not committed it yet, or was interrupted


def is_whole(path: Path) -> bool:
    """Whether a file is a WebP as long as it says it is. Reads its first bytes only."""
    try:
        with path.open("rb") as file, Image.open(file, formats=["WEBP"]) as image:
            file.seek(4)
            said = int.from_bytes(file.read(4), "little") + 8
            return image.width > 0 and path.stat().st_size == said
    except (OSError, SyntaxError, ValueError):
        return False


def _held(library: Library) -> Iterator[tuple[int, str]]:
    held = select(Photo.content_id).where(Photo.state == PhotoState.PRESENT)
    with library.catalog.reading() as session:
        query = select(Content.id, Content.sha256).where(Content.id.in_(held))
        yield from ((id_, sha256) for id_, sha256 in session.execute(query).yield_per(10_000))


def _missing(library: Library) -> Iterator[Finding]:
    for id_, sha256 in _held(library):
        if not library.thumbnails.path(sha256).exists():
            yield Finding(str(library.thumbnails.path(sha256)), "not there", id_)


def _damaged(library: Library) -> Iterator[Finding]:
    for id_, sha256 in _held(library):
        path = library.thumbnails.path(sha256)
        if path.exists() and not is_whole(path):
            yield Finding(str(path), "cut short or overwritten", id_)


def _make_again(library: Library, findings: Sequence[Finding]) -> None:
    """From the first file that still has these bytes; where none can be read, a damaged one goes."""
    process = DecodeProcess(Setup(library.encoder.preprocessing, library.limits))
    try:
        for finding in findings:
            with library.catalog.reading() as session:
                sha256 = session.execute(select(Content.sha256).where(Content.id == finding.id)).scalar_one()
                paths = list(session.scalars(select(Photo.path).where(Photo.content_id == finding.id)))
            if not any(_remake(library, process, sha256, path) for path in paths):
                library.thumbnails.path(sha256).unlink(missing_ok=True)
    finally:
        process.close()


def _remake(library: Library, process: DecodeProcess, sha256: str, path: str) -> bool:
    try:
        if process.read(path).sha256 != sha256:
            return False
        library.thumbnails.write(sha256, process.decode().thumbnail)
    except PhotoError:
        return False
    return True


def _orphaned(library: Library) -> Iterator[Finding]:
    with library.catalog.reading() as session:
        known = set(session.scalars(select(Content.sha256)))
    for folder, _, names in os.walk(library.thumbnails.folder):
        for name in names:
            path = Path(folder, name)
            if path.stem in known and path == library.thumbnails.path(path.stem):
                continue
            if _age(path) > _ABANDONED:
                what = (
                    "left behind by a run that was killed" if path.suffix == ".part" else "of no picture in the catalog"
                )
                yield Finding(str(path), what)


def _age(path: Path) -> float:
    """Seconds; none for a file that is gone again."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _remove(library: Library, findings: Sequence[Finding]) -> None:
    for finding in findings:
        Path(finding.subject).unlink(missing_ok=True)


THUMBNAIL_CHECKS = (
    Check("thumbnail-missing", "pictures without a thumbnail", "make it again", _missing, _make_again),
    Check("thumbnail-damaged", "thumbnails that do not open", "make them again", _damaged, _make_again),
    Check("thumbnail-orphaned", "files among the thumbnails that belong to nothing", "remove them", _orphaned, _remove),
)  # fmt: skip
