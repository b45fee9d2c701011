"""Camera raw files (LibRaw): the picture that the camera embedded where it is large enough, else one developed.

The embedded picture is what the camera showed its owner, and costs a tenth of developing, which is done at half size.
"""

import io
from typing import Any

from PIL import Image

from clipcore.orientation import Box, exif_of
from indexer.errors import PhotoError
from indexer.exif import exif_metadata
from indexer.metadata import Metadata, first_of
from indexer.picture import Picture, embedded_metadata, open_untrusted, upright_rgb
from indexer.xmp import xmp_metadata

_TURNS = {3: Image.Transpose.ROTATE_180, 5: Image.Transpose.ROTATE_90, 6: Image.Transpose.ROTATE_270}  # LibRaw's flip
_XMP = 700  # TIFF tag
_ORIENTATION = 274
_BYTE_ORDERS = {b"II": b"II*\0", b"MM": b"MM\0*"}  # of TIFF; Olympus and Panasonic write another number after them


class BrokenRawError(PhotoError):
    """LibRaw does not know it, or cannot read it."""


def decode_raw(data: bytes, max_pixels: int, needed: int) -> tuple[Image.Image, Box, tuple[int, int], Metadata]:
    """Upright RGB, what of it is the picture, the raw picture's upright size (width, height), and its metadata.

    Raises:
        BrokenRawError: LibRaw does not know it, or it is broken.
        PhotoError: it has too many pixels.
    """
    import rawpy  # half a second, which a library without raw files need not spend

    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            sizes = raw.sizes
            if sizes.width * sizes.height > max_pixels:
                raise PhotoError(f"{sizes.width} x {sizes.height} pixels; the limit is {max_pixels:,}")
            turned = sizes.flip in (5, 6)
            size = (sizes.height, sizes.width) if turned else (sizes.width, sizes.height)
            embedded = _embedded(raw, max_pixels, needed)
            said = first_of((_tiff_metadata(data), *([embedded_metadata(embedded.image)] if embedded else [])))
            if embedded is not None and min(embedded.width, embedded.height) >= min(needed, *size):
                return *_upright(embedded, sizes.flip), size, said
            developed = Image.fromarray(raw.postprocess(half_size=True, use_camera_wb=True))  # LibRaw turns it
            return developed, (0, 0, *developed.size), size, said
    except rawpy.LibRawError as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise BrokenRawError(f"broken raw picture: {reason}") from error


def raw_metadata(data: bytes) -> Metadata:
    """What a raw file says of itself, undeveloped."""
    import rawpy

    said = _tiff_metadata(data)
    if said.taken_at is None:
        try:
            with rawpy.imread(io.BytesIO(data)) as raw:
                embedded = _embedded(raw, max_pixels=1 << 40, needed=1)
                return first_of((said, embedded_metadata(embedded.image))) if embedded else said
        except rawpy.LibRawError:
            pass
    return said


def _embedded(raw: Any, max_pixels: int, needed: int) -> Picture | None:
    import rawpy

    try:
        thumb = raw.extract_thumb()
        if thumb.format != rawpy.ThumbFormat.JPEG:
            return None
        return open_untrusted(io.BytesIO(thumb.data), max_pixels, needed)
    except (rawpy.LibRawError, PhotoError):
        return None


def _upright(embedded: Picture, flip: int) -> tuple[Image.Image, Box]:
    """Turned as its own EXIF says; most have none, and then as the raw picture is turned."""
    says_itself = _ORIENTATION in exif_of(embedded.image)
    rgb, box = upright_rgb(embedded)
    if says_itself or flip not in _TURNS:
        return rgb, box
    turned = rgb.transpose(_TURNS[flip])
    return turned, (0, 0, *turned.size)


def _tiff_metadata(data: bytes) -> Metadata:
    """Most raw files are TIFF files, and hold EXIF and XMP as those do."""
    header = _BYTE_ORDERS.get(data[:2])
    if header is None:
        return Metadata()
    exif = Image.Exif()
    try:
        exif.load(header + data[4:])
        packet = exif.get(_XMP, b"")
    except Exception:  # parsers of hostile bytes raise anything
        return Metadata()
    return first_of((exif_metadata(exif), xmp_metadata(packet if isinstance(packet, bytes) else b"")))
