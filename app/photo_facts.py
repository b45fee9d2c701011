"""All that is known of one photo: what it says of itself, and the moments of a video."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sqlalchemy import select

from app.errors import NotFoundError
from indexer.catalog import Content, ContentKind, Frame, Photo, PhotoKeyword, PhotoMetadata, PhotoState
from indexer.library import Library


@dataclass(frozen=True)
class PhotoFacts:
    """What `indexer.catalog.PhotoMetadata` holds of a photo; None where it says nothing."""

    kind: ContentKind
    present: bool
    taken_at: datetime | None  # in its own zone, where that is known
    taken_at_source: str | None
    camera: str | None
    lens: str | None
    latitude: float | None
    longitude: float | None
    rating: int | None
    title: str | None
    caption: str | None
    keywords: tuple[str, ...]
    moments: tuple[float, ...]  # of a video: the seconds that were looked at


def read_facts(library: Library, photo_id: int) -> PhotoFacts:
    """What is known of a photo.

    Raises:
        NotFoundError: there is none, or it could not be read when it was indexed.
    """
    query = (
        select(Photo, Content, PhotoMetadata)
        .join(Content, Content.id == Photo.content_id)
        .outerjoin(PhotoMetadata, PhotoMetadata.photo_id == Photo.id)
        .where(Photo.id == photo_id)
    )
    keywords = select(PhotoKeyword.keyword).where(PhotoKeyword.photo_id == photo_id).order_by(PhotoKeyword.keyword)
    with library.catalog.reading() as session:
        row = session.execute(query).one_or_none()
        if row is None:
            raise NotFoundError(f"no photo with id {photo_id}")
        photo, content, written = row
        frames = select(Frame.time_s).where(Frame.content_id == content.id).order_by(Frame.time_s)
        said: PhotoMetadata = written or PhotoMetadata()
        return PhotoFacts(
            kind=content.kind,
            present=photo.state == PhotoState.PRESENT,
            taken_at=_zoned(said.taken_at or content.taken_at, said.taken_at_offset_minutes),
            taken_at_source=said.taken_at_source,
            camera=said.camera,
            lens=said.lens,
            latitude=said.latitude,
            longitude=said.longitude,
            rating=said.rating,
            title=said.title,
            caption=said.caption,
            keywords=tuple(session.scalars(keywords)),
            moments=tuple(session.scalars(frames)),
        )


def _zoned(taken_at: datetime | None, offset_minutes: int | None) -> datetime | None:
    if taken_at is None or offset_minutes is None or abs(offset_minutes) >= 24 * 60:
        return taken_at
    return taken_at.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
