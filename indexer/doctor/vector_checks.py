"""The vectors against the contents they were made of, and the index's snapshot against both."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import ColumnElement, Select, delete, exists, func, select, update

from clipcore.batches import batched
from indexer.catalog import Content, EncoderRecord, Frame, FrameVector, Photo, PhotoState, Vector
from indexer.doctor.check import Check, Finding
from indexer.library import Library
from indexer.stored import STORED_DTYPE
from indexer.vectors.snapshot import Owner, read_snapshot, set_aside

_ROWS_AT_A_TIME = 10_000
_IDS_A_STATEMENT = 500
_NORM_TOLERANCE = 0.01  # of half precision; the encoders' own vectors stay within 0.001


def damage(data: bytes, dim: int) -> str | None:
    """What is wrong with a stored vector; None when nothing is."""
    if len(data) != dim * STORED_DTYPE.itemsize:
        return f"{len(data)} bytes; {dim * STORED_DTYPE.itemsize} are {dim} values"
    values = np.frombuffer(data, STORED_DTYPE).astype(np.float32)
    if not np.isfinite(values).all():
        return "holds what is no number"
    length = float(np.linalg.norm(values))
    return None if abs(length - 1) <= _NORM_TOLERANCE else f"length {length:.3f}; 1 was expected"


def _damaged(library: Library) -> Iterator[Finding]:
    query = (
        select(Content.id, Content.sha256, EncoderRecord.name, EncoderRecord.dim, Vector.data)
        .join(Vector, Vector.content_id == Content.id)
        .join(EncoderRecord, EncoderRecord.id == Vector.encoder_id)
    )
    yield from _judge(library, query)


def _damaged_frames(library: Library) -> Iterator[Finding]:
    query = (
        select(Content.id, Content.sha256, EncoderRecord.name, EncoderRecord.dim, FrameVector.data)
        .join(Frame, Frame.content_id == Content.id)
        .join(FrameVector, FrameVector.frame_id == Frame.id)
        .join(EncoderRecord, EncoderRecord.id == FrameVector.encoder_id)
    )
    yield from _judge(library, query)


def _judge(library: Library, query: Select[int, str, str, int, bytes]) -> Iterator[Finding]:
    with library.catalog.reading() as session:
        for content_id, sha256, encoder, dim, data in session.execute(query).yield_per(_ROWS_AT_A_TIME):
            if reason := damage(data, dim):
                yield Finding(sha256, f"vector of {encoder}: {reason}", content_id)


def _drop_vectors(library: Library, findings: Sequence[Finding]) -> None:
    """All vectors of these contents, whole ones too: a pass encodes what has none."""
    for part in batched(findings, _IDS_A_STATEMENT):
        ids = [finding.id for finding in part]
        with library.catalog.writing() as (session, revision):
            session.execute(delete(Vector).where(Vector.content_id.in_(ids)))
            frames = select(Frame.id).where(Frame.content_id.in_(ids))
            session.execute(delete(FrameVector).where(FrameVector.frame_id.in_(frames)))
            session.execute(update(Content).where(Content.id.in_(ids)).values(revision=revision))


def _waiting(library: Library) -> Iterator[Finding]:
    made = exists().where(Vector.content_id == Content.id, Vector.encoder_id == library.encoder_id)
    with library.catalog.reading() as session:
        count = session.execute(select(func.count(Content.id)).where(_is_held(), ~made)).scalar_one()
    if count:
        yield Finding(library.encoder.name, f"{count:,} pictures have no vector of this encoder")


def _is_held() -> ColumnElement[bool]:
    return exists().where(Photo.content_id == Content.id, Photo.state == PhotoState.PRESENT)


def _snapshot(library: Library) -> Iterator[Finding]:
    path, encoder = _snapshot_path(library), library.encoder
    try:
        snapshot = read_snapshot(path, Owner(library.catalog.identity(), encoder.fingerprint, encoder.dim))
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        yield Finding(str(path), str(error))
        return
    if not snapshot.codes_are_whole():
        yield Finding(str(path), "its codes are damaged")
    made = exists().where(Vector.content_id == Content.id, Vector.encoder_id == library.encoder_id)
    revision = snapshot.header.revision
    with library.catalog.reading() as session:
        wanted = set(session.scalars(select(Content.id).where(_is_held(), made, Content.revision <= revision)))
        changed = set(session.scalars(select(Content.id).where(Content.revision > revision)))
    held = set(snapshot.ids.tolist()) - changed
    if revision > library.catalog.revision() or held != wanted:
        yield Finding(str(path), f"{len(held - wanted):,} pictures too many and {len(wanted - held):,} too few")


def _set_aside(library: Library, findings: Sequence[Finding]) -> None:
    set_aside(_snapshot_path(library), findings[0].detail)


def _snapshot_path(library: Library) -> Path:
    return library.settings.vectors_folder / f"{library.encoder.fingerprint}.vectors"


VECTOR_CHECKS = (
    Check(
        "vector-damaged", "vectors that cannot be what an encoder made", "drop them; the next pass makes them again",
        _damaged, _drop_vectors,
    ),
    Check(
        "frame-damaged", "vectors of video frames that cannot be what an encoder made",
        "drop them; the next pass makes them again", _damaged_frames, _drop_vectors,
    ),
    Check(
        "snapshot-bad", "the search index's snapshot does not agree with the catalog",
        "set it aside; the next search builds it again", _snapshot, _set_aside,
    ),
    Check(
        "vector-missing", "pictures that wait for their vectors", "run: sightline index", _waiting, serious=False,
    ),
)  # fmt: skip
