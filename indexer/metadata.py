"""What a photo says of itself: when, where and with what it was taken, and what its owner wrote of it.

Several sources may speak; for each field the first of them that says something is heard: the side-car file, where
editors write, then EXIF, XMP and IPTC, in the order of the Metadata Working Group's guidelines (2010). Damaged metadata
is no metadata: it never costs a photo.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta

VERSION = 1  # of all that is read here: rows of an older version are read again
_LONGEST = 4_000  # characters of a text
_LONGEST_INDEXED = 500  # of a keyword or a camera's name: PostgreSQL's indexes take 2,704 bytes
_MOST_KEYWORDS = 200
_NOBODY_WROTE = ("digital camera", "sony dsc", "dcim", "samsung camera pictures")  # captions of cameras that have none


@dataclass(frozen=True)
class Metadata:
    """None, or empty, where nothing is said. `indexer.catalog.PhotoMetadata` tells the units."""

    taken_at: datetime | None = None
    taken_at_offset_minutes: int | None = None
    taken_at_source: str | None = None
    camera: str | None = None
    lens: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    rating: int | None = None
    keywords: tuple[str, ...] = ()
    title: str | None = None
    caption: str | None = None


_TOGETHER = (("taken_at", "taken_at_offset_minutes", "taken_at_source"), ("latitude", "longitude"))


def first_of(sources: Iterable[Metadata]) -> Metadata:
    """For each field the first source that has it; a date with its own offset, a place whole."""
    merged: dict[str, object] = {}
    single = {(field.name,) for field in fields(Metadata)} - {(name,) for group in _TOGETHER for name in group}
    for source in sources:
        for group in (*single, *_TOGETHER):
            if group[0] not in merged and getattr(source, group[0]) not in (None, ()):
                merged |= {name: getattr(source, name) for name in group}
    return Metadata(**merged)  # type: ignore[arg-type]


def dated_by_file(metadata: Metadata, mtime_ns: int) -> Metadata:
    """With the file's modification time, in this machine's zone and marked as such, where nothing says a date."""
    if metadata.taken_at is not None:
        return metadata
    try:
        moment = datetime.fromtimestamp(mtime_ns / 1e9, UTC).astimezone()
    except (OverflowError, ValueError, OSError):
        return metadata
    offset = moment.utcoffset() or timedelta()
    return replace(
        metadata,
        taken_at=moment.replace(tzinfo=None, microsecond=0),
        taken_at_offset_minutes=round(offset.total_seconds() / 60),
        taken_at_source="file",
    )


def clean_text(value: object) -> str | None:
    """Text as a person wrote it: no control characters, no padding; None when nothing is left."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    value = value.encode("utf-8", "replace").decode()  # lone surrogates cannot be stored
    lines = ("".join(c for c in line if c.isprintable()) for line in value.replace("\0", " ").splitlines())
    return "\n".join(" ".join(line.split()) for line in lines).strip()[:_LONGEST] or None


def caption_of(value: object) -> str | None:
    """A text that a person wrote, not the camera by itself."""
    text = clean_text(value)
    return None if text and any(name in text.casefold()[:60] for name in _NOBODY_WROTE) else text


def clean_keywords(values: Iterable[object]) -> tuple[str, ...]:
    """Keywords without blanks and repetitions, in order."""
    cleaned = (clean_text(value) for value in values)
    return tuple(dict.fromkeys(keyword[:_LONGEST_INDEXED] for keyword in cleaned if keyword))[:_MOST_KEYWORDS]


def camera_of(make: object, model: object) -> str | None:
    """Make and model in one, the maker not said twice."""
    maker, name = clean_text(make), clean_text(model)
    if maker and name and not name.casefold().startswith(maker.split()[0].casefold()):
        name = f"{maker} {name}"
    said = name or maker
    return said[:_LONGEST_INDEXED] if said else None


def rating_of(value: object) -> int | None:
    """Stars, 0 to 5, or -1 for rejected; None for anything else."""
    try:
        rating = round(float(str(value)))
    except (ValueError, OverflowError):
        return None
    return rating if -1 <= rating <= 5 else None


def place_of(latitude: float | None, longitude: float | None) -> tuple[float | None, float | None]:
    """Degrees that lie on the globe; (0, 0) is what cameras write that did not know."""
    if latitude is None or longitude is None or not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None, None
    return (None, None) if latitude == longitude == 0 else (latitude, longitude)


def offset_of(text: object) -> int | None:
    """Minutes of a zone written "+02:00" or "Z"."""
    try:
        offset = datetime.strptime(str(text).strip("\0 "), "%z").utcoffset()
    except ValueError:
        return None
    return None if offset is None else round(offset.total_seconds() / 60)
