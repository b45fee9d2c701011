"""A file becomes a photo: bytes -> hash, pixels, thumbnail, when it was taken. One read, one decode.

Bytes are not trusted: only the formats below are opened, never more pixels than allowed are decoded, and whatever the
decoders do not like becomes a `PhotoError` with a reason. A JPEG much larger than needed is decoded at 1/2, 1/4 or 1/8
(`clipcore.preprocess.decode_small`).
"""

import hashlib
import io
import os
import stat
import struct
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError
from pillow_heif import register_heif_opener

from clipcore.orientation import SWAPPING, exif_of, turn_box, turn_of
from clipcore.preprocess import DRAFT_MARGIN, Pixels, Preprocessing, decode_small, to_rgb
from indexer.errors import PhotoError, VanishedError
from indexer.formats import FORMATS
from indexer.thumbnails import SIZE as THUMBNAIL_SIZE
from indexer.thumbnails import encode_thumbnail

register_heif_opener(thumbnails=False)
Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit knows nothing of scaled decoding; `decode` holds ours


@dataclass(frozen=True)
class Limits:
    """What is too much: of a file, in bytes; of a decoded picture, in pixels."""

    file_bytes: int = 1 << 30
    pixels: int = 120_000_000


@dataclass(frozen=True)
class FileIdentity:
    """A whole file as it was at one moment."""

    sha256: str
    size: int  # bytes
    mtime_ns: int


@dataclass(frozen=True)
class DecodedPhoto:
    """What indexing keeps of a picture. Width and height are of the upright original, in pixels."""

    pixels: Pixels
    thumbnail: bytes
    width: int
    height: int
    format: str
    taken_at: datetime | None


def read_file(path: str | Path, limits: Limits) -> tuple[bytes, FileIdentity]:
    """The bytes of a file, with the hash, size and time that belong to them.

    Raises:
        VanishedError: it is gone, or changed while it was read; the next pass will see it again.
        PhotoError: it is empty, too large, not a file, or cannot be read.
    """
    try:
        with open(path, "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise PhotoError("not a regular file")
            if before.st_size > limits.file_bytes:
                raise PhotoError(f"file has {before.st_size:,} bytes; the limit is {limits.file_bytes:,}")
            data = file.read(limits.file_bytes + 1)
            after = os.fstat(file.fileno())
    except FileNotFoundError as error:
        raise VanishedError("gone before it was read") from error
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror}") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        raise VanishedError("changed while it was read")
    if not data:
        raise PhotoError("empty file")
    return data, FileIdentity(hashlib.sha256(data).hexdigest(), after.st_size, after.st_mtime_ns)


def decode(data: bytes, preprocessing: Preprocessing, limits: Limits) -> DecodedPhoto:
    """Pixels for the encoder, a thumbnail, and what the picture says of itself.

    Raises:
        PhotoError: not a picture of a known format, broken, or with too many pixels.
    """
    image = open_untrusted(data, limits, needed=max(preprocessing.size, THUMBNAIL_SIZE // DRAFT_MARGIN))
    width, height = image.info["original_size"]
    covered = image.info["covered"]
    try:
        rgb = upright_rgb(image)
        exif = exif_of(image)
        turn = turn_of(exif)
        if turn in SWAPPING:
            width, height = height, width
        return DecodedPhoto(
            pixels=preprocessing(rgb, turn_box(covered, image.size, turn)),
            thumbnail=encode_thumbnail(rgb),
            width=width,
            height=height,
            format=image.format or "",
            taken_at=_taken_at(exif),
        )
    except PhotoError:
        raise
    except Exception as error:  # decoders of hostile bytes raise anything; the reason is kept
        raise PhotoError(_reason(error)) from error


def open_untrusted(data: bytes, limits: Limits, needed: int) -> Image.Image:
    """Opens bytes as a picture of an allowed format and size, not yet decoded; JPEGs set to decode small.

    `needed` is how many pixels its shorter side is wanted at. The size in the file is in ``info["original_size"]``,
    what that covers of the pixels decoded in ``info["covered"]``.

    Raises:
        PhotoError: not a picture, or too many pixels.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise PhotoError("not a picture, or a format that is not supported") from error
    except Exception as error:  # as above
        raise PhotoError(_reason(error)) from error
    image.info["original_size"] = image.size
    image.info["covered"] = decode_small(image, needed)
    if image.width * image.height > limits.pixels:
        raise PhotoError(f"{image.width} x {image.height} pixels; the limit is {limits.pixels:,}")
    return image


def upright_rgb(image: Image.Image) -> Image.Image:
    """The decoded picture as its maker held the camera, in 8-bit RGB, without metadata.

    Raises:
        PhotoError: its data is broken.
    """
    try:
        image.load()
        rgb = to_rgb(image)
        turn = turn_of(exif_of(image))
        rgb = rgb.transpose(turn) if turn is not None else rgb.copy()
    except Exception as error:  # as above
        raise PhotoError(_reason(error)) from error
    rgb.info.clear()  # upright now, whatever its EXIF said
    return rgb


def _taken_at(exif: Image.Exif) -> datetime | None:
    """EXIF DateTimeOriginal, else DateTimeDigitized, else DateTime; None where none is a date."""
    try:
        details = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # as above
        details = {}
    for value in (
        details.get(ExifTags.Base.DateTimeOriginal),
        details.get(ExifTags.Base.DateTimeDigitized),
        exif.get(ExifTags.Base.DateTime),
    ):
        try:
            return datetime.strptime(str(value).strip("\0 "), "%Y:%m:%d %H:%M:%S")
        except ValueError:
            continue
    return None


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    text = " ".join(str(error).split()) or type(error).__name__
    return "broken picture: " + ("its data is damaged" if isinstance(error, struct.error) else text[:200])
