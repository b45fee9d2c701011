"""Raw files, made here as DNG (Adobe's specification 1.4): upright in all orientations, embedded or developed."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipcore.preprocess import Preprocessing
from indexer.errors import PhotoError
from indexer.formats import ContentKind
from indexer.photo import Limits, decode, describe
from tests.indexer.test_photo import STORED

SQUASH = Preprocessing(size=64, resize="squash")
Entry = tuple[int, int, int, bytes]  # tag, type, count, value

SIZE = (640, 320)


def short(tag: int, *values: int) -> Entry:
    return tag, 3, len(values), struct.pack(f"<{len(values)}H", *values)


def long(tag: int, *values: int) -> Entry:
    return tag, 4, len(values), struct.pack(f"<{len(values)}I", *values)


def text(tag: int, value: str) -> Entry:
    return tag, 2, len(value) + 1, value.encode() + b"\0"


def ifd(entries: list[Entry], at: int) -> bytes:
    """A TIFF directory that lies `at` an offset, with what does not fit in its entries behind it."""
    entries = sorted(entries)
    beyond = at + 2 + 12 * len(entries) + 4
    table, values = struct.pack("<H", len(entries)), b""
    for tag, kind, count, value in entries:
        if len(value) > 4:
            place = struct.pack("<I", beyond + len(values))
            values += value + b"\0" * (len(value) % 2)
        else:
            place = value.ljust(4, b"\0")
        table += struct.pack("<HHI", tag, kind, count) + place
    return table + b"\0\0\0\0" + values


def quarters() -> Image.Image:
    """A red top left and a blue bottom right quarter on grey."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    pixels[: SIZE[1] // 2, : SIZE[0] // 2] = (230, 20, 20)
    pixels[SIZE[1] // 2 :, SIZE[0] // 2 :] = (20, 20, 230)
    return Image.fromarray(pixels)


def dng(stored: Image.Image, orientation: int, preview: Image.Image | None) -> bytes:
    """A raw picture whose sensor saw `stored`, through an RGGB filter; with a JPEG of `preview` in it."""
    rgb = np.asarray(stored).astype(np.uint16) * 200
    mosaic = rgb[:, :, 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = rgb[::2, ::2, 0], rgb[1::2, 1::2, 2]
    jpeg = io.BytesIO()
    (preview or Image.new("RGB", (16, 8))).save(jpeg, "JPEG", quality=95)
    raw, picture = mosaic.tobytes(), jpeg.getvalue() + b"\0" * (len(jpeg.getvalue()) % 2)
    raw_at, picture_at = 8, 8 + len(raw)
    sub_at = picture_at + len(picture)
    sub = ifd(
        [
            long(254, 0),
            long(256, stored.width),
            long(257, stored.height),
            short(258, 16),
            short(259, 1),
            short(262, 32803),
            long(273, raw_at),
            short(277, 1),
            long(278, stored.height),
            long(279, len(raw)),
            short(33421, 2, 2),
            (33422, 1, 4, bytes([0, 1, 1, 2])),
            long(50717, 65535),
        ],
        sub_at,
    )
    main_at = sub_at + len(sub)
    size = (preview or Image.new("RGB", (16, 8))).size
    main = ifd(
        [
            long(254, 1),
            long(256, size[0]),
            long(257, size[1]),
            short(258, 8, 8, 8),
            short(259, 7),
            short(262, 6),
            text(271, "Maker"),
            text(272, "Model 1"),
            long(273, picture_at),
            short(274, orientation),
            short(277, 3),
            long(278, size[1]),
            long(279, len(jpeg.getvalue())),
            text(306, "2019:07:14 18:05:59"),
            long(330, sub_at),
            (50706, 1, 4, bytes([1, 4, 0, 0])),
            text(50708, "Maker Model 1"),
            (50721, 10, 9, struct.pack("<18i", *(v for i in range(9) for v in (int(i % 4 == 0), 1)))),
            (50728, 5, 3, struct.pack("<6I", 1, 1, 1, 1, 1, 1)),
        ],
        main_at,
    )
    return b"II*\0" + struct.pack("<I", main_at) + raw + picture + sub + main


@pytest.mark.parametrize("embedded", [True, False], ids=["embedded", "developed"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_raw_picture_comes_out_upright(orientation: int, embedded: bool) -> None:
    turn = STORED[orientation]
    stored = quarters().transpose(turn) if turn is not None else quarters()
    data = dng(stored, orientation, stored if embedded else None)
    photo = decode(data, SQUASH, Limits(), "a.dng")
    assert photo.kind == ContentKind.RAW
    assert (photo.width, photo.height, photo.format) == (*SIZE, "DNG")
    red, blue = photo.pixels[8, 8].astype(int), photo.pixels[56, 56].astype(int)
    assert red[0] > red[2] + 60, "red belongs top left"
    assert blue[2] > blue[0] + 60, "blue belongs bottom right"
    assert Image.open(io.BytesIO(photo.thumbnail)).size == ((384, 192) if embedded else (320, 160))  # half of it


def test_what_a_raw_file_says_of_itself_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.dng").write_bytes(dng(quarters(), 1, quarters()))
    said = describe(str(tmp_path / "a.dng"))
    assert (said.camera, str(said.taken_at)) == ("Maker Model 1", "2019-07-14 18:05:59")


@pytest.mark.parametrize("keep", [100, 5_000, 400_000])
def test_a_broken_raw_file_has_a_reason(keep: int) -> None:
    data = dng(quarters(), 1, None)[:keep]
    with pytest.raises(PhotoError):
        decode(data, SQUASH, Limits(), "a.nef")


def test_too_many_pixels_are_refused() -> None:
    with pytest.raises(PhotoError, match="the limit is 1,000"):
        decode(dng(quarters(), 1, None), SQUASH, Limits(pixels=1_000), "a.dng")
