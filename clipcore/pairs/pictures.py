"""A picture of unknown origin, looked at once: its size, whether all of it decodes, and what tells it from others.

Only formats of an allow-list are opened, nothing beyond `Limits` is decoded, and a damaged file is an error, not a
grey half: these files may come from anywhere.
"""

import io
import warnings
from dataclasses import dataclass
from hashlib import blake2b

from PIL import Image, ImageOps

from clipcore.errors import ImageError
from clipcore.looks import perceptual_hash, quarter_colours
from clipcore.photos import register_heif

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF", "JPEG2000")


@dataclass(frozen=True)
class Limits:
    """What is opened at all.

    Attributes:
        max_bytes: of a file.
        max_pixels: of a picture; checked before it is decoded.
    """

    max_bytes: int = 50_000_000
    max_pixels: int = 100_000_000


@dataclass(frozen=True)
class Seen:
    """What a look at a picture gave.

    Attributes:
        width, height: pixels, upright.
        content: 64 bits of BLAKE2b over the file's bytes.
        looks, colours: what near-copies share (`clipcore.looks`).
    """

    width: int
    height: int
    content: int
    looks: int
    colours: int


def look(encoded: bytes, limits: Limits) -> Seen:
    """Decodes a picture.

    Raises:
        ImageError: it is too large, of no known format, or damaged.
    """
    if len(encoded) > limits.max_bytes:
        raise ImageError(f"{len(encoded)} bytes are more than {limits.max_bytes}")
    register_heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's doubts about damaged metadata
            image = Image.open(io.BytesIO(encoded), formats=FORMATS)
            if image.width * image.height > limits.max_pixels:
                raise ImageError(f"{image.width} x {image.height} pixels are more than {limits.max_pixels}")
            image.load()
            upright = ImageOps.exif_transpose(image)
            rgb = upright.convert("RGB")
            looks, colours = perceptual_hash(rgb), quarter_colours(rgb)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError) as error:
        raise ImageError(f"cannot be decoded: {error}") from error
    content = int.from_bytes(blake2b(encoded, digest_size=8).digest(), "little")
    return Seen(upright.width, upright.height, content, looks, colours)
