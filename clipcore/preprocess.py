"""Pictures to pixels: the evaluation transform as published, on 8-bit pixels.

Normalisation by mean and standard deviation is left to the runtimes, so a picture travels to them in a byte a value.
The geometry equals torchvision's Resize and CenterCrop on PIL images, which the published models were evaluated with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from clipcore.errors import ImageError

Pixels = NDArray[np.uint8]  # (height, width, 3)
ImageSource = Image.Image | Path | str

OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)

_LONGEST_STRIP = 50  # sides' ratio up to which a picture is scaled whole, as published
_INTERPOLATION = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


@dataclass(frozen=True)
class Preprocessing:
    """How an image tower wants its pixels.

    `resize`: "shortest" scales the shorter side to `size` and cuts the centre square (as published); "squash" scales
    both sides to `size`, which loses no edge of a wide photo. `mean` and `std` are per channel, of values in 0..1.
    """

    size: int = 224
    resize: Literal["shortest", "squash"] = "shortest"
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    mean: tuple[float, ...] = OPENAI_MEAN
    std: tuple[float, ...] = OPENAI_STD

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Preprocessing":
        """From JSON, where tuples have become lists."""
        arguments: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**arguments)

    def __call__(self, image: Image.Image) -> Pixels:
        """uint8 (size, size, 3) of one picture; EXIF orientation applied, transparency laid on white.

        Raises:
            ImageError: its pixels cannot be decoded.
        """
        try:
            image = to_rgb(ImageOps.exif_transpose(image))
            return np.asarray(self._squash(image) if self.resize == "squash" else self._shortest(image))
        except (OSError, ValueError, SyntaxError, MemoryError) as error:
            raise ImageError(f"cannot decode the picture: {error}") from error

    def _squash(self, image: Image.Image) -> Image.Image:
        return image.resize((self.size, self.size), _INTERPOLATION[self.interpolation])

    def _shortest(self, image: Image.Image) -> Image.Image:
        width, height = image.size
        short, long = min(width, height), max(width, height)
        if long > _LONGEST_STRIP * short:  # one pixel by ten thousand would be gigabytes when scaled
            image = _middle(image, _LONGEST_STRIP * short)
            width, height = image.size
            long = max(width, height)
        if short != self.size:
            scaled = int(self.size * long / short)
            width, height = (self.size, scaled) if width <= height else (scaled, self.size)
            image = image.resize((width, height), _INTERPOLATION[self.interpolation])
        left, top = round((width - self.size) / 2), round((height - self.size) / 2)
        return image.crop((left, top, left + self.size, top + self.size))


def _middle(image: Image.Image, length: int) -> Image.Image:
    """The middle `length` pixels of a strip's longer side."""
    width, height = image.size
    if width > height:
        left = (width - length) // 2
        return image.crop((left, 0, left + length, height))
    top = (height - length) // 2
    return image.crop((0, top, width, top + length))


def to_rgb(image: Image.Image) -> Image.Image:
    """Any PIL mode as 8-bit RGB: transparency laid on white, 16-bit and float grey scaled rather than clipped."""
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return _scaled_grey(image).convert("RGB")
    if "A" in image.getbands() or "transparency" in image.info:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


def _scaled_grey(image: Image.Image) -> Image.Image:
    """16-bit values divided by 257; wider or fractional ones stretched over their own range."""
    values = np.asarray(image, dtype=np.float64)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)  # what is no number is as dark as the darkest
    if image.mode.startswith("I;16"):
        low, high = 0.0, 65535.0
    if image.mode == "I" and low >= 0 and high <= 65535:  # PIL opens 16-bit PNG as I
        low, high = 0.0, 65535.0
    return Image.fromarray(((values - low) * (255 / max(high - low, 1e-12))).clip(0, 255).astype(np.uint8))


def open_image(source: ImageSource) -> Image.Image:
    """The picture at a path, or the picture itself; pixels are decoded later, by whoever first needs them.

    Raises:
        ImageError: no file there, or not a picture.
    """
    if isinstance(source, Image.Image):
        return source
    try:
        return Image.open(source)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = "not a picture, or of an unknown format" if isinstance(error, UnidentifiedImageError) else None
        reason = reason or (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ImageError(f"cannot open {source} as a picture: {reason}") from error
