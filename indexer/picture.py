"""Pictures from bytes that are not trusted: an allow-list of formats, limits before decoding, upright 8-bit RGB after.

A JPEG much larger than needed is decoded at 1/2, 1/4 or 1/8 (`clipcore.preprocess.decode_small`).
"""

import struct
from dataclasses import dataclass
from typing import IO

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from pillow_heif import options, register_heif_opener

from clipcore.orientation import Box, exif_of, turn_box, turn_of
from clipcore.preprocess import DRAFT_MARGIN, decode_small, to_rgb
from indexer.errors import PhotoError
from indexer.exif import exif_metadata, iptc_metadata
from indexer.formats import FORMATS
from indexer.metadata import Metadata, first_of
from indexer.xmp import xmp_metadata

register_heif_opener(thumbnails=False)
options.DECODE_THREADS = 1  # as many pictures are decoded at once as there are cores
_HUGE = 30_000_000  # pixels decoded
_STRIP = 2_000_000  # pixels
Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit knows nothing of scaled decoding; `open_untrusted` holds ours


@dataclass(frozen=True)
class Picture:
    """A picture opened, not decoded: its size as it is stored, and what that covers of the pixels to be decoded."""

    image: ImageFile
    width: int
    height: int
    covered: Box
    needed: int  # pixels of the shorter side


def open_untrusted(file: IO[bytes], max_pixels: int, needed: int) -> Picture:
    """Opens a file as a picture of an allowed format and size; JPEGs set to decode small.

    `needed` is how many pixels its shorter side is wanted at.

    Raises:
        PhotoError: not a picture, or too many pixels.
    """
    try:
        image = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError as error:
        raise PhotoError("not a picture, or a format that is not supported") from error
    except Exception as error:  # as above
        raise PhotoError(reason_of(error)) from error
    width, height = image.size
    covered = decode_small(image, needed)
    if image.width * image.height > max_pixels:
        raise PhotoError(f"{image.width} x {image.height} pixels; the limit is {max_pixels:,}")
    return Picture(image, width, height, covered, needed)


def upright_rgb(picture: Picture) -> tuple[Image.Image, Box]:
    """The decoded picture as its maker held the camera, in 8-bit RGB, without metadata; and what of it is the picture.

    Raises:
        PhotoError: its data is broken.
    """
    image, covered = picture.image, picture.covered
    try:
        image.load()
        if image.width * image.height > _HUGE:
            rgb, covered = _rgb_of_huge(picture)
        else:
            rgb = to_rgb(image)
        turn = turn_of(exif_of(image))
        box = turn_box(covered, rgb.size, turn)
        rgb = rgb.transpose(turn) if turn is not None else rgb.copy() if rgb is image else rgb
    except Exception as error:  # as above
        raise PhotoError(reason_of(error)) from error
    rgb.info.clear()  # upright now, whatever its EXIF said
    return rgb, box


def _rgb_of_huge(picture: Picture) -> tuple[Image.Image, Box]:
    """Averaged to a fraction of its size, as JPEGs are, strip by strip: copies of the whole would fill the memory."""
    image = picture.image
    factor = max(1, min(image.size) // (DRAFT_MARGIN * picture.needed))
    width, height = -(-image.width // factor), -(-image.height // factor)
    by_range = image.mode in ("I", "F")  # these are stretched over the whole picture's range, so afterwards
    small = Image.new(image.mode if by_range else "RGB", (width, height))
    step = factor * max(1, _STRIP // (image.width * factor))
    for top in range(0, image.height, step):
        strip = image.crop((0, top, image.width, min(top + step, image.height)))
        small.paste((strip if by_range else to_rgb(strip)).reduce(factor), (0, top // factor))
    left, top_edge, right, bottom = picture.covered
    return to_rgb(small), (left / factor, top_edge / factor, right / factor, bottom / factor)


def embedded_metadata(image: ImageFile) -> Metadata:
    """What an opened picture says of itself."""
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "surrogateescape")
    return first_of((exif_metadata(exif_of(image)), xmp_metadata(packet), iptc_metadata(image)))


def reason_of(error: Exception) -> str:
    """Why a decoder gave up, in one line."""
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    text = " ".join(str(error).split()) or type(error).__name__
    return "broken picture: " + ("its data is damaged" if isinstance(error, struct.error) else text[:200])
