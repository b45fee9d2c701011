"""What photos say of themselves, from the bytes to the catalog."""

import io
import os
from datetime import datetime
from pathlib import Path

import pytest
from PIL import ExifTags, Image
from sqlalchemy import delete, select

from indexer.catalog import Photo, PhotoKeyword, PhotoMetadata
from indexer.exif import exif_metadata
from indexer.folders import add_folder
from indexer.ingest import Report, ingest
from indexer.library import Library
from indexer.metadata import Metadata, dated_by_file, first_of
from indexer.photo import describe
from indexer.xmp import xmp_metadata
from tests.conftest import paint

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/" {attributes}>
{elements}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def xmp(attributes: str = "", elements: str = "") -> bytes:
    return XMP.format(attributes=attributes, elements=elements).encode()


def exif(
    base: dict[int, object], details: dict[int, object] | None = None, gps: dict[int, object] | None = None
) -> bytes:
    made = Image.Exif()
    made.update(base)
    made.get_ifd(ExifTags.IFD.Exif).update(details or {})
    made.get_ifd(ExifTags.IFD.GPSInfo).update(gps or {})
    return made.tobytes()


def of_exif(data: bytes) -> Metadata:
    read = Image.Exif()
    read.load(data)
    return exif_metadata(read)


FULL = exif(
    {
        ExifTags.Base.Make: "Canon",
        ExifTags.Base.Model: "Canon EOS R5",
        ExifTags.Base.ImageDescription: "Two gulls over the pier",
        0x4746: 4,
        0x9C9B: "Gulls\0".encode("utf-16-le"),
        0x9C9E: "birds;sea\0".encode("utf-16-le"),
    },
    {
        ExifTags.Base.DateTimeOriginal: "2019:07:14 18:05:59",
        ExifTags.Base.OffsetTimeOriginal: "+02:00",
        ExifTags.Base.LensModel: "RF24-105mm F4 L IS USM",
    },
    {
        ExifTags.GPS.GPSLatitudeRef: "S",
        ExifTags.GPS.GPSLatitude: (33.0, 51.0, 24.48),
        ExifTags.GPS.GPSLongitudeRef: "E",
        ExifTags.GPS.GPSLongitude: (151.0, 12.0, 33.6),
    },
)


def test_exif_says_when_where_and_with_what() -> None:
    assert of_exif(FULL) == Metadata(
        taken_at=datetime(2019, 7, 14, 18, 5, 59),
        taken_at_offset_minutes=120,
        taken_at_source="exif",
        camera="Canon EOS R5",
        lens="RF24-105mm F4 L IS USM",
        latitude=pytest.approx(-33.8568),
        longitude=pytest.approx(151.2093333),
        rating=4,
        keywords=("birds", "sea"),
        title="Gulls",
        caption="Two gulls over the pier",
    )


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_every_format_that_carries_exif_is_read(tmp_path: Path, format: str) -> None:
    path = tmp_path / "picture"
    Image.new("RGB", (64, 32)).save(path, format, exif=FULL)
    said = describe(str(path))
    assert (said.camera, said.taken_at_offset_minutes, said.keywords) == ("Canon EOS R5", 120, ("birds", "sea"))


def test_the_satellites_time_tells_the_offset_that_is_not_written() -> None:
    gps = {ExifTags.GPS.GPSDateStamp: "2019:07:14", ExifTags.GPS.GPSTimeStamp: (12.0, 36.0, 2.0)}
    said = of_exif(exif({}, {ExifTags.Base.DateTimeOriginal: "2019:07:14 18:05:59"}, gps))
    assert said.taken_at_offset_minutes == 330  # India


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)), (None, None)),  # what cameras write that found no satellite
        (((95.0, 0.0, 0.0), (10.0, 0.0, 0.0)), (None, None)),
        (((10.0, 30.0, 0.0), (20.0, 15.0, 0.0)), (10.5, 20.25)),
    ],
)
def test_a_place_is_on_the_globe_or_none(place: tuple[object, object], expected: tuple[object, object]) -> None:
    gps = {ExifTags.GPS.GPSLatitude: place[0], ExifTags.GPS.GPSLongitude: place[1]}
    said = of_exif(exif({}, gps=gps))
    assert (said.latitude, said.longitude) == expected


def test_captions_that_cameras_write_are_none() -> None:
    assert of_exif(exif({ExifTags.Base.ImageDescription: "OLYMPUS DIGITAL CAMERA         "})).caption is None


def test_xmp_is_read_as_attributes_and_as_elements() -> None:
    packet = xmp(
        'xmp:Rating="5" exif:DateTimeOriginal="2021-03-04T05:06:07-08:00" exif:GPSLatitude="52,22.5N"'
        ' exif:GPSLongitude="4,53,30W"',
        "<dc:subject><rdf:Bag><rdf:li>canal</rdf:li><rdf:li> boat </rdf:li><rdf:li>canal</rdf:li></rdf:Bag>"
        "</dc:subject>"
        '<dc:title><rdf:Alt><rdf:li xml:lang="nl">Gracht</rdf:li><rdf:li xml:lang="x-default">Canal</rdf:li></rdf:Alt>'
        "</dc:title>",
    )
    assert xmp_metadata(packet) == Metadata(
        datetime(2021, 3, 4, 5, 6, 7),
        -480,
        "xmp",
        latitude=52.375,
        longitude=pytest.approx(-4.8916667),
        rating=5,
        keywords=("canal", "boat"),
        title="Canal",
    )


def test_a_hierarchy_of_keywords_gives_its_leaves() -> None:
    elements = (
        "<lr:hierarchicalSubject><rdf:Bag><rdf:li>Places|Europe|Delft</rdf:li></rdf:Bag></lr:hierarchicalSubject>"
    )
    assert xmp_metadata(xmp(elements=elements)).keywords == ("Delft",)


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&b;</x:xmpmeta>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&a;</x:xmpmeta>'


@pytest.mark.parametrize(
    "packet",
    [LAUGHS.encode(), OUTSIDE.encode(), b"<x", b"\xff\xfe\0\0", b"", xmp() + b" " * (5 << 20), b"<a>" * 100_000],
    ids=["entities", "external entity", "cut", "no text", "empty", "too large", "deep"],
)
def test_hostile_xmp_says_nothing(packet: bytes) -> None:
    assert xmp_metadata(packet) == Metadata()


def test_hostile_xmp_does_not_lose_the_picture(library: Library, tmp_path: Path) -> None:
    paint(tmp_path / "photos" / "a.jpg", xmp=LAUGHS.encode())
    assert run(library, tmp_path / "photos").indexed == 1


def test_the_first_that_speaks_is_heard_and_dates_stay_with_their_offset() -> None:
    sidecar = Metadata(rating=1, taken_at=datetime(2020, 1, 1), taken_at_source="sidecar")
    merged = first_of(
        [sidecar, Metadata(rating=5, taken_at=datetime(2019, 1, 1), taken_at_offset_minutes=60, title="t")]
    )
    assert (merged.rating, merged.title, merged.taken_at_offset_minutes) == (1, "t", None)


def test_a_file_without_a_date_falls_back_to_its_own_and_says_so() -> None:
    dated = dated_by_file(Metadata(), 1_563_120_359_000_000_000)
    assert dated.taken_at is not None and dated.taken_at_offset_minutes is not None
    assert dated.taken_at_source == "file"
    assert dated.taken_at.timestamp() == 1_563_120_359  # naive means this machine's zone to Python as well
    assert dated_by_file(Metadata(taken_at=datetime(2019, 1, 1)), 1).taken_at == datetime(2019, 1, 1)


def run(library: Library, root: Path) -> Report:
    folder, _ = add_folder(library.catalog, root)
    return ingest(library, folder)


def rows(library: Library) -> dict[str, tuple[PhotoMetadata, list[str]]]:
    with library.catalog.reading() as session:
        found = session.execute(select(Photo.path, PhotoMetadata).join(PhotoMetadata)).all()
        return {
            os.path.basename(path): (
                row,
                list(session.scalars(select(PhotoKeyword.keyword).where(PhotoKeyword.photo_id == row.photo_id))),
            )
            for path, row in found
        }


def test_ingest_writes_metadata_and_keywords(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "photos"
    paint(root / "a.jpg", exif=FULL)
    paint(root / "b.png", 1)
    run(library, root)
    said, keywords = rows(library)["a.jpg"]
    assert (said.camera, said.rating, said.taken_at, said.taken_at_source) == (
        "Canon EOS R5",
        4,
        datetime(2019, 7, 14, 18, 5, 59),
        "exif",
    )
    assert sorted(keywords) == ["birds", "sea"]
    assert rows(library)["b.png"][0].taken_at_source == "file"


def test_a_copy_and_a_moved_photo_are_described_too(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "photos"
    paint(root / "a.jpg", exif=FULL)
    run(library, root)
    (root / "copy.jpg").write_bytes((root / "a.jpg").read_bytes())
    (root / "a.jpg").rename(root / "moved.jpg")
    run(library, root)
    assert {name: row.camera for name, (row, _) in rows(library).items()} == {
        "copy.jpg": "Canon EOS R5",
        "moved.jpg": "Canon EOS R5",
    }


@pytest.mark.parametrize("name", ["a.xmp", "a.jpg.xmp", "A.XMP"])
def test_a_sidecar_comes_first_and_its_changes_are_seen(library: Library, tmp_path: Path, name: str) -> None:
    root = tmp_path / "photos"
    paint(root / "a.jpg", exif=FULL)
    (root / name).write_bytes(xmp('xmp:Rating="2"'))
    run(library, root)
    said, _ = rows(library)["a.jpg"]
    assert (said.rating, said.camera) == (2, "Canon EOS R5")
    (root / name).write_bytes(xmp('xmp:Rating="3"'))
    os.utime(root / name, ns=(5, 5))
    report = run(library, root)
    assert (report.described, report.done, rows(library)["a.jpg"][0].rating) == (1, 0, 3)
    assert run(library, root).nothing_to_do
    (root / name).unlink()
    assert run(library, root).described == 1
    assert rows(library)["a.jpg"][0].rating == 4


def test_a_library_that_was_indexed_before_is_described_without_encoding(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "photos"
    paint(root / "a.jpg", exif=FULL)
    run(library, root)
    with library.catalog.writing() as (session, _):
        session.execute(delete(PhotoKeyword))
        session.execute(delete(PhotoMetadata))
    report = run(library, root)
    assert (report.described, report.indexed, report.known) == (1, 0, 0)
    assert rows(library)["a.jpg"][0].camera == "Canon EOS R5"


def test_iptc_keywords_and_captions_are_read(tmp_path: Path) -> None:
    def dataset(number: int, value: bytes) -> bytes:
        return b"\x1c\x02" + bytes([number]) + len(value).to_bytes(2, "big") + value

    record = (
        dataset(25, b"press")
        + dataset(25, b"harbour")
        + dataset(120, b"The harbour at noon")
        + dataset(55, b"19981224")
    )
    block = b"8BIM\x04\x04\0\0" + len(record).to_bytes(4, "big") + record + b"\0" * (len(record) % 2)
    body = b"Photoshop 3.0\0" + block
    out = io.BytesIO()
    Image.new("RGB", (64, 32)).save(out, "JPEG")
    data = out.getvalue()
    (tmp_path / "a.jpg").write_bytes(data[:2] + b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body + data[2:])
    said = describe(str(tmp_path / "a.jpg"))
    assert (said.keywords, said.caption) == (("press", "harbour"), "The harbour at noon")
