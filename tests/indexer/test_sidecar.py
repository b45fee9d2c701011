"""Keywords go into side-cars, and nothing else in them changes."""

from pathlib import Path

import pytest

from indexer.sidecar import SidecarError, sidecar_of, with_keywords, write_keywords
from indexer.xmp import read_sidecar, xmp_metadata

DARKTABLE = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- somebody's note -->
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <r:Description r:about="" xmlns:d="http://purl.org/dc/elements/1.1/" xmlns:darktable="http://darktable.sf.net/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4" darktable:history_end='a "quoted" > sign'>
   <d:subject>
    <r:Bag>
     <r:li>Rex &amp; co</r:li>
     <r:li>beach</r:li>
    </r:Bag>
   </d:subject>
  </r:Description>
 </r:RDF>
</x:xmpmeta>
"""
EMPTY_ELEMENT = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="a>b" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="2" /></rdf:RDF></x:xmpmeta>"""


def test_every_byte_but_the_keywords_stays() -> None:
    changed = with_keywords(DARKTABLE, ["sunset", "beach", "<b>"], ["Rex & co"])
    assert xmp_metadata(changed).keywords == ("beach", "sunset", "<b>")
    assert xmp_metadata(changed).rating == 4
    back = with_keywords(changed, [], ["sunset", "<b>"])
    assert back == DARKTABLE.replace(b"\n     <r:li>Rex &amp; co</r:li>", b"")
    assert with_keywords(DARKTABLE, ["beach"]) == DARKTABLE


def test_a_description_that_is_an_empty_element_is_opened() -> None:
    changed = with_keywords(EMPTY_ELEMENT, ["sea"])
    assert xmp_metadata(changed).keywords == ("sea",) and xmp_metadata(changed).rating == 2


@pytest.mark.parametrize(
    "packet",
    [
        b"no xml",
        b"<a/>",
        '<?xml version="1.0"?><x/>'.encode("utf-16"),
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + EMPTY_ELEMENT,
    ],
)
def test_what_is_no_packet_is_left_alone(tmp_path: Path, packet: bytes) -> None:
    (tmp_path / "a.jpg.xmp").write_bytes(packet)
    with pytest.raises(SidecarError):
        write_keywords(str(tmp_path / "a.jpg"), ["sea"])
    assert (tmp_path / "a.jpg.xmp").read_bytes() == packet
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg.xmp"]


def test_a_new_one_is_made_and_an_old_one_found_by_either_name(tmp_path: Path) -> None:
    photo = tmp_path / "IMG_1.jpg"
    assert write_keywords(str(photo), ["sea", "Köln 東京"]) and not write_keywords(str(photo), ["sea"])
    assert read_sidecar(tmp_path / "IMG_1.jpg.xmp").keywords == ("sea", "Köln 東京")
    (tmp_path / "IMG_2.XMP").write_bytes(EMPTY_ELEMENT)
    assert sidecar_of(str(tmp_path / "IMG_2.jpg")).name == "IMG_2.XMP"
    (tmp_path / "IMG_2.XMP").chmod(0o600)
    assert write_keywords(str(tmp_path / "IMG_2.jpg"), ["sea"])
    assert (tmp_path / "IMG_2.XMP").stat().st_mode & 0o777 == 0o600


def test_what_another_program_writes_meanwhile_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sidecar = tmp_path / "a.jpg.xmp"
    sidecar.write_bytes(DARKTABLE)
    monkeypatch.setattr("indexer.sidecar.os.fsync", lambda _: sidecar.write_bytes(EMPTY_ELEMENT))
    with pytest.raises(SidecarError, match="changed by another program"):
        write_keywords(str(tmp_path / "a.jpg"), ["sea"])
    assert sidecar.read_bytes() == EMPTY_ELEMENT and len(list(tmp_path.iterdir())) == 1
