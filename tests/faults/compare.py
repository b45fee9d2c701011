"""Compares two libraries down to the bytes: what both say of the photos that are on the disk now.

Rows are told apart by what does not depend on a library's history: a photo by its path, a content by its hash. What
remembers the past (missing photos, contents that no photo holds any more) is left out.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import inspect, select

from indexer.catalog import (
    Content,
    Folder,
    Frame,
    FrameVector,
    Photo,
    PhotoKeyword,
    PhotoMetadata,
    PhotoState,
    PhotoText,
    Vector,
)
from indexer.follow import FollowedIndex
from indexer.library import Library

QUESTIONS = ("a dog on the beach", "red", "")


@dataclass
class Portrait:
    """All that a library knows of its present photos, by names that another library would use too."""

    folders: dict[str, Any] = field(default_factory=dict)  # path: state
    photos: dict[str, Any] = field(default_factory=dict)  # path: folder, hash, size, mtime, error
    metadata: dict[str, Any] = field(default_factory=dict)  # path: columns
    keywords: dict[str, Any] = field(default_factory=dict)  # path: keywords
    words: dict[str, Any] = field(default_factory=dict)  # path: what the full text index has of it
    contents: dict[str, Any] = field(default_factory=dict)  # hash: columns
    vectors: dict[str, Any] = field(default_factory=dict)  # hash: the stored bytes of the library's encoder
    frames: dict[Any, Any] = field(default_factory=dict)  # (hash, time): the stored bytes
    thumbnails: dict[str, Any] = field(default_factory=dict)  # hash: hash of the file, None when it is not there
    answers: dict[str, Any] = field(default_factory=dict)  # question: {hash: score}


def portrait(library: Library) -> Portrait:
    """Reads a library, its search index brought up to date first."""
    drawn = Portrait()
    with library.catalog.reading() as session:
        drawn.folders = {folder.path: folder.state for folder in session.scalars(select(Folder))}
        photos = (
            select(Photo, Content.sha256, Folder.path)
            .join(Folder, Folder.id == Photo.folder_id)
            .outerjoin(Content, Content.id == Photo.content_id)
            .where(Photo.state == PhotoState.PRESENT)
        )
        for photo, sha256, folder in session.execute(photos):
            drawn.photos[photo.path] = (folder, sha256, photo.size, photo.mtime_ns, photo.error)
        ids = select(Photo.id).where(Photo.state == PhotoState.PRESENT)
        for row, path in session.execute(
            select(PhotoMetadata, Photo.path).join(Photo, Photo.id == PhotoMetadata.photo_id).where(Photo.id.in_(ids))
        ):
            drawn.metadata[path] = _columns(row, "photo_id")
        for path, keyword in session.execute(
            select(Photo.path, PhotoKeyword.keyword).join(Photo, Photo.id == PhotoKeyword.photo_id)
        ):
            drawn.keywords.setdefault(path, set()).add(keyword)
        for path, words in session.execute(
            select(Photo.path, PhotoText.words).join(PhotoText).where(Photo.id.in_(ids))
        ):
            drawn.words[path] = words
        held = select(Photo.content_id).where(Photo.state == PhotoState.PRESENT, Photo.content_id.is_not(None))
        hashes = {}
        for content in session.scalars(select(Content).where(Content.id.in_(held))):
            hashes[content.id] = content.sha256
            drawn.contents[content.sha256] = _columns(content, "id", "revision")
            drawn.thumbnails[content.sha256] = _hash_of(library, content.sha256)
        for content_id, data in session.execute(
            select(Vector.content_id, Vector.data).where(
                Vector.encoder_id == library.encoder_id, Vector.content_id.in_(held)
            )
        ):
            drawn.vectors[hashes[content_id]] = data
        for content_id, time_s, data in session.execute(
            select(Frame.content_id, Frame.time_s, FrameVector.data)
            .join(FrameVector, FrameVector.frame_id == Frame.id)
            .where(FrameVector.encoder_id == library.encoder_id, Frame.content_id.in_(held))
        ):
            drawn.frames[hashes[content_id], time_s] = data
    index = FollowedIndex(library)
    for question, vector in zip(QUESTIONS, library.encoder.encode_texts(list(QUESTIONS)), strict=True):
        scores, found = index.search(vector, 10_000)
        drawn.answers[question] = {
            hashes.get(id_, f"unknown {id_}"): round(float(score), 5)
            for id_, score in zip(found.tolist(), scores, strict=True)
        }
    return drawn


def differences(one: Portrait, other: Portrait) -> list[str]:
    """One line for everything in which two portraits differ; none when they are the same."""
    return [line for part in fields(Portrait) for line in _differ(part.name, one, other)]


def _differ(part: str, one: Portrait, other: Portrait) -> Iterator[str]:
    mine, theirs = getattr(one, part), getattr(other, part)
    for key in sorted(mine.keys() | theirs.keys(), key=str):
        if mine.get(key) != theirs.get(key):
            yield f"{part} {key!r}: {mine.get(key, 'absent')!r} but {theirs.get(key, 'absent')!r}"


def _columns(row: Any, *without: str) -> dict[str, Any]:
    return {c.key: getattr(row, c.key) for c in inspect(type(row)).columns if c.key not in without}


def _hash_of(library: Library, sha256: str) -> str | None:
    path = library.thumbnails.path(sha256)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
