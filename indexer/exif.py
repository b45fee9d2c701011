"""Metadata that cameras write: EXIF (Exif 2.32), and the older IPTC record of newspapers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from PIL import ExifTags, Image, IptcImagePlugin
from PIL.ImageFile import ImageFile

from indexer.metadata import (
    Metadata,
    camera_of,
    caption_of,
    clean_keywords,
    clean_text,
    offset_of,
    place_of,
    rating_of,
)

_Tags = Mapping[int, Any]
_XP_TITLE, _XP_COMMENT, _XP_KEYWORDS, _RATING = 0x9C9B, 0x9C9C, 0x9C9E, 0x4746  # as Windows writes them
_OFFSETS = {
    ExifTags.Base.DateTimeOriginal: ExifTags.Base.OffsetTimeOriginal,
    ExifTags.Base.DateTimeDigitized: ExifTags.Base.OffsetTimeDigitized,
    ExifTags.Base.DateTime: ExifTags.Base.OffsetTime,
}
_QUARTER = 15  # minutes: zones differ by a multiple of it


def exif_metadata(exif: Image.Exif) -> Metadata:
    """What EXIF says; damaged parts are passed over."""
    tags: _Tags = exif
    details = _directory(exif, ExifTags.IFD.Exif)
    gps = _directory(exif, ExifTags.IFD.GPSInfo)
    latitude, longitude = place_of(
        _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef)),
        _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef)),
    )
    taken = _taken_at({**tags, **details}, gps)
    return Metadata(
        *taken,
        camera=camera_of(tags.get(ExifTags.Base.Make), tags.get(ExifTags.Base.Model)),
        lens=clean_text(details.get(ExifTags.Base.LensModel)),
        latitude=latitude,
        longitude=longitude,
        rating=rating_of(tags.get(_RATING)),
        keywords=clean_keywords((_wide(tags.get(_XP_KEYWORDS)) or "").split(";")),
        title=_wide(tags.get(_XP_TITLE)),
        caption=caption_of(tags.get(ExifTags.Base.ImageDescription)) or _wide(tags.get(_XP_COMMENT)),
    )


def iptc_metadata(image: ImageFile) -> Metadata:
    """What a JPEG's or TIFF's IPTC record says (IIM 4.2, record 2)."""
    try:
        record = IptcImagePlugin.getiptcinfo(image) or {}
    except Exception:  # parsers of hostile bytes raise anything
        return Metadata()
    keywords = record.get((2, 25), [])
    date, time = _ascii(record.get((2, 55))), _ascii(record.get((2, 60)))
    taken, offset = _parse(f"{date} {time[:6]}", "%Y%m%d %H%M%S"), offset_of(time[6:])
    return Metadata(
        taken,
        offset if taken else None,
        "iptc" if taken else None,
        keywords=clean_keywords(keywords if isinstance(keywords, list) else [keywords]),
        title=clean_text(record.get((2, 5))),
        caption=caption_of(record.get((2, 120))),
    )


def _directory(exif: Image.Exif, which: int) -> _Tags:
    try:
        return exif.get_ifd(which)
    except Exception:  # as above
        return {}


def _taken_at(tags: _Tags, gps: _Tags) -> tuple[datetime | None, int | None, str | None]:
    """When it was taken, in local time; the offset as written, else as the satellites' time tells it."""
    for tag, offset_tag in _OFFSETS.items():
        taken = _parse(_text(tags.get(tag)), "%Y:%m:%d %H:%M:%S")
        if taken is not None:
            offset = offset_of(_text(tags.get(offset_tag)))
            return taken, offset if offset is not None else _offset_by_satellite(taken, gps), "exif"
    universal = _satellite_time(gps)
    return (universal, 0, "exif") if universal else (None, None, None)


def _satellite_time(gps: _Tags) -> datetime | None:
    date = _parse(_text(gps.get(ExifTags.GPS.GPSDateStamp)), "%Y:%m:%d")
    try:
        hours, minutes, seconds = (float(part) for part in gps[ExifTags.GPS.GPSTimeStamp])
        return None if date is None else date + timedelta(hours=hours, minutes=minutes, seconds=int(seconds))
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None


def _offset_by_satellite(taken: datetime, gps: _Tags) -> int | None:
    universal = _satellite_time(gps)
    if universal is None:
        return None
    minutes = _QUARTER * round((taken - universal).total_seconds() / 60 / _QUARTER)
    return minutes if abs(minutes) <= 14 * 60 else None


def _degrees(value: Any, reference: Any) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    total = degrees + minutes / 60 + seconds / 3600
    return -total if _text(reference).upper() in ("S", "W") else total


def _parse(text: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(text, pattern)
    except ValueError:
        return None


def _text(value: Any) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    return text.strip("\0 ")


def _ascii(value: Any) -> str:
    return _text(value) if isinstance(value, bytes) else ""


def _wide(value: Any) -> str | None:
    """Windows' UTF-16."""
    if isinstance(value, tuple) and all(isinstance(part, int) and 0 <= part < 256 for part in value):
        value = bytes(value)
    return clean_text(value.decode("utf-16-le", "replace")) if isinstance(value, bytes) else None
