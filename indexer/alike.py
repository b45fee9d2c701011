"""Which contents look alike, kept in the catalog and brought up to date by what changed: only that is compared.

A pair is a copy when hash and colours (`indexer.near`) and the encoder's vectors all say so, and of a burst when one
camera took both within seconds and they are not too unlike. Both follow from the two contents alone, whatever else is
in the library, so a library that grew has the pairs of one that was compared in one go.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from clipcore.batches import batched
from indexer.catalog import Alike, Clock, Content, ContentLooks, Likeness, Photo, PhotoMetadata, PhotoState, Vector
from indexer.library import Library
from indexer.looks import complete_looks
from indexer.near import BURST_SECONDS, Marks, Places, may_be_near, near_copies, near_moments
from indexer.stored import STORED_DTYPE

COPY_COSINE = 0.6  # of vectors: hardly more than different pictures have, because a small copy has lost its details
BURST_COSINE = 0.7
_IDS_A_STATEMENT = 500
_MOMENTS_A_STATEMENT = 100
_PAIRS_AT_A_TIME = 20_000

Row = dict[str, object]


def follow_alike(library: Library, is_over: Callable[[], bool] = lambda: False) -> None:
    """Looks at the pictures that are new since the last comparison and compares them, unless it is to end before.

    Raises:
        StorageError: the catalog cannot be written.
    """
    with library.catalog.reading() as session:
        clock = session.scalars(select(Clock)).one()
    since = clock.compared_at if clock.compared_by == library.known_encoder_id() else -1
    if complete_looks(library, since=since, is_over=is_over) is not None:
        update_alike(library)


def update_alike(library: Library) -> int:
    """Compares what changed since the last time with everything; gives back how many pictures that were.

    Raises:
        StorageError: the catalog cannot be written.
    """
    encoder_id = library.known_encoder_id()
    if encoder_id is None:  # nothing is indexed yet
        return 0
    with library.catalog.reading() as session:
        clock = session.scalars(select(Clock)).one()
        since = clock.compared_at if clock.compared_by == encoder_id else -1
        touched = _touched(session, since)
        if not touched and since >= 0:
            return 0
        neighbours = None if since < 0 else _neighbours(session, touched)
        pictures = _Pictures.read(session, encoder_id, since, neighbours)
        rows = _pairs(session, pictures, encoder_id) if pictures.changed.any() else []
    with library.catalog.writing() as (session, _):
        now = session.scalars(select(Clock)).one()
        if (now.compared_at, now.compared_by) != (clock.compared_at, clock.compared_by):
            return 0  # another process did the same meanwhile
        if since < 0:
            session.execute(delete(Alike))
        for ids in batched(touched if since >= 0 else (), _IDS_A_STATEMENT):
            session.execute(delete(Alike).where(or_(Alike.first_id.in_(ids), Alike.second_id.in_(ids))))
        for some in batched(rows, _IDS_A_STATEMENT):
            session.execute(insert(Alike), list(some))
        session.execute(update(Clock).values(compared_at=clock.revision, compared_by=encoder_id))
    return int(pictures.changed.sum())


def _touched(session: Session, since: int) -> Sequence[int]:
    """Contents that came, went, or were looked at since."""
    content = select(Content.id).where(Content.revision > since)
    looks = select(ContentLooks.content_id).where(ContentLooks.revision > since)
    return session.scalars(content.union(looks)).all()


def _neighbours(session: Session, touched: Sequence[int]) -> list[int]:
    """Contents that may make a pair with one of those touched: few of a large library, so that few are read whole."""
    columns = ContentLooks.__table__.c
    rows = session.connection().execute(select(columns.content_id, columns.looks)).all()  # one for every picture
    ids, looks = (np.array([row[place] for row in rows], np.int64) for place in (0, 1))
    near = set(ids[may_be_near(looks.view(np.uint64), np.isin(ids, touched))].tolist())
    moments: set[datetime] = set()
    timed = select(PhotoMetadata.taken_at).join(Photo, Photo.id == PhotoMetadata.photo_id)
    for some in batched(touched, _IDS_A_STATEMENT):
        taken = session.scalars(timed.where(Photo.content_id.in_(some), Photo.state == PhotoState.PRESENT))
        moments.update(moment.replace(microsecond=0) for moment in taken if moment is not None)
    apart = timedelta(seconds=BURST_SECONDS + 1)
    soon = select(Photo.content_id).join(PhotoMetadata, PhotoMetadata.photo_id == Photo.id)
    for times in batched(sorted(moments), _MOMENTS_A_STATEMENT):
        around = or_(*(PhotoMetadata.taken_at.between(time - apart, time + apart) for time in times))
        near.update(id_ for id_ in session.scalars(soon.where(around)) if id_ is not None)
    return sorted(near)


@dataclass(frozen=True)
class _Pictures:
    """What is compared, by content id: pictures with looks, a vector and a present photo."""

    ids: NDArray[np.int64]
    looks: NDArray[np.uint64]
    details: NDArray[np.uint64]  # (pictures, 4)
    colours: NDArray[np.uint64]
    moments: NDArray[np.int64]  # seconds, of the camera's own clock
    cameras: NDArray[np.int64]  # -1: not known, or not when
    changed: Marks

    @classmethod
    def read(cls, session: Session, encoder_id: int, since: int, among: Sequence[int] | None) -> "_Pictures":
        """Of the contents `among`, or of all."""
        present = select(func.min(Photo.id)).where(Photo.content_id == Content.id, Photo.state == PhotoState.PRESENT)
        query = (
            select(
                Content.id,
                ContentLooks.looks,
                ContentLooks.detail,
                ContentLooks.colours,
                PhotoMetadata.taken_at,
                PhotoMetadata.taken_at_source,
                PhotoMetadata.camera,
                or_(Content.revision > since, ContentLooks.revision > since),
            )
            .join(ContentLooks, ContentLooks.content_id == Content.id)
            .join(Photo, Photo.id == present.correlate(Content).scalar_subquery())
            .join(Vector, (Vector.content_id == Content.id) & (Vector.encoder_id == encoder_id))
            .outerjoin(PhotoMetadata, PhotoMetadata.photo_id == Photo.id)
            .order_by(Content.id)
        )
        if among is None:
            rows = session.execute(query).all()
        else:
            some = batched(among, _IDS_A_STATEMENT)
            rows = [row for ids in some for row in session.execute(query.where(Content.id.in_(ids)))]
        cameras: dict[str, int] = {}
        timed = [camera if taken is not None and source != "file" else None for *_, taken, source, camera, _ in rows]
        return cls(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.int64).view(np.uint64),
            np.frombuffer(b"".join(row[2] for row in rows), np.uint64).reshape(-1, 4),
            np.array([row[3] for row in rows], np.int64).view(np.uint64),
            np.array([_seconds(row[4]) for row in rows], np.int64),
            np.array([cameras.setdefault(name, len(cameras)) if name else -1 for name in timed], np.int64),
            np.array([bool(row[-1]) for row in rows], np.bool_),
        )

    def soon_after(self, first: int, second: int) -> bool:
        """Whether one camera took both within seconds, not at the same time."""
        apart = abs(int(self.moments[first] - self.moments[second]))
        return self.cameras[first] == self.cameras[second] >= 0 and 0 < apart <= BURST_SECONDS


def _seconds(moment: datetime | None) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp()) if moment else 0


def _pairs(session: Session, pictures: _Pictures, encoder_id: int) -> list[Row]:
    """Pairs with a changed picture, as rows.

    What looks the same and was taken seconds apart is a burst. Within one second only its looks can tell: edits keep
    the moment of their original.
    """
    p = pictures
    rows: dict[tuple[int, int], Row] = {}
    for likeness, places, cosine in (
        (Likeness.BURST, near_moments(p.looks, p.moments, p.cameras, p.changed), BURST_COSINE),
        (Likeness.COPY, near_copies(p.looks, p.details, p.colours, p.changed), COPY_COSINE),
    ):
        for some in np.array_split(places, max(1, -(-len(places) // _PAIRS_AT_A_TIME))):
            for first, second in _agreeing(session, p.ids, some, encoder_id, cosine).tolist():
                pair = int(p.ids[first]), int(p.ids[second])
                said = Likeness.BURST if p.soon_after(first, second) else likeness
                rows[pair] = {"first_id": pair[0], "second_id": pair[1], "likeness": said}
    return list(rows.values())


def _agreeing(session: Session, ids: NDArray[np.int64], places: Places, encoder_id: int, cosine: float) -> Places:
    """The pairs whose vectors have at least this cosine."""
    wanted, pairs = np.unique(places, return_inverse=True)
    data: dict[int, bytes] = {}
    for some in batched(ids[wanted].tolist(), _IDS_A_STATEMENT):
        query = select(Vector.content_id, Vector.data).where(
            Vector.encoder_id == encoder_id, Vector.content_id.in_(some)
        )
        data.update((content_id, vector) for content_id, vector in session.execute(query))
    if not data:
        return places[:0]
    codes = np.frombuffer(b"".join(data[id_] for id_ in ids[wanted].tolist()), STORED_DTYPE).reshape(len(wanted), -1)
    vectors = codes.astype(np.float32)
    first, second = pairs.reshape(-1, 2).T
    return places[np.einsum("ij,ij->i", vectors[first], vectors[second]) >= cosine]
