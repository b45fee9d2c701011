"""A time line of the library: how many photos of each year or month, and one to show for it."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Integer, cast, extract, func, select

from indexer.catalog import Content, Photo, PhotoMetadata, PhotoState
from indexer.library import Library

Unit = Literal["year", "month"]


@dataclass(frozen=True)
class Period:
    """A stretch of time that has photos.

    Attributes:
        period: "2019" or "2019-06", as the filter ``date:`` takes it.
        photo_id: one that stands for it: the best rated, else the first taken.
    """

    period: str
    photos: int
    photo_id: int


def timeline(library: Library, unit: Unit = "month") -> list[Period]:
    """The periods that have photos, in order. Copies of a file count once; photos without a date do not count."""
    taken_at = func.coalesce(PhotoMetadata.taken_at, Content.taken_at)
    dated = (
        select(
            Photo.id,
            PhotoMetadata.rating,
            taken_at.label("taken_at"),
            cast(extract("year", taken_at), Integer).label("year"),
            (cast(extract("month", taken_at), Integer) if unit == "month" else cast(0, Integer)).label("month"),
            func.row_number().over(partition_by=Photo.content_id, order_by=Photo.id).label("copy"),
        )
        .join(Content, Content.id == Photo.content_id)
        .outerjoin(PhotoMetadata, PhotoMetadata.photo_id == Photo.id)
        .where(Photo.state == PhotoState.PRESENT, taken_at.is_not(None))
        .subquery()
    )
    best = func.coalesce(dated.c.rating, 0).desc()
    ranked = (
        select(
            dated.c.id,
            dated.c.year,
            dated.c.month,
            func.count().over(partition_by=(dated.c.year, dated.c.month)).label("photos"),
            func.row_number()
            .over(partition_by=(dated.c.year, dated.c.month), order_by=(best, dated.c.taken_at, dated.c.id))
            .label("place"),
        )
        .where(dated.c.copy == 1)
        .subquery()
    )
    query = select(ranked).where(ranked.c.place == 1).order_by(ranked.c.year, ranked.c.month)
    with library.catalog.reading() as session:
        rows = session.execute(query).all()
    return [Period(f"{r.year:04}-{r.month:02}" if r.month else f"{r.year:04}", r.photos, r.id) for r in rows]
