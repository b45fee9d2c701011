"""An export (`indexer.parquet`) taken into a library: all of it in one transaction, or nothing.

What the library has already stays as it is: contents and vectors are recognised by their hash, photos by their path.
So an export can be taken in twice, and exports of several machines one after the other.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from clipcore.batches import batched
from indexer.catalog import (
    Content,
    ContentKind,
    EncoderRecord,
    FolderState,
    Frame,
    FrameVector,
    Photo,
    PhotoKeyword,
    PhotoMetadata,
    PhotoState,
    PhotoTag,
    TagState,
    Vector,
)
from indexer.columns import original_text
from indexer.errors import TransferError
from indexer.folders import place_folder
from indexer.fulltext import index_words
from indexer.ingest import writing_library
from indexer.library import Library
from indexer.owned import ALBUMS, NAMES, take_albums, take_names
from indexer.parquet import (
    EncoderEntry,
    Manifest,
    Row,
    check_file,
    codes_of,
    contents_schema,
    frames_schema,
    photos_schema,
    read_manifest,
    read_parts,
    vectors_schema,
)
from indexer.stored import STORED_DTYPE

Progress = Callable[[str, int, int], None]  # what, rows done, of how many
_NORM_TOLERANCE = 0.01
_HASHES_A_STATEMENT = 500


@dataclass
class Taken:
    """What was new to the library."""

    photos: int = 0
    contents: int = 0
    vectors: int = 0
    frames: int = 0
    known_photos: int = 0  # paths that the library had already: left as they were
    folders: list[str] = field(default_factory=list)  # where they are now


def import_library(
    library: Library,
    source: Path,
    *,
    moved: Mapping[str, str] | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Taken:
    """Takes in an export; `moved` says which folders lie elsewhere now, old path to new.

    Raises:
        TransferError: the export is damaged, newer, or none; or a folder in `moved` is not in it. Nothing was taken in.
        BusyError: another run is writing to this library.
        StorageError: the disk is full or the database read-only. Nothing was taken in.
    """
    manifest = read_manifest(source)
    moves = _Moves.of(moved or {}, [original_text(folder.path) for folder in manifest.folders])
    for done, file in enumerate(manifest.files):
        progress("checks", done, len(manifest.files))
        check_file(source, file)
    taken = Taken()
    with writing_library(library), library.catalog.writing() as (session, revision):
        reader = _Reader(source, manifest, progress)
        before = _counts(session)
        _take_contents(library, session, reader, revision)
        for encoder in manifest.encoders:
            encoder_id = _encoder_id(session, encoder)
            _take_vectors(session, reader, encoder, encoder_id)
            _take_frames(session, reader, encoder, encoder_id)
        _take_photos(session, reader, moves, taken)
        _take_owned(session, reader)
        new = [now - then for now, then in zip(_counts(session), before, strict=True)]
        taken.photos, taken.contents, taken.vectors, taken.frames = new
        if any(new):  # contents that were here may have new photos and vectors too
            session.execute(update(Content).values(revision=revision))
    return taken


@dataclass(frozen=True)
class _Moves:
    """Where folders lie now; of several that hold a path the innermost counts."""

    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, moved: Mapping[str, str], folders: Sequence[str]) -> "_Moves":
        pairs = [(os.path.normpath(old), os.path.abspath(os.path.expanduser(new))) for old, new in moved.items()]
        for old, _ in pairs:
            if not any(_lies_in(folder, old) or _lies_in(old, folder) for folder in folders):
                raise TransferError(f"{old} is not in the export; its folders are {', '.join(folders) or 'none'}")
        return cls(tuple(sorted(pairs, key=lambda pair: -len(pair[0]))))

    def __call__(self, path: str) -> str:
        for old, new in self.pairs:
            if _lies_in(path, old):
                return os.path.join(new, path[len(os.path.join(old, "")) :]).rstrip(os.sep) or os.sep
        return path


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))


@dataclass(frozen=True)
class _Reader:
    """The tables of an export, in parts, with progress."""

    source: Path
    manifest: Manifest
    progress: Progress

    def __call__(self, table: str, schema: pa.Schema) -> Iterator[pa.Table]:
        done, total = 0, self.manifest.rows_of(table)
        for file in self.manifest.files_of(table):
            for part in read_parts(self.source, file, schema):
                yield part
                done += len(part)
                self.progress(table.partition("/")[0], done, total)


def _insert_new(session: Session, model: type[Any], rows: Sequence[Row]) -> None:
    """Adds rows; those whose key is there already are left out."""
    if rows:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        session.execute(dialect.insert(model).on_conflict_do_nothing(), list(rows))


def _counts(session: Session) -> list[int]:
    tables = (Photo, Content, Vector, FrameVector)
    return [session.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def _ids(session: Session, hashes: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in batched(sorted(set(hashes)), _HASHES_A_STATEMENT):
        rows = session.execute(select(Content.sha256, Content.id).where(Content.sha256.in_(some)))
        found.update((sha256, id_) for sha256, id_ in rows)
    return found


def _content_id(ids: Mapping[str, int], sha256: str) -> int:
    try:
        return ids[sha256]
    except KeyError:
        raise TransferError(f"the export has no content {sha256}; nothing was taken in") from None


def _take_contents(library: Library, session: Session, reader: _Reader, revision: int) -> None:
    for part in reader("contents", contents_schema()):
        rows = part.to_pylist()
        known = _ids(session, [row["sha256"] for row in rows])
        new = {row["sha256"]: row for row in rows if row["sha256"] not in known}
        for row in new.values():
            thumbnail = row.pop("thumbnail")
            if thumbnail is not None:
                library.thumbnails.write(_checked_hash(row["sha256"]), thumbnail)
            row["kind"] = _one_of(ContentKind, row["kind"] or "photo")
            row["revision"] = revision
        _insert_new(session, Content, list(new.values()))


def _checked_hash(sha256: str) -> str:
    """It names a file: nothing but a hash may."""
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise TransferError(f"{sha256!r} is no SHA-256; nothing was taken in")
    return sha256


def _one_of(states: Any, value: str) -> Any:
    try:
        return states(value)
    except ValueError:
        raise TransferError(f"{value!r} is unknown: expected {', '.join(states)}; nothing was taken in") from None


def _encoder_id(session: Session, encoder: EncoderEntry) -> int:
    known = session.scalars(select(EncoderRecord).where(EncoderRecord.fingerprint == encoder.fingerprint)).one_or_none()
    if known is None:
        known = EncoderRecord(fingerprint=encoder.fingerprint, name=encoder.name, dim=encoder.dim)
        session.add(known)
        session.flush()
    if known.dim != encoder.dim:
        raise TransferError(f"encoder {encoder.name} has {known.dim} dimensions here and {encoder.dim} in the export")
    return known.id


def _take_vectors(session: Session, reader: _Reader, encoder: EncoderEntry, encoder_id: int) -> None:
    for part in reader(f"vectors/{encoder.fingerprint}", vectors_schema(encoder.dim)):
        hashes, data = part["sha256"].to_pylist(), _checked_codes(part)
        ids = _ids(session, hashes)
        rows = [
            {"content_id": _content_id(ids, sha256), "encoder_id": encoder_id, "data": vector}
            for sha256, vector in zip(hashes, data, strict=True)
        ]
        _insert_new(session, Vector, rows)


def _take_frames(session: Session, reader: _Reader, encoder: EncoderEntry, encoder_id: int) -> None:
    for part in reader(f"frames/{encoder.fingerprint}", frames_schema(encoder.dim)):
        hashes, times, data = part["sha256"].to_pylist(), part["time_s"].to_pylist(), _checked_codes(part)
        ids = _ids(session, hashes)
        moments = [(_content_id(ids, sha256), time_s) for sha256, time_s in zip(hashes, times, strict=True)]
        _insert_new(session, Frame, [{"content_id": content_id, "time_s": time_s} for content_id, time_s in moments])
        of_contents = select(Frame.content_id, Frame.time_s, Frame.id).where(Frame.content_id.in_(set(ids.values())))
        frames = {(content_id, time_s): id_ for content_id, time_s, id_ in session.execute(of_contents)}
        rows = [
            {"frame_id": frames[moment], "encoder_id": encoder_id, "data": vector}
            for moment, vector in zip(moments, data, strict=True)
        ]
        _insert_new(session, FrameVector, rows)


def _checked_codes(part: pa.Table) -> list[bytes]:
    """The vectors as the catalog stores them, each of unit length."""
    codes = codes_of(part).astype(STORED_DTYPE)
    lengths = np.linalg.norm(codes.astype(np.float32), axis=1)
    bad = np.flatnonzero(~(np.abs(lengths - 1) <= _NORM_TOLERANCE))  # also what is no number
    if len(bad):
        sha256 = part["sha256"][int(bad[0])].as_py()
        raise TransferError(f"the vector of {sha256} has length {lengths[bad[0]]:.3f}, not 1; nothing was taken in")
    return [code.tobytes() for code in codes]


def _take_photos(session: Session, reader: _Reader, moves: _Moves, taken: Taken) -> None:
    folders: dict[str, int] = {}
    for entry in reader.manifest.folders:
        path = moves(original_text(entry.path))
        folder = place_folder(session, Path(path))
        if folder.path == path:
            folder.state = FolderState.ONLINE if os.path.isdir(path) else FolderState.OFFLINE
            folder.exclude = folder.exclude or entry.exclude
            session.flush()
        taken.folders.append(path)
    for part in reader("photos", photos_schema()):
        rows = part.to_pylist()
        ids = _ids(session, [row["sha256"] for row in rows if row["sha256"] is not None])
        photos = [_photo(row, ids, moves, folders, session) for row in rows]
        known = _known_paths(session, [photo["path"] for photo in photos])
        new = [(photo, row) for photo, row in zip(photos, rows, strict=True) if photo["path"] not in known]
        _insert_new(session, Photo, [photo for photo, _ in new])
        taken.known_photos += len(rows) - len(new)
        numbers = _known_paths(session, [photo["path"] for photo, _ in new])
        _take_metadata(session, [(numbers[photo["path"]], row) for photo, row in new])
        index_words(session, list(numbers.values()))


def _take_owned(session: Session, reader: _Reader) -> None:
    """The owner's names and albums."""
    for table, schema, take in (("names", NAMES, take_names), ("albums", ALBUMS, take_albums)):
        for part in reader(table, schema):
            rows = part.to_pylist()
            hashes = [sha256 for row in rows for sha256 in row["sha256"] or ()]
            ids = _ids(session, hashes)
            take(session, rows, {sha256: _content_id(ids, sha256) for sha256 in hashes}, _insert_new)


def _photo(row: Row, ids: Mapping[str, int], moves: _Moves, folders: dict[str, int], session: Session) -> Row:
    place = moves(original_text(row["folder"]))
    if place not in folders:
        folders[place] = place_folder(session, Path(place)).id
    return {
        "folder_id": folders[place],
        "path": moves(original_text(row["path"])),
        "size": row["size"],
        "mtime_ns": row["mtime_ns"],
        "state": _one_of(PhotoState, row["state"]),
        "content_id": None if row["sha256"] is None else _content_id(ids, row["sha256"]),
        "error": row["error"] and original_text(row["error"]),
    }


def _known_paths(session: Session, paths: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in batched(paths, _HASHES_A_STATEMENT):
        found.update(
            (path, id_) for path, id_ in session.execute(select(Photo.path, Photo.id).where(Photo.path.in_(some)))
        )
    return found


def _take_metadata(session: Session, rows: Sequence[tuple[int, Row]]) -> None:
    def original(values: Row) -> Row:
        return {name: original_text(value) if isinstance(value, str) else value for name, value in values.items()}

    metadata = [{"photo_id": id_} | original(row["metadata"]) for id_, row in rows if row["metadata"] is not None]
    _insert_new(session, PhotoMetadata, metadata)
    keywords = [
        {"photo_id": id_, "keyword": original_text(word)} for id_, row in rows for word in row["keywords"] or ()
    ]
    _insert_new(session, PhotoKeyword, keywords)
    for column, state in (("tags", TagState.OWN), ("rejected", TagState.REJECTED)):
        tags = [
            {"photo_id": id_, "tag": original_text(tag), "state": state}
            for id_, row in rows
            for tag in row[column] or ()
        ]
        _insert_new(session, PhotoTag, tags)
    suggested = [
        {
            "photo_id": id_,
            "tag": original_text(suggestion["tag"]),
            "state": TagState.SUGGESTED,
            "probability": suggestion["probability"],
        }
        for id_, row in rows
        for suggestion in row["suggested"] or ()
    ]
    _insert_new(session, PhotoTag, suggested)
