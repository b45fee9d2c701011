"""What a photo must be: ``date:2019..2021-06``, ``folder:Holidays`` ... Each filter is a condition in SQL."""

import calendar
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_, select

from app.errors import QueryError
from indexer.catalog import (
    Content,
    ContentColours,
    ContentKind,
    Photo,
    PhotoKeyword,
    PhotoMetadata,
    PhotoState,
    PhotoTag,
    TagState,
)
from indexer.colours import NAMES as COLOURS
from indexer.fulltext import Written, tokens

_EARTH = 6371.0088  # mean radius, km
_SQUARE = 0.05  # by how much of its longer side a square picture's sides may differ


@dataclass(frozen=True)
class Filter:
    """One condition: its name, its value as it is written, and whether a photo must not meet it.

    Raises:
        QueryError: no such filter, or not a value of it.
    """

    name: str
    value: str
    negated: bool = False

    def __post_init__(self) -> None:
        self.condition()

    def condition(self) -> ColumnElement[bool]:
        """The condition on a row of photo joined with content."""
        make = FILTERS.get(self.name)
        if make is None:
            raise QueryError(f"no filter {self.name}: expected one of {', '.join(FILTERS)}; \\: searches for the words")
        try:
            condition = make(self.value)
        except ValueError as error:
            raise QueryError(f"{self.name}: {error}; got {self.value!r}") from error
        return not_(func.coalesce(condition, false())) if self.negated else condition


def allowed_contents(*conditions: ColumnElement[bool]) -> Select[int]:
    """The ids of the contents of which a present photo meets all conditions."""
    return (
        select(Content.id)
        .join(Photo, Photo.content_id == Content.id)
        .outerjoin(PhotoMetadata, PhotoMetadata.photo_id == Photo.id)
        .where(Photo.state == PhotoState.PRESENT, *conditions)
        .distinct()
    )


def says(words: str) -> ColumnElement[bool]:
    """Whether words follow each other in a photo's path, title, caption or one of its keywords; `*` ends a prefix."""
    phrase = tokens(words)
    return Written(Photo.id, [phrase], prefix=words.endswith("*")) if phrase else false()


def _literal(text: str) -> str:
    """Text in which LIKE sees no wildcards."""
    return text.translate({ord(c): f"\\{c}" for c in "\\%_"})


def _date(value: str) -> ColumnElement[bool]:
    first, dots, last = value.partition("..")
    if not (first or last):
        raise ValueError("expected a year, a month, a day, or a range such as 2019..2021-06")
    taken_at = func.coalesce(PhotoMetadata.taken_at, Content.taken_at)
    begin = _span(first)[0] if first else None
    end = _span(last or first)[1] if last or not dots else None
    if begin is not None and end is not None and end <= begin:
        raise ValueError(f"a range that ends before it begins: {last}..{first} is meant")
    conditions = [taken_at >= begin] if begin else []
    return and_(*conditions, taken_at < end) if end else and_(*conditions)


def _span(text: str) -> tuple[datetime, datetime]:
    """When a day, a month or a year begins, and when the next does."""
    if (relative := _relative(text.lower(), date.today())) is not None:
        first, after = relative
        return datetime.combine(first, datetime.min.time()), datetime.combine(after, datetime.min.time())
    if not (found := re.fullmatch(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?", text)):
        raise ValueError("expected a date such as 2019, 2019-06, 2019-06-14 or last-month")
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    try:
        start = datetime(year, month or 1, day or 1)
        if day is not None:
            return start, start + timedelta(days=1)
        if month is not None:
            return start, start + timedelta(days=calendar.monthrange(year, month)[1])
        return start, datetime(year + 1, 1, 1)
    except (ValueError, OverflowError) as error:
        raise ValueError("no such date") from error


def _relative(text: str, today: date) -> tuple[date, date] | None:
    week = today - timedelta(days=today.weekday())
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    last_month, last_year = (month - timedelta(days=1)).replace(day=1), year.replace(year=year.year - 1)
    tomorrow = today + timedelta(days=1)
    return {
        "today": (today, tomorrow),
        "yesterday": (today - timedelta(days=1), today),
        "this-week": (week, week + timedelta(days=7)),
        "last-week": (week - timedelta(days=7), week),
        "this-month": (month, (month + timedelta(days=31)).replace(day=1)),
        "last-month": (last_month, month),
        "this-year": (year, year.replace(year=year.year + 1)),
        "last-year": (last_year, year),
    }.get(text)


def _folder(value: str) -> ColumnElement[bool]:
    names = value.strip("/")
    if not names:
        raise ValueError("expected a folder's name, several with / between, or a path")
    inside = _literal(names).replace("*", "%")
    return Photo.path.ilike(f"{'/' if value.startswith('/') else '%/'}{inside}/%", escape="\\")


def _orientation(value: str) -> ColumnElement[bool]:
    wider, higher = Content.width - Content.height, Content.height - Content.width
    landscape, portrait = wider > _SQUARE * Content.width, higher > _SQUARE * Content.height
    square = not_(or_(landscape, portrait))
    return _one_of(value, {"portrait": portrait, "landscape": landscape, "square": square})


def _camera(value: str) -> ColumnElement[bool]:
    return PhotoMetadata.camera.ilike(f"%{_literal(value)}%", escape="\\")


def _keyword(value: str) -> ColumnElement[bool]:
    meeting = select(PhotoKeyword.photo_id).where(PhotoKeyword.keyword.ilike(_literal(value), escape="\\"))
    tagged = select(PhotoTag.photo_id).where(
        PhotoTag.tag.ilike(_literal(value), escape="\\"), PhotoTag.state == TagState.OWN
    )
    return or_(Photo.id.in_(meeting), Photo.id.in_(tagged))


def _kind(value: str) -> ColumnElement[bool]:
    return _one_of(value, {kind.value: Content.kind == kind for kind in ContentKind})


def _colour(value: str) -> ColumnElement[bool]:
    """Bits of the colours that a picture has much of."""
    names = value.lower().replace("gray", "grey").split("|")
    if not set(names) <= set(COLOURS):
        raise ValueError(f"expected {'|'.join(COLOURS)}")
    wanted = sum(1 << COLOURS.index(name) for name in set(names))
    return Content.id.in_(select(ContentColours.content_id).where(ContentColours.colours.bitwise_and(wanted) != 0))


def _rating(value: str) -> ColumnElement[bool]:
    if not (found := re.fullmatch(r"(>=|<=|)(-1|[0-5])", value)):
        raise ValueError("expected stars such as 4, >=4 or <=2")
    stars = int(found[2])
    match found[1]:
        case ">=":
            return PhotoMetadata.rating >= stars
        case "<=":
            return PhotoMetadata.rating <= stars
        case _:
            return PhotoMetadata.rating == stars


def _near(value: str) -> ColumnElement[bool]:
    """Within a radius of a place: a box of degrees, which an index finds, then the great circle (haversine)."""
    number = r"[-+]?[0-9]{1,3}(?:\.[0-9]{1,12})?"
    found = re.fullmatch(rf"({number}),({number}),([0-9]{{1,5}}(?:\.[0-9]{{1,6}})?)(km|m|mi)", value)
    if found is None or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        raise ValueError("expected latitude,longitude,radius such as 48.858,2.294,5km")
    latitude, longitude = float(found[1]), float(found[2])
    radius = float(found[3]) * {"km": 1.0, "m": 0.001, "mi": 1.609344}[found[4]] / _EARTH  # radians
    lat, lon = func.radians(PhotoMetadata.latitude), func.radians(PhotoMetadata.longitude)
    north, east = math.radians(latitude), math.radians(longitude)
    haversine = func.power(func.sin((lat - north) / 2), 2) + math.cos(north) * func.cos(lat) * func.power(
        func.sin((lon - east) / 2), 2
    )
    band = math.degrees(radius)
    return and_(
        PhotoMetadata.latitude.between(latitude - band, latitude + band),
        PhotoMetadata.longitude.is_not(None),
        haversine <= math.sin(min(radius, math.pi) / 2) ** 2,
    )


def _one_of(value: str, conditions: dict[str, ColumnElement[bool]]) -> ColumnElement[bool]:
    """The conditions that a value such as ``portrait|square`` names."""
    names = value.lower().split("|")
    if not set(names) <= set(conditions):
        raise ValueError(f"expected {'|'.join(conditions)}")
    return or_(*(conditions[name] for name in names))


def _album(value: str) -> ColumnElement[bool]:
    """`app.search` finds what the album holds; by itself no photo is in any."""
    if not value.strip():
        raise ValueError("expected an album's name")
    return false()


FILTERS: dict[str, Callable[[str], ColumnElement[bool]]] = {
    "date": _date,
    "folder": _folder,
    "kind": _kind,
    "orientation": _orientation,
    "color": _colour,
    "colour": _colour,
    "camera": _camera,
    "near": _near,
    "rating": _rating,
    "keyword": _keyword,
    "album": _album,
}
