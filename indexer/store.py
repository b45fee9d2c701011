"""One batch of files into the catalog: photos, contents and vectors in one transaction."""

from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from clipcore.batches import batched
from indexer.catalog import Content, Folder, Frame, FrameVector, Photo, PhotoKeyword, PhotoMetadata, PhotoState, Vector
from indexer.frames import together_as_one
from indexer.fulltext import index_words
from indexer.library import Library
from indexer.metadata import VERSION, Metadata
from indexer.reading import ReadFile
from indexer.stored import STORED_DTYPE
from indexer.walk import FoundFile

_NEVER_READ = -1  # the time of no file, so that the next pass finds it changed
FrameCodes = list[tuple[float, bytes]]  # time_s and the stored form of a vector
ByHash = dict[str, tuple[bytes, FrameCodes]]  # the stored forms of a content's vectors: its own, and its frames'


def store_batches(
    library: Library, folder: Folder, encoder_id: int, batches: Iterable[Sequence[ReadFile]]
) -> Generator[tuple[Sequence[ReadFile], int]]:
    """Encodes batches and commits each while the next is encoded: the encoder never waits for the disk.

    Each is given back once it is committed, with how many of its files had moved. While a batch is given back no other
    is being written; close the iterator there and none will be: what was encoded by then is dropped.

    Raises:
        StorageError: the catalog cannot be written. The batches given back are kept.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="store") as writer:
        writing: tuple[Sequence[ReadFile], Future[int]] | None = None
        for batch in batches:
            vectors = encode_batch(library, batch)
            if writing is not None:
                yield writing[0], writing[1].result()
            writing = batch, writer.submit(_commit, library, folder, encoder_id, batch, vectors)
        if writing is not None:
            yield writing[0], writing[1].result()


def store_batch(library: Library, folder: Folder, encoder_id: int, batch: Sequence[ReadFile]) -> int:
    """Encodes the new pictures of a batch and commits all of it, or nothing; gives back how many files had moved.

    Raises:
        StorageError: the catalog cannot be written.
    """
    return _commit(library, folder, encoder_id, batch, encode_batch(library, batch))


def _commit(library: Library, folder: Folder, encoder_id: int, batch: Sequence[ReadFile], vectors: ByHash) -> int:
    there = [item for item in batch if not item.vanished]
    with library.catalog.writing() as (session, revision):
        contents, new = _contents(session, there, revision)
        for sha256, (own, of_frames) in vectors.items():
            content_id = contents[sha256].id
            vector = Vector(content_id=content_id, encoder_id=encoder_id, data=own)
            session.add(vector) if sha256 in new else session.merge(vector)
            _frames(session, content_id, encoder_id, of_frames)
        paths = [item.found.path for item in there]
        known = {photo.path: photo for photo in session.scalars(select(Photo).where(Photo.path.in_(paths)))}
        there = [item for item in there if not (item.is_unread and _has_content(known.get(item.found.path)))]
        written = [_photo(session, folder, item, contents, new, known.get(item.found.path), revision) for item in there]
        _outdate(session, there, [photo for photo, was_known, _ in written if was_known])
        session.flush()  # all photos have ids now
        for item, (photo, was_known, _) in zip(there, written, strict=True):
            if item.metadata is not None:
                _metadata(session, photo.id, item.found, item.metadata, was_known)
        index_words(session, [photo.id for photo, _, _ in written])
    return sum(moved for _, _, moved in written)


def _has_content(photo: Photo | None) -> bool:
    return photo is not None and photo.content_id is not None


def store_metadata(library: Library, batch: Sequence[tuple[FoundFile, Metadata | None]]) -> int:
    """Commits what photos that are known already say of themselves; gives back how many that were.

    Those of which nothing could be read stay as they are, for the next pass.

    Raises:
        StorageError: the catalog cannot be written.
    """
    with library.catalog.writing() as (session, revision):
        by_path = {found.path: (found, metadata) for found, metadata in batch if metadata is not None}
        photos = session.scalars(select(Photo).where(Photo.path.in_(by_path))).all()
        for photo in photos:
            found, metadata = by_path[photo.path]
            _metadata(session, photo.id, found, metadata, True)
        index_words(session, [photo.id for photo in photos])
        contents = [photo.content_id for photo in photos if photo.content_id is not None]
        session.execute(update(Content).where(Content.id.in_(contents)).values(revision=revision))
    return len(photos)


def encode_batch(library: Library, batch: Sequence[ReadFile]) -> ByHash:
    """The stored forms of each new content's vectors, by its hash: its own, and those of a video's frames.

    A video's own is the mean of its frames' (CLIP4Clip's parameter-free similarity, arXiv:2104.08860, section 3.3).
    """
    new = {item.identity.sha256: item.photo for item in batch if item.identity and item.photo}
    pixels = [part for photo in new.values() for part in ([f.pixels for f in photo.frames] or [photo.pixels])]
    together = library.settings.batch_size
    parts = [library.encoder.encode_pixels(np.stack(some)) for some in batched(pixels, together)]
    encoded = iter(np.concatenate(parts)) if parts else iter(())
    vectors: ByHash = {}
    for sha256, photo in new.items():
        own = np.stack([next(encoded) for _ in photo.frames or [None]])
        times = [frame.time_s for frame in photo.frames]
        frames = [(time_s, _stored(vector)) for time_s, vector in zip(times, own, strict=False)]
        vectors[sha256] = _stored(together_as_one(own) if frames else own[0]), frames
    return vectors


def _stored(vector: NDArray[np.float32]) -> bytes:
    return vector.astype(STORED_DTYPE).tobytes()


def _frames(session: Session, content_id: int, encoder_id: int, frames: FrameCodes) -> None:
    """Writes a video's frames as this encoder sees them; a picture has none."""
    if not frames:
        return
    rows = session.execute(select(Frame.time_s, Frame.id).where(Frame.content_id == content_id))
    known = {time_s: frame_id for time_s, frame_id in rows}
    for time_s, data in frames:
        if time_s not in known:
            frame = Frame(content_id=content_id, time_s=time_s)
            session.add(frame)
            session.flush()
            known[time_s] = frame.id
        session.merge(FrameVector(frame_id=known[time_s], encoder_id=encoder_id, data=data))


def _contents(session: Session, batch: Sequence[ReadFile], revision: int) -> tuple[dict[str, Content], set[str]]:
    """The rows of a batch's bytes by their hashes, and the hashes of those that are new."""
    wanted: dict[str, ReadFile] = {}
    for item in batch:
        if item.identity is not None and item.error is None and (item.photo or item.identity.sha256 not in wanted):
            wanted[item.identity.sha256] = item
    contents = {c.sha256: c for c in session.scalars(select(Content).where(Content.sha256.in_(wanted)))}
    new = wanted.keys() - contents.keys()
    for sha256 in wanted:
        if sha256 in new:
            contents[sha256] = _new_content(wanted[sha256])
            session.add(contents[sha256])
        contents[sha256].revision = revision
    session.flush()  # all have ids now
    return contents, new


def _new_content(item: ReadFile) -> Content:
    assert item.identity is not None
    p = item.photo
    if p is None:  # its vector was seen a moment ago and contents are never deleted
        raise AssertionError(f"content {item.identity.sha256} vanished from the catalog")
    return Content(
        sha256=item.identity.sha256,
        size=item.identity.size,
        width=p.width,
        height=p.height,
        format=p.format,
        kind=p.kind,
        taken_at=p.metadata.taken_at if p.metadata.taken_at_source not in ("file", "sidecar") else None,
    )


def _photo(
    session: Session,
    folder: Folder,
    item: ReadFile,
    contents: dict[str, Content],
    new: set[str],
    photo: Photo | None,
    revision: int,
) -> tuple[Photo, bool, bool]:
    """Writes the row of a path: its own, that of a missing photo with the same bytes (then it moved), or a new one.

    Returns:
        The photo; whether it was known; whether it had moved.
    """
    content = contents[item.identity.sha256] if item.identity is not None and item.error is None else None
    moved = False
    if photo is None and content is not None and content.sha256 not in new:
        missing = select(Photo).where(Photo.content_id == content.id, Photo.state == PhotoState.MISSING).limit(1)
        photo = session.scalars(missing).one_or_none()
        moved = photo is not None
    was_known = photo is not None
    if photo is None:
        photo = Photo()
        session.add(photo)
    elif photo.content_id is not None and (content is None or photo.content_id != content.id):
        session.execute(update(Content).where(Content.id == photo.content_id).values(revision=revision))
    photo.folder_id = folder.id
    photo.path = item.found.path
    photo.state = PhotoState.PRESENT
    photo.size, photo.mtime_ns = item.found.size, item.found.mtime_ns
    if item.identity is not None:
        photo.size, photo.mtime_ns = item.identity.size, item.identity.mtime_ns
    if item.is_unread:
        photo.mtime_ns = _NEVER_READ
    photo.content_id = content.id if content is not None else None
    photo.error = item.error
    return photo, was_known, moved


def _outdate(session: Session, batch: Sequence[ReadFile], known: Sequence[Photo]) -> None:
    """What changed photos say of themselves is read again by the next pass, where it was not read with them now."""
    said = {item.found.path for item in batch if item.metadata is not None}
    changed = [photo.id for photo in known if photo.path not in said and session.is_modified(photo)]
    if changed:
        session.execute(update(PhotoMetadata).where(PhotoMetadata.photo_id.in_(changed)).values(version=0))


def _metadata(session: Session, photo_id: int, found: FoundFile, metadata: Metadata, was_known: bool) -> None:
    """Puts a photo's metadata and keywords in place of what was there."""
    values = asdict(metadata)
    keywords = values.pop("keywords")
    row = PhotoMetadata(photo_id=photo_id, version=VERSION, sidecar_mtime_ns=found.sidecar_mtime_ns, **values)
    if was_known:
        session.merge(row)
        session.execute(delete(PhotoKeyword).where(PhotoKeyword.photo_id == photo_id))
    else:
        session.add(row)
    if keywords:
        session.execute(insert(PhotoKeyword), [{"photo_id": photo_id, "keyword": keyword} for keyword in keywords])
