"""A file becomes a photo: bytes -> hash, pixels, thumbnail, metadata. One read, one decode.

Bytes are not trusted: only known formats are opened, never more pixels than allowed are decoded, and whatever the
decoders do not like becomes a `PhotoError` with a reason.
"""

import hashlib
import io
import os
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from clipcore.orientation import SWAPPING, exif_of, turn_of
from clipcore.preprocess import DRAFT_MARGIN, Pixels, Preprocessing
from indexer.disk_faults import RememberingFile, reading_fault
from indexer.errors import PhotoError, VanishedError
from indexer.formats import RAWS, ContentKind, is_video
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


class FramePixels(NamedTuple):
    """A moment of a video, for the encoder."""

    time_s: float
    pixels: Pixels


@dataclass(frozen=True)
class DecodedPhoto:
    """What indexing keeps of a picture or video. Width and height are of the upright original, in pixels."""

    pixels: Pixels
    thumbnail: bytes
    width: int
    height: int
    format: str
    metadata: Metadata
    kind: ContentKind = ContentKind.PHOTO
    frames: tuple[FramePixels, ...] = ()  # of a video
    is_described: bool = True  # False: its side-car is on a disk that failed, and its metadata is to be read again


def read_file(path: str | Path, limits: Limits) -> tuple[bytes, FileIdentity]:
    """The bytes of a file, with the hash, size and time that belong to them. A video of any size is hashed, not kept.

    Raises:
        VanishedError: it is gone, or changed while it was read; the next pass will see it again.
        DiskError: its disk failed; so will it this.
        PhotoError: it is empty, too large, not a file, or cannot be read.
    """
    try:
        with open(path, "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise PhotoError("not a regular file")
            if is_video(path):
                data, length, sha256 = b"", before.st_size, hashlib.file_digest(file, "sha256").hexdigest()
            else:
                if before.st_size > limits.file_bytes:
                    raise PhotoError(f"file has {before.st_size:,} bytes; the limit is {limits.file_bytes:,}")
                data = file.read(before.st_size + 1)
                length, sha256 = len(data), hashlib.sha256(data).hexdigest()
            after = os.fstat(file.fileno())
    except FileNotFoundError as error:
        raise VanishedError("gone before it was read") from error
    except OSError as error:
        raise reading_fault(error) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or length != after.st_size:
        raise VanishedError("changed while it was read")
    if not length:
        raise PhotoError("empty file")
    return data, FileIdentity(sha256, after.st_size, after.st_mtime_ns)


def decode(data: bytes, preprocessing: Preprocessing, limits: Limits, path: str | Path = "") -> DecodedPhoto:
    """Pixels for the encoder, a thumbnail, and what the picture says of itself.

    `path` tells raw files (by its extension) and videos, which are read from there; it need not be given for pictures.

    Raises:
        PhotoError: not of a known format, broken, or with too many pixels.
    """
    try:
        if is_video(path):
            return _decode_video(str(path), preprocessing, limits)
        if Path(path).suffix.lower() in RAWS:
            return _decode_raw(data, preprocessing, limits, Path(path).suffix)
        return _decode_picture(data, preprocessing, limits)
    except PhotoError:
        raise
    except Exception as error:  # decoders of hostile bytes raise anything; the reason is kept
        raise PhotoError(reason_of(error)) from error


def large_picture(
    data: bytes, path: str | Path, limits: Limits, needed: int, time_s: float | None = None
) -> Image.Image:
    """Upright RGB for a screen, `needed` pixels or more on its shorter side; of a video, the frame at a time.

    Raises:
        PhotoError: as `decode`.
    """
    if is_video(path):
        from indexer.video import frame_at

        return frame_at(str(path), time_s, limits.pixels)
    if Path(path).suffix.lower() in RAWS:
        from indexer.raw import BrokenRawError, decode_raw

        with suppress(BrokenRawError):
            return decode_raw(data, limits.pixels, needed)[0]
    return upright_rgb(open_untrusted(io.BytesIO(data), limits.pixels, needed))[0]


def _decode_picture(data: bytes, preprocessing: Preprocessing, limits: Limits) -> DecodedPhoto:
    picture = open_untrusted(io.BytesIO(data), limits.pixels, _needed(preprocessing))
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


def _decode_raw(data: bytes, preprocessing: Preprocessing, limits: Limits, suffix: str) -> DecodedPhoto:
    """What LibRaw does not know may still hold a picture that Pillow does: most raw files are TIFF files."""
    from indexer.raw import BrokenRawError, decode_raw

    try:
        rgb, box, (width, height), metadata = decode_raw(data, limits.pixels, _needed(preprocessing))
    except BrokenRawError as error:
        try:
            return replace(_decode_picture(data, preprocessing, limits), kind=ContentKind.RAW)
        except PhotoError:
            raise error from None
    return DecodedPhoto(
        pixels=preprocessing(rgb, box),
        thumbnail=encode_thumbnail(rgb),
        width=width,
        height=height,
        format=suffix[1:].upper(),
        metadata=metadata,
        kind=ContentKind.RAW,
    )


def _decode_video(path: str, preprocessing: Preprocessing, limits: Limits) -> DecodedPhoto:
    """The frame in the middle stands for it; all of them are in `frames`."""
    from indexer.video import sample_frames, video_metadata

    frames: list[FramePixels] = []
    thumbnails: list[bytes] = []
    width = height = 0
    for time_s, image in sample_frames(path, limits.pixels):
        frames.append(FramePixels(time_s, preprocessing(image)))
        thumbnails.append(encode_thumbnail(image))
        width, height = image.size
    middle = len(frames) // 2
    return DecodedPhoto(
        pixels=frames[middle].pixels,
        thumbnail=thumbnails[middle],
        width=width,
        height=height,
        format=Path(path).suffix[1:].upper(),
        metadata=video_metadata(path),
        kind=ContentKind.VIDEO,
        frames=tuple(frames),
    )


def _needed(preprocessing: Preprocessing) -> int:
    return max(preprocessing.size, THUMBNAIL_SIZE // DRAFT_MARGIN)


def describe(path: str) -> Metadata:
    """What a picture or video says of itself, without decoding it; nothing when it cannot be opened as one.

    Raises:
        OSError: the file cannot be read.
    """
    if is_video(path):
        from indexer.video import video_metadata

        return video_metadata(path)
    with RememberingFile(path) as raw, io.BufferedReader(raw) as file:
        if Path(path).suffix.lower() in RAWS:
            from indexer.raw import raw_metadata

            return raw_metadata(file.read())
        try:
            metadata = embedded_metadata(open_untrusted(file, sys.maxsize, needed=1).image)
        except PhotoError:
            metadata = Metadata()
        if raw.fault is not None:
            raise raw.fault
    return metadata
