"""Keywords into a photo's XMP side-car. The photo itself is never touched, nor anything else that a side-car says.

An existing side-car is not written anew from what was understood of it: the keywords go in and out at their places, and
every other byte stays as whoever wrote it left it. XML from strangers: a document type is refused, as the reader does.
"""

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from xml.parsers import expat
from xml.sax.saxutils import escape

from indexer.errors import IndexerError
from indexer.formats import SIDECAR
from indexer.xmp import MOST_BYTES, xmp_metadata

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_EMPTY = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{_RDF}">
  <rdf:Description rdf:about="">
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
""".encode()
_BLANK = b" \t\r\n"
_TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")


class SidecarError(IndexerError):
    """A side-car that cannot be changed; it is as it was."""


@dataclass
class _Places:
    """Where things stand in a packet, in bytes."""

    description: tuple[int, int] | None = None  # the first rdf:Description: its start, and the start of its end tag
    bag: tuple[int, int] | None = None  # the list of dc:subject, likewise
    items: list[tuple[int, int, str]] = field(default_factory=list)  # its items: start, start of the end tag, text


def sidecar_of(photo: str) -> Path:
    """The side-car that a photo has, or else the one it would get: ``IMG_1.jpg.xmp`` before ``IMG_1.xmp``."""
    path = Path(photo)
    names = (f"{path.name}{SIDECAR}".casefold(), f"{path.stem}{SIDECAR}".casefold())
    there = {name.casefold(): name for name in os.listdir(path.parent)}
    found = next((there[name] for name in names if name in there), f"{path.name}{SIDECAR}")
    return path.parent / found


def write_keywords(photo: str, add: Collection[str] = (), remove: Collection[str] = ()) -> bool:
    """Puts keywords into a photo's side-car and takes others out; gives back whether anything was to be changed.

    Raises:
        SidecarError: it cannot be read, is no XMP in UTF-8, or cannot be written; then it is as it was.
    """
    try:
        path = sidecar_of(photo)
        before = path.read_bytes() if path.exists() else None
        packet = before or _EMPTY
        changed = with_keywords(packet, add, remove)
        if changed == packet:
            return False
        _replace(path, before, changed)
    except OSError as error:
        raise SidecarError(f"cannot write the side-car of {photo}: {error.strerror or error}") from error
    return True


def with_keywords(packet: bytes, add: Collection[str], remove: Collection[str] = ()) -> bytes:
    """A packet with keywords added and removed, and all else as it is.

    Raises:
        SidecarError: it is no XMP packet in UTF-8, or cannot be changed safely.
    """
    if len(packet) > MOST_BYTES:
        raise SidecarError(f"a side-car of {len(packet):,} bytes; the limit is {MOST_BYTES:,}")
    places = _places(packet)
    out = {text for _, _, text in places.items} & set(remove)
    new = [keyword for keyword in dict.fromkeys(add) if keyword not in {text for _, _, text in places.items} - out]
    edits = [(*_whole(packet, start, end), b"") for start, end, text in places.items if text in out]
    if new:
        edits.append(_inserted(packet, places, new))
    for start, end, text in sorted(edits, reverse=True):
        packet = packet[:start] + text + packet[end:]
    said = set(xmp_metadata(packet).keywords)
    if edits and (not {" ".join(keyword.split()) for keyword in new} <= said or out & said):
        raise SidecarError("a side-car whose keywords are written in a way that is not understood")
    return packet


def _inserted(packet: bytes, places: _Places, new: list[str]) -> tuple[int, int, bytes]:
    items = "".join(f"<rdf:li>{escape(keyword)}</rdf:li>" for keyword in new)
    names = f'xmlns:dc="{_DC}" xmlns:rdf="{_RDF}"'
    if places.bag is not None:
        named = items.replace("<rdf:li>", f'<rdf:li xmlns:rdf="{_RDF}">')
        return _before_end(packet, *places.bag, named)
    if places.description is None:
        raise SidecarError("no XMP packet: expected an rdf:Description")
    return _before_end(packet, *places.description, f"<dc:subject {names}><rdf:Bag>{items}</rdf:Bag></dc:subject>")


def _before_end(packet: bytes, start: int, end: int, text: str) -> tuple[int, int, bytes]:
    """The edit that puts text at the end of an element, which is opened first where it is an empty one (<x/>)."""
    tag = _tag_at(packet, start)
    if not tag.endswith(b"/>"):
        place = len(packet[:end].rstrip(_BLANK))  # so that taking it out again leaves what was there
        return place, place, text.encode()
    name = tag[1:].split(None, 1)[0].rstrip(b"/>")
    return start, start + len(tag), tag[:-2].rstrip() + b">" + text.encode() + b"</" + name + b">"


def _whole(packet: bytes, start: int, end: int) -> tuple[int, int]:
    """From before an element's indentation to behind its end tag."""
    before = len(packet[:start].rstrip(_BLANK))
    return before, end + len(_tag_at(packet, end))


def _tag_at(packet: bytes, place: int) -> bytes:
    found = _TAG.match(packet, place)
    if found is None:
        raise SidecarError("a side-car that is not well formed")
    return found[0]


def _places(packet: bytes) -> _Places:
    parser = expat.ParserCreate(namespace_separator=" ")
    places = _Places()
    open_: list[tuple[str, int]] = []
    texts: list[str] = []

    def start(name: str, attributes: object) -> None:
        open_.append((name, parser.CurrentByteIndex))
        texts.clear()

    def end(name: str) -> None:
        _, began = open_.pop()
        here = (began, parser.CurrentByteIndex)
        inside = [outer for outer, _ in open_]
        if name == f"{_RDF} Description" and places.description is None:
            places.description = here
        elif name == f"{_RDF} Bag" and inside[-1:] == [f"{_DC} subject"] and places.bag is None:
            places.bag = here
        elif name == f"{_RDF} li" and inside[-2:] == [f"{_DC} subject", f"{_RDF} Bag"]:
            places.items.append((*here, "".join(texts).strip()))

    def doctype(*_: object) -> None:
        raise SidecarError("a side-car with a document type, which XMP has not")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = texts.append, doctype
    try:
        packet.decode("utf-8")
        parser.Parse(packet.rstrip(b"\0 \r\n\t"), True)
    except (expat.ExpatError, UnicodeDecodeError) as error:
        raise SidecarError(f"no XMP in UTF-8: {error}") from error
    return places


def _replace(path: Path, before: bytes | None, packet: bytes) -> None:
    """The whole new side-car or the old one, whatever happens; not over what somebody else wrote meanwhile."""
    with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".tmp", delete=False) as file:
        try:
            file.write(packet)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, os.stat(path).st_mode & 0o777 if before is not None else 0o644)
            if (path.read_bytes() if path.exists() else None) != before:
                raise SidecarError(f"{path} was changed by another program just now; try again")
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
