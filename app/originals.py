"""A photo's own file, opened so that nothing else can be in its place.

No path comes from a request: the catalog has it, by the photo's id. It may have been moved, or made a link to something
else, since it was indexed. So links are resolved first and must lead into an indexed folder; what that gives is opened
folder by folder without following any link; and the open file must have the size and the time that were indexed.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import select

from app.errors import NotFoundError
from indexer.catalog import Content, Folder, Photo, PhotoState
from indexer.errors import PhotoError
from indexer.library import Library

_BY_FORMAT = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
    "HEIF": "image/heif",
    "AVIF": "image/avif",
    "JPEG2000": "image/jp2",
    "MP4": "video/mp4",
    "M4V": "video/mp4",
    "MOV": "video/quicktime",
    "WEBM": "video/webm",
    "MKV": "video/x-matroska",
}
_ANYTHING = "application/octet-stream"


@dataclass(frozen=True)
class Original:
    """An open file; whoever has it closes it."""

    file: IO[bytes]
    name: str
    size: int  # bytes
    media_type: str
    sha256: str  # of what was indexed


def open_original(library: Library, photo_id: int) -> Original:
    """The file of a photo, or of one of its copies.

    Raises:
        NotFoundError: there is no such photo.
        PhotoError: its file is not there, has changed since it was indexed, or lies outside the indexed folders.
    """
    same = select(Photo.content_id).where(Photo.id == photo_id).scalar_subquery()
    query = select(Photo, Content).join(Content, Content.id == Photo.content_id).where(Photo.content_id == same)
    with library.catalog.reading() as session:
        rows = session.execute(query.order_by(Photo.id != photo_id, Photo.id)).all()
        roots = [os.path.realpath(path) for path in session.scalars(select(Folder.path))]
    if not rows:
        raise NotFoundError(f"no photo with id {photo_id}")
    for photo, content in rows:
        if photo.state == PhotoState.PRESENT and (file := _open_indexed(photo, roots)) is not None:
            kind = _BY_FORMAT.get(content.format.upper(), _ANYTHING)
            return Original(file, Path(photo.path).name, photo.size, kind, content.sha256)
    raise PhotoError(f"{rows[0][0].path} is not there, or has changed since it was indexed, or lies elsewhere now")


def _open_indexed(photo: Photo, roots: list[str]) -> IO[bytes] | None:
    """The file as it was indexed; None when it is not that any more."""
    try:
        real = os.path.realpath(photo.path)
        root = next((root for root in roots if Path(real).is_relative_to(root)), None)
        if root is None:
            return None
        descriptor = _open_below(root, Path(real).relative_to(root).parts)
    except OSError:  # resolving raises it too, where a link goes away meanwhile
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or (status.st_size, status.st_mtime_ns) != (photo.size, photo.mtime_ns):
        os.close(descriptor)
        return None
    return open(descriptor, "rb")


def _open_below(root: str, parts: tuple[str, ...]) -> int:
    """Opens root/a/b/c, none of a, b and c being a link.

    Raises:
        OSError: it is not there, or one of them is.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)  # a pipe in its place must not be waited for
    if os.open not in os.supports_dir_fd:
        return _open_again(os.path.join(root, *parts), flags | getattr(os, "O_BINARY", 0))
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(parts[-1], flags | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)


def _open_again(real: str, flags: int) -> int:
    """Where folders cannot be opened (Windows): the open file must be what the path, resolved again, still names."""
    descriptor = os.open(real, flags)
    if os.path.realpath(real) == real and os.path.samestat(os.fstat(descriptor), os.stat(real)):
        return descriptor
    os.close(descriptor)
    raise OSError(f"{real} is a link now")
