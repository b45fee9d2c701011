import io
import struct
import tarfile
import zlib
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from clipcore.preprocess import Preprocessing
from indexer.errors import PhotoError, VanishedError
from indexer.photo import Limits, decode, read_file
from tests.conftest import paint

SQUASH = Preprocessing(size=64, resize="squash")
LIMITS = Limits()
AWKWARD = Path(__file__).parents[3] / "shared" / "data" / "awkward-files.tar"


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def corners() -> Image.Image:
    """64 x 32 with a red top left and a blue bottom right quarter."""
    pixels = np.full((32, 64, 3), 255, np.uint8)
    pixels[:16, :32] = (255, 0, 0)
    pixels[16:, 32:] = (0, 0, 255)
    return Image.fromarray(pixels)


def test_reads_bytes_with_their_hash_size_and_time(tmp_path: Path) -> None:
    path = paint(tmp_path / "a.png")
    data, identity = read_file(path, LIMITS)
    assert data == path.read_bytes()
    assert (identity.size, identity.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)
    assert len(identity.sha256) == 64


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [("empty.jpg", b"", "empty file"), ("big.jpg", b"x" * 101, "101 bytes; the limit is 100")],
)
def test_refuses_files_that_cannot_be_photos(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PhotoError, match=reason):
        read_file(tmp_path / name, Limits(file_bytes=100))


def test_a_file_that_is_gone_is_vanished_not_failed(tmp_path: Path) -> None:
    with pytest.raises(VanishedError):
        read_file(tmp_path / "gone.jpg", LIMITS)


def test_refuses_a_folder_named_like_a_photo(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").mkdir()
    with pytest.raises(PhotoError, match="cannot be read"):
        read_file(tmp_path / "x.jpg", LIMITS)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF", "JPEG2000"])
def test_decodes_every_format(format: str) -> None:
    photo = decode(encoded(corners(), format), SQUASH, LIMITS)
    assert photo.format == format
    assert (photo.width, photo.height) == (64, 32)
    assert photo.pixels.shape == (64, 64, 3)
    assert np.abs(photo.pixels[8, 8].astype(int) - (255, 0, 0)).max() < 40
    thumbnail = Image.open(io.BytesIO(photo.thumbnail))
    assert thumbnail.format == "WEBP"
    assert thumbnail.size == (64, 32)


# What a picture must be stored as so that each EXIF orientation shows `corners()` upright
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_orientations_come_out_upright(format: str, orientation: int) -> None:
    turn = STORED[orientation]
    stored = corners().transpose(turn) if turn is not None else corners()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    photo = decode(encoded(stored, format, exif=exif.tobytes()), SQUASH, LIMITS)
    assert (photo.width, photo.height) == (64, 32)
    assert np.abs(photo.pixels[8, 8].astype(int) - (255, 0, 0)).max() < 40, "red belongs top left"
    assert np.abs(photo.pixels[56, 56].astype(int) - (0, 0, 255)).max() < 40, "blue belongs bottom right"


def test_reads_when_it_was_taken() -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2019:07:14 18:05:59"
    assert decode(encoded(corners(), "JPEG", exif=exif), SQUASH, LIMITS).metadata.taken_at == datetime(
        2019, 7, 14, 18, 5, 59
    )


@pytest.mark.parametrize("value", ["0000:00:00 00:00:00", "yesterday", ""])
def test_a_date_that_is_none_is_no_date(value: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = value
    assert decode(encoded(corners(), "JPEG", exif=exif), SQUASH, LIMITS).metadata.taken_at is None


def test_damaged_exif_does_not_lose_the_picture() -> None:
    data = encoded(corners(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40)
    assert decode(data, SQUASH, LIMITS).width == 64


def test_a_large_jpeg_decodes_small_and_looks_the_same() -> None:
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize((3200, 2400))
    data = encoded(image, "JPEG", quality=95)
    photo = decode(data, SQUASH, LIMITS)
    assert (photo.width, photo.height) == (3200, 2400)
    exact = SQUASH(Image.open(io.BytesIO(data))).astype(float).ravel()
    fast = photo.pixels.astype(float).ravel()
    assert fast @ exact / np.linalg.norm(fast) / np.linalg.norm(exact) > 0.999


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is huge, in 67 bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def test_a_pixel_bomb_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(PhotoError, match="30000 x 30000 pixels; the limit is 120,000,000"):
        decode(png_header(30_000, 30_000), SQUASH, LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        b"This is a letter, not a photo.",
        encoded(corners(), "PNG")[:60],
        encoded(corners(), "JPEG")[:200],
        encoded(corners(), "WEBP")[:40],
        encoded(corners(), "GIF")[:30],
        b"\xff\xd8\xff\xe0" + b"\0" * 200,
        b"%PDF-1.7 not a picture",
    ],
    ids=["text", "cut png", "cut jpeg", "cut webp", "cut gif", "nonsense jpeg", "pdf"],
)
def test_broken_pictures_have_a_reason_in_one_line(data: bytes) -> None:
    with pytest.raises(PhotoError) as caught:
        decode(data, SQUASH, LIMITS)
    assert str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not AWKWARD.is_file(), reason="the collection of awkward files is not here")
@pytest.mark.parametrize("shape", ["Landscape", "Portrait"])
def test_other_programs_orientations_come_out_alike(shape: str) -> None:
    with tarfile.open(AWKWARD) as tar:
        files = [tar.extractfile(f"awkward/exif-orientation/{shape}_{number}.jpg") for number in range(1, 9)]
        photos = [decode(file.read(), SQUASH, LIMITS) for file in files if file is not None]
    assert len(photos) == 8
    assert len({(photo.width, photo.height) for photo in photos}) == 1
    first = photos[0].pixels.astype(float)
    for photo in photos:
        assert np.abs(photo.pixels - first).mean() < 6


def test_a_huge_picture_is_averaged_in_strips_and_looks_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import indexer.picture as picture

    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (12, 16, 4), dtype=np.uint8)).resize((2417, 1811))
    data = encoded(image, "PNG")
    exact = decode(data, SQUASH, LIMITS)
    monkeypatch.setattr(picture, "_HUGE", 1_000_000)
    monkeypatch.setattr(picture, "_STRIP", 100_000)
    photo = decode(data, SQUASH, LIMITS)
    assert (photo.width, photo.height) == (2417, 1811)
    here, there = photo.pixels.astype(float).ravel(), exact.pixels.astype(float).ravel()
    assert here @ there / np.linalg.norm(here) / np.linalg.norm(there) > 0.999


def test_a_huge_16_bit_picture_keeps_its_greys(monkeypatch: pytest.MonkeyPatch) -> None:
    import indexer.picture as picture

    monkeypatch.setattr(picture, "_HUGE", 100_000)
    values = np.linspace(0, 65535, 1200, dtype=np.uint16)[None].repeat(900, axis=0)
    photo = decode(encoded(Image.fromarray(values), "PNG"), SQUASH, LIMITS)
    assert photo.pixels[32, 2].max() < 20 < 235 < photo.pixels[32, 61].min()
