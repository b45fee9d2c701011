"""Photos of the library by id, and files from outside it: what is known of them, their vectors, and their pixels."""

import io
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy import Select, bindparam, func, select

from app.errors import NotFoundError
from clipcore.preprocess import DRAFT_MARGIN
from indexer.catalog import Content, Photo, PhotoState, Vector
from indexer.errors import PhotoError
from indexer.formats import is_video
from indexer.frames import together_as_one
from indexer.fulltext import ranked_by_words
from indexer.library import Library
from indexer.photo import decode, large_picture, read_file
from indexer.stored import STORED_DTYPE
from indexer.vectors.base import Vectors

PREVIEW_SIZE = 1600  # pixels of the longer side
_PREVIEW_QUALITY = 85
_DECODING = threading.Semaphore(2)  # pictures from outside that are decoded at once: each may take much memory

_Row = tuple[Any, ...]
_PHOTO, _CONTENT = Photo.__table__.c, Content.__table__.c  # columns, not entities: of those rows take half as long
_SHOWN = (  # what `PhotoDetails` holds, in its order, but for other paths
    _PHOTO.id,
    _PHOTO.path,
    _CONTENT.width,
    _CONTENT.height,
    _CONTENT.size,
    _CONTENT.format,
    _CONTENT.taken_at,
    _CONTENT.sha256,
    _PHOTO.content_id,
)


@dataclass(frozen=True)
class PhotoDetails:
    """One photo as every face shows it. Copies of the same file are one photo with several paths."""

    id: int
    path: str
    also_at: tuple[str, ...]
    width: int
    height: int
    size: int  # bytes
    format: str
    taken_at: datetime | None
    sha256: str
    content_id: int

    @property
    def name(self) -> str:
        return os.path.basename(self.path)


_OF_CONTENTS = (  # made once: to put it together takes longer than to run it
    select(*_SHOWN)
    .where(_CONTENT.id == _PHOTO.content_id)
    .where(_CONTENT.id.in_(bindparam("ids", expanding=True)), _PHOTO.state == PhotoState.PRESENT)
    .order_by(_PHOTO.id)
)


def photos_of_contents(library: Library, content_ids: Sequence[int]) -> dict[int, PhotoDetails]:
    """The present photos of contents, by content id; a content without any is left out."""
    found: dict[int, list[_Row]] = {}
    with library.catalog.reading_columns() as connection:
        rows: list[_Row] = [tuple(row) for row in connection.execute(_OF_CONTENTS, {"ids": content_ids})]
    for row in rows:
        found.setdefault(row[-1], []).append(row)
    return {content_id: _details(rows[0], [row[1] for row in rows[1:]]) for content_id, rows in found.items()}


def get_photo(library: Library, photo_id: int) -> PhotoDetails:
    """One photo by its id.

    Raises:
        NotFoundError: there is none, or it could not be read when it was indexed.
    """
    with library.catalog.reading() as session:
        content_id = session.execute(select(Photo.content_id).where(Photo.id == photo_id)).scalar()
        if content_id is None:
            raise NotFoundError(f"no photo with id {photo_id}")
        query = select(*_SHOWN).where(_CONTENT.id == _PHOTO.content_id, _PHOTO.id == photo_id)
        photo = session.execute(query).one()
        others = select(Photo.path).where(
            Photo.content_id == content_id, Photo.id != photo_id, Photo.state == PhotoState.PRESENT
        )
        return _details(tuple(photo), list(session.scalars(others)))


def newest_contents(library: Library, count: int, allowed: Select[int] | None = None) -> list[int]:
    """The contents (of those that `allowed` selects) of the photos taken last, then of those indexed last."""
    query = (
        select(Photo.content_id)
        .join(Content, Content.id == Photo.content_id)
        .where(Photo.state == PhotoState.PRESENT)
        .group_by(Photo.content_id)
        .order_by(func.max(Content.taken_at).desc().nulls_last(), func.max(Photo.id).desc())
        .limit(count)
    )
    if allowed is not None:
        query = query.where(Photo.content_id.in_(allowed))
    with library.catalog.reading() as session:
        return [content_id for content_id in session.scalars(query) if content_id is not None]


def written_contents(library: Library, count: int, allowed: Select[int], exact: Sequence[str]) -> list[int]:
    """The contents (of those that `allowed` selects) of which quoted words are most of what is written, best first."""
    with library.catalog.reading() as session:
        ranks = ranked_by_words(session, exact)
        query = (
            select(Photo.content_id)
            .join(Content, Content.id == Photo.content_id)
            .join(ranks, ranks.c.photo_id == Photo.id)
            .where(Photo.state == PhotoState.PRESENT, Photo.content_id.in_(allowed))
            .group_by(Photo.content_id)
            .order_by(func.max(ranks.c.worth).desc(), func.max(Content.taken_at).desc().nulls_last(), Photo.content_id)
            .limit(count)
        )
        return [content_id for content_id in session.scalars(query) if content_id is not None]


def find_photo(library: Library, path: str) -> PhotoDetails | None:
    """The photo at an absolute path, None when the library does not have it."""
    with library.catalog.reading() as session:
        photo_id = session.execute(select(Photo.id).where(Photo.path == path, Photo.content_id.is_not(None))).scalar()
    return None if photo_id is None else get_photo(library, photo_id)


def stored_vectors(library: Library, photo_ids: Sequence[int]) -> tuple[list[int], Vectors]:
    """The content ids and the vectors (n, dim) of photos, in order.

    Raises:
        NotFoundError: one of them is not there, or not encoded by the encoder in use.
    """
    query = (
        select(Photo.id, Vector.content_id, Vector.data)
        .join(Vector, Vector.content_id == Photo.content_id)
        .where(Photo.id.in_(photo_ids), Vector.encoder_id == library.encoder_id)
    )
    with library.catalog.reading() as session:
        rows = {row.id: row for row in session.execute(query)}
    for photo_id in photo_ids:
        if photo_id not in rows:
            raise NotFoundError(f"no photo with id {photo_id}")
    vectors = np.stack([np.frombuffer(rows[photo_id].data, STORED_DTYPE) for photo_id in photo_ids])
    return [rows[photo_id].content_id for photo_id in photo_ids], vectors.astype(np.float32)


def encode_outside(library: Library, picture: bytes | Path) -> Vectors:
    """The vector (dim,) of a picture that is not in the library. Raises as the two below."""
    return encode_file(library, picture) if isinstance(picture, Path) else encode_picture(library, picture)


def encode_picture(library: Library, data: bytes) -> Vectors:
    """The vector (dim,) of a picture that is not in the library.

    Raises:
        PhotoError: it is not a picture, or larger than the limits allow.
    """
    if len(data) > library.limits.file_bytes:
        raise PhotoError(f"the picture has {len(data):,} bytes; the limit is {library.limits.file_bytes:,}")
    limits = replace(library.limits, pixels=min(library.limits.pixels, library.settings.max_upload_pixels))
    with _DECODING:
        photo = decode(data, library.encoder.preprocessing, limits)
    return library.encoder.encode_pixels(photo.pixels[None])[0]


def encode_file(library: Library, path: Path) -> Vectors:
    """The vector (dim,) of a picture or video that is not in the library, as indexing would make it.

    Raises:
        PhotoError: it cannot be read; the message names it.
    """
    with _outside(library, path) as data:
        photo = decode(data, library.encoder.preprocessing, library.limits, path)
    if not photo.frames:
        return library.encoder.encode_pixels(photo.pixels[None])[0]
    return together_as_one(library.encoder.encode_pixels(np.stack([frame.pixels for frame in photo.frames])))


def thumbnail_file(library: Library, photo: PhotoDetails) -> Path:
    """Its thumbnail on disk, made again from the original where it got lost.

    Raises:
        PhotoError: it got lost, and the original cannot be read.
        StorageError: it cannot be written.
    """
    path = library.thumbnails.path(photo.sha256)
    if not path.is_file():
        original, data = _original(library, photo)
        again = decode(data, library.encoder.preprocessing, library.limits, original)
        library.thumbnails.write(photo.sha256, again.thumbnail)
    return path


def preview(library: Library, photo: PhotoDetails, time_s: float | None = None) -> bytes:
    """The picture as a JPEG of at most `PREVIEW_SIZE` pixels, upright, without its metadata; of a video, at a time.

    Raises:
        PhotoError: the original cannot be read.
    """
    image = upright_picture(library, photo, time_s)
    image.thumbnail((PREVIEW_SIZE, PREVIEW_SIZE))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_PREVIEW_QUALITY)
    return out.getvalue()


def upright_picture(library: Library, photo: PhotoDetails, time_s: float | None = None) -> Image.Image:
    """The picture upright, decoded no larger than a preview needs; of a video, at a time. Raises as `preview` does."""
    path, data = _original(library, photo)
    try:
        return large_picture(data, path, library.limits, PREVIEW_SIZE // DRAFT_MARGIN, time_s)
    except PhotoError as error:
        if not is_video(path):
            raise
        at = "" if time_s is None else f" at {clock(time_s)}"
        raise PhotoError(f"cannot read the frame of {path}{at}: {error}") from error


def upright_file(library: Library, path: Path, time_s: float | None = None) -> Image.Image:
    """The same of a file that is not in the library; of a video without a time, its frame in the middle.

    Raises:
        PhotoError: it cannot be read; the message names it.
    """
    with _outside(library, path) as data:
        return large_picture(data, path, library.limits, PREVIEW_SIZE // DRAFT_MARGIN, time_s)


@contextmanager
def _outside(library: Library, path: Path) -> Iterator[bytes]:
    """The bytes of a file that is not in the library, none of a video. Faults of it and of decoding name it."""
    try:
        yield b"" if is_video(path) else read_file(path, library.limits)[0]
    except PhotoError as error:
        raise PhotoError(f"{path}: {error}") from error


def clock(time_s: float) -> str:
    """A time in a video as players show it: "1:05"."""
    return f"{int(time_s) // 60}:{int(time_s) % 60:02}"


def _original(library: Library, photo: PhotoDetails) -> tuple[str, bytes]:
    """The path and the bytes of a photo, from whichever of its copies still has them. A video is not read."""
    for path in (photo.path, *photo.also_at):
        try:
            if is_video(path):
                if os.path.isfile(path) and os.path.getsize(path) == photo.size:
                    return path, b""
                continue
            data, identity = read_file(path, library.limits)
        except PhotoError:
            continue
        if identity.sha256 == photo.sha256:
            return path, data
    raise PhotoError(f"{photo.path} is not there, or has changed since it was indexed")


def _details(row: _Row, also_at: Sequence[str]) -> PhotoDetails:
    photo_id, path, *of_content = row
    return PhotoDetails(photo_id, path, tuple(also_at), *of_content)
