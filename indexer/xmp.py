"""Metadata that editors write: XMP packets (ISO 16684-1), in a picture or in a side-car file beside it.

XML from strangers is read by defusedxml: no entities, no external anything.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from indexer.disk_faults import is_of_disk, reading_fault
from indexer.metadata import (
    Metadata,
    camera_of,
    caption_of,
    clean_keywords,
    clean_text,
    place_of,
    rating_of,
)

MOST_BYTES = 4 << 20  # of a packet; real ones have tens of kilobytes
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
}


def xmp_metadata(packet: bytes, source: str = "xmp") -> Metadata:
    """What a packet says; nothing when it is damaged, hostile or too large. `source` names where a date came from."""
    if len(packet) > MOST_BYTES:
        return Metadata()
    try:
        root = fromstring(packet.strip(b"\0 \r\n\t"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return Metadata()
    said = _Properties(root)
    taken, offset = _date(said)
    latitude, longitude = place_of(_degrees(said.one("exif:GPSLatitude")), _degrees(said.one("exif:GPSLongitude")))
    return Metadata(
        taken,
        offset,
        source if taken else None,
        camera=camera_of(said.one("tiff:Make"), said.one("tiff:Model")),
        lens=clean_text(said.one("exifEX:LensModel", "aux:Lens")),
        latitude=latitude,
        longitude=longitude,
        rating=rating_of(said.one("xmp:Rating")),
        keywords=_keywords(said),
        title=clean_text(said.one("dc:title", "photoshop:Headline")),
        caption=caption_of(said.one("dc:description")),
    )


def read_sidecar(path: str | Path) -> Metadata:
    """What a side-car file says; nothing where it cannot be read.

    Raises:
        DiskError: its disk failed.
    """
    try:
        with open(path, "rb") as file:
            return xmp_metadata(file.read(MOST_BYTES + 1), "sidecar")
    except OSError as error:
        if is_of_disk(error):
            raise reading_fault(error) from error
        return Metadata()


class _Properties:
    """The properties of all rdf:Description elements: attributes, elements, and the three kinds of list."""

    def __init__(self, root: Element) -> None:
        self._values: dict[str, list[str]] = {}
        for description in root.iter(f"{_RDF}Description"):
            for name, value in description.items():
                self._values.setdefault(name, [value])
            for element in description:
                if values := list(_values_of(element)):
                    self._values.setdefault(element.tag, values)

    def all(self, name: str) -> list[str]:
        prefix, _, local = name.partition(":")
        return self._values.get(f"{{{_SPACES[prefix]}}}{local}", [])

    def one(self, *names: str) -> str | None:
        """The first value of the first of these properties that has one."""
        return next((value for name in names for value in self.all(name)), None)


def _values_of(element: Element) -> Iterator[str]:
    items = [item for kind in ("Alt", "Bag", "Seq") for item in element.findall(f"{_RDF}{kind}/{_RDF}li")]
    items.sort(key=lambda item: item.get(_LANG) not in (None, "x-default"))  # the default language first
    for item in items or [element]:
        if item.text and item.text.strip():
            yield item.text.strip()


def _keywords(said: _Properties) -> tuple[str, ...]:
    """The flat list that editors keep; the leaves of Lightroom's hierarchy where there is only that."""
    return clean_keywords(said.all("dc:subject")) or clean_keywords(
        path.rpartition("|")[2] for path in said.all("lr:hierarchicalSubject")
    )


def _date(said: _Properties) -> tuple[datetime | None, int | None]:
    for name in ("exif:DateTimeOriginal", "photoshop:DateCreated", "exif:DateTimeDigitized", "xmp:CreateDate"):
        text = said.one(name) or ""
        try:
            taken = datetime.fromisoformat(text)
        except ValueError:
            continue
        offset = taken.utcoffset()
        minutes = None if offset is None else round(offset.total_seconds() / 60)
        return taken.replace(tzinfo=None, microsecond=0), minutes
    return None, None


def _degrees(text: str | None) -> float | None:
    """ "52,22.5N" or "52,22,30N" (section 2.4 of XMP part 2's Exif schema)."""
    if not text or text[-1:].upper() not in tuple("NSEW"):
        return None
    try:
        parts = [float(part) for part in text[:-1].split(",")]
    except ValueError:
        return None
    degrees = sum(part / 60**i for i, part in enumerate(parts[:3]))
    return -degrees if text[-1].upper() in ("S", "W") else degrees
