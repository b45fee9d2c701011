"""A file becomes a photo: bytes -> hash, pixels, thumbnail, metadata. One read, one decode.

Bytes are not trusted: only known formats are opened, never more pixels than allowed are decoded, and whatever the
decoders do not like becomes a `PhotoError` with a reason.
"""

import hashlib
import io
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from clipcore.orientation import SWAPPING, exif_of, turn_of
from clipcore.preprocess import DRAFT_MARGIN, Pixels, Preprocessing
from indexer.errors import PhotoError, VanishedError
from indexer.metadata import Metadata
from indexer.picture import embedded_metadata, open_untrusted, reason_of, upright_rgb
from indexer.thumbnails import SIZE as THUMBNAIL_SIZE
from indexer.thumbnails import encode_thumbnail


@dataclass(frozen=True)
class Limits:
    """What is too much: of a file, in bytes; of a decoded picture, in pixels; of its decoding, in seconds and bytes."""

    file_bytes: int = 1 << 30
    pixels: int = 120_000_000
    decode_seconds: float = 10
    decode_memory_bytes: int = 1 << 30


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
    metadata: Metadata


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
            data = file.read(before.st_size + 1)
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
    needed = max(preprocessing.size, THUMBNAIL_SIZE // DRAFT_MARGIN)
    picture = open_untrusted(io.BytesIO(data), limits.pixels, needed)
    try:
        rgb, box = upright_rgb(picture)
        turned = turn_of(exif_of(picture.image)) in SWAPPING
        return DecodedPhoto(
            pixels=preprocessing(rgb, box),
            thumbnail=encode_thumbnail(rgb),
            width=picture.height if turned else picture.width,
            height=picture.width if turned else picture.height,
            format=picture.image.format or "",
            metadata=embedded_metadata(picture.image),
        )
    except PhotoError:
        raise
    except Exception as error:  # decoders of hostile bytes raise anything; the reason is kept
        raise PhotoError(reason_of(error)) from error


def describe(path: str) -> Metadata:
    """What a picture says of itself, without decoding it; nothing when it cannot be opened as one.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        try:
            return embedded_metadata(open_untrusted(file, sys.maxsize, needed=1).image)
        except PhotoError:
            return Metadata()
