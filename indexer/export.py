"""A library written to a folder of Parquet files (`indexer.parquet`), as it was at one moment."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from sqlalchemy import func, select
from sqlalchemy import inspect as inspect_model
from sqlalchemy.orm import Session

from clipcore.batches import batched
from indexer.catalog import (
    Album,
    Content,
    EncoderRecord,
    Folder,
    Frame,
    FrameVector,
    Name,
    Photo,
    PhotoKeyword,
    PhotoMetadata,
    PhotoTag,
    TagState,
    Vector,
)
from indexer.columns import stored_text
from indexer.errors import StorageError, TransferError
from indexer.library import Library
from indexer.owned import ALBUMS, NAMES, album_rows, name_rows
from indexer.parquet import (
    MANIFEST,
    ROWS_A_GROUP,
    EncoderEntry,
    FolderEntry,
    Manifest,
    Row,
    contents_schema,
    photos_schema,
    vectors_table,
    write_manifest,
    write_rows,
)
from indexer.stored import STORED_DTYPE

Progress = Callable[[str, int, int], None]  # what, rows done, of how many


def export_library(
    library: Library,
    target: Path,
    *,
    thumbnails: bool = True,
    progress: Progress = lambda what, done, total: None,
) -> Manifest:
    """Writes all of a library to `target`, which must not exist or be empty; it appears there whole or not at all.

    Raises:
        TransferError: `target` holds something.
        StorageError: it cannot be written.
    """
    target = Path(os.path.abspath(target.expanduser()))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise TransferError(f"{target} exists: expected a folder that does not, or an empty one")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True)
        with library.catalog.reading() as session:
            manifest = _write(library, session, part, thumbnails, progress)
        if target.exists():
            target.rmdir()
        part.replace(target)
    except OSError as error:
        raise StorageError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def _write(library: Library, session: Session, part: Path, thumbnails: bool, progress: Progress) -> Manifest:
    def follow(what: str, total: int, written: Iterator[int]) -> None:
        done = 0
        for rows in written:
            done += rows
            progress(what, done, total)

    folders = session.scalars(select(Folder).order_by(Folder.path)).all()
    encoders = session.scalars(select(EncoderRecord).order_by(EncoderRecord.id)).all()
    photos = write_rows(part / "photos" / "0.parquet", photos_schema(), _photos(session))
    follow("photos", _count(session, Photo), photos)
    follow("names", _count(session, Name), write_rows(part / "names" / "0.parquet", NAMES, name_rows(session)))
    follow("albums", _count(session, Album), write_rows(part / "albums" / "0.parquet", ALBUMS, album_rows(session)))
    contents = write_rows(part / "contents" / "0.parquet", contents_schema(), _contents(library, session, thumbnails))
    follow("contents", _count(session, Content), contents)
    for encoder in encoders:
        follow(f"vectors of {encoder.name}", _count(session, Vector), _vectors(session, encoder, part / "vectors"))
        follow(f"frames of {encoder.name}", _count(session, FrameVector), _frames(session, encoder, part / "frames"))
    progress(MANIFEST, 0, 1)
    return write_manifest(
        part,
        [EncoderEntry(encoder.fingerprint, encoder.name, encoder.dim) for encoder in encoders],
        [FolderEntry(stored_text(folder.path), folder.exclude) for folder in folders],
    )


def _count(session: Session, table: type[Any]) -> int:
    return session.execute(select(func.count()).select_from(table)).scalar_one()


def _photos(session: Session) -> Iterator[list[Row]]:
    query = (
        select(Photo, Folder.path, Content.sha256, PhotoMetadata)
        .join(Folder, Folder.id == Photo.folder_id)
        .outerjoin(Content, Content.id == Photo.content_id)
        .outerjoin(PhotoMetadata, PhotoMetadata.photo_id == Photo.id)
        .order_by(Photo.id)
    )
    for rows in session.execute(query).yield_per(ROWS_A_GROUP).partitions():
        keywords: dict[int, list[str]] = {}
        ids = [photo.id for photo, *_ in rows]
        for keyword in session.scalars(select(PhotoKeyword).where(PhotoKeyword.photo_id.in_(ids))):
            keywords.setdefault(keyword.photo_id, []).append(stored_text(keyword.keyword))
        tags: dict[tuple[int, TagState], list[PhotoTag]] = {}
        for tag in session.scalars(select(PhotoTag).where(PhotoTag.photo_id.in_(ids)).order_by(PhotoTag.tag)):
            tags.setdefault((tag.photo_id, tag.state), []).append(tag)
        yield [
            {
                "path": stored_text(photo.path),
                "folder": stored_text(folder),
                "size": photo.size,
                "mtime_ns": photo.mtime_ns,
                "state": photo.state.value,
                "sha256": sha256,
                "error": photo.error and stored_text(photo.error),
                "metadata": _row(metadata, "photo_id") if metadata is not None else None,
                "keywords": keywords.get(photo.id),
                "tags": [stored_text(tag.tag) for tag in tags.get((photo.id, TagState.OWN), ())] or None,
                "suggested": [
                    {"tag": stored_text(tag.tag), "probability": tag.probability}
                    for tag in tags.get((photo.id, TagState.SUGGESTED), ())
                ]
                or None,
                "rejected": [stored_text(tag.tag) for tag in tags.get((photo.id, TagState.REJECTED), ())] or None,
            }
            for photo, folder, sha256, metadata in rows
        ]
        session.expunge_all()


def _contents(library: Library, session: Session, thumbnails: bool) -> Iterator[list[Row]]:
    query = select(Content).order_by(Content.id)
    for rows in session.scalars(query).yield_per(ROWS_A_GROUP).partitions():
        yield [
            _row(content, "id", "revision") | {"thumbnail": _thumbnail(library, content.sha256) if thumbnails else None}
            for content in rows
        ]
        session.expunge_all()


def _row(row: Any, *without: str) -> Row:
    values = {c.key: getattr(row, c.key) for c in inspect_model(type(row)).columns if c.key not in without}
    return {name: stored_text(str(value)) if isinstance(value, str) else value for name, value in values.items()}


def _thumbnail(library: Library, sha256: str) -> bytes | None:
    try:
        return library.thumbnails.path(sha256).read_bytes()
    except OSError:  # the library that takes this in makes it again
        return None


def _vectors(session: Session, encoder: EncoderRecord, folder: Path) -> Iterator[int]:
    query = (
        select(Content.sha256, Vector.data)
        .join(Vector, Vector.content_id == Content.id)
        .where(Vector.encoder_id == encoder.id)
        .order_by(Content.id)
    )
    yield from _write_vectors(session, query, ("sha256",), encoder, folder)


def _frames(session: Session, encoder: EncoderRecord, folder: Path) -> Iterator[int]:
    query = (
        select(Content.sha256, Frame.time_s, FrameVector.data)
        .join(Frame, Frame.content_id == Content.id)
        .join(FrameVector, FrameVector.frame_id == Frame.id)
        .where(FrameVector.encoder_id == encoder.id)
        .order_by(Frame.id)
    )
    yield from _write_vectors(session, query, ("sha256", "time_s"), encoder, folder)


def _write_vectors(
    session: Session, query: Any, names: tuple[str, ...], encoder: EncoderRecord, folder: Path
) -> Iterator[int]:
    path, writer = folder / encoder.fingerprint / "0.parquet", None
    wanted = encoder.dim * STORED_DTYPE.itemsize
    try:
        for rows in batched(session.execute(query).yield_per(ROWS_A_GROUP), ROWS_A_GROUP):
            whole = [row for row in rows if len(row[-1]) == wanted]  # a damaged one is made again by the next pass
            codes = np.frombuffer(b"".join(row[-1] for row in whole), STORED_DTYPE).reshape(-1, encoder.dim)
            table = vectors_table({name: [row[i] for row in whole] for i, name in enumerate(names)}, codes)
            if writer is None:
                path.parent.mkdir(parents=True)
                writer = pq.ParquetWriter(path, table.schema, compression="none")
            writer.write_table(table)
            yield len(rows)
    finally:
        if writer is not None:
            writer.close()
