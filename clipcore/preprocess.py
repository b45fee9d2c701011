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
from PIL import Image, UnidentifiedImageError

from clipcore.errors import ImageError
from clipcore.orientation import Box, exif_of, turn_box, turn_of

Pixels = NDArray[np.uint8]  # (height, width, 3)
ImageSource = Image.Image | Path | str

OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)

DRAFT_MARGIN = 3  # with 2, one photograph in seven falls below a cosine of 0.999
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

    def __call__(self, image: Image.Image, covered: Box | None = None, place: float = 0.5) -> Pixels:
        """uint8 (size, size, 3) of one picture; EXIF orientation applied, transparency laid on white.

        `covered` is what `decode_small` gave back for it; the whole of it when None. `place`, in 0..1, is where along
        the longer side the square is cut: the middle, unless a training run draws it.

        Raises:
            ImageError: its pixels cannot be decoded.
        """
        try:
            turn = turn_of(exif_of(image))
            rgb = to_rgb(image)
            box = turn_box(covered or (0, 0, *rgb.size), rgb.size, turn)
            if turn is not None:
                rgb = rgb.transpose(turn)
            return np.asarray(self._squash(rgb, box) if self.resize == "squash" else self._shortest(rgb, box, place))
        except (OSError, ValueError, SyntaxError, MemoryError) as error:
            raise ImageError(f"cannot decode the picture: {error}") from error

    def _squash(self, image: Image.Image, box: Box) -> Image.Image:
        return image.resize((self.size, self.size), _INTERPOLATION[self.interpolation], box)

    def _shortest(self, image: Image.Image, box: Box, place: float) -> Image.Image:
        box = _without_ends(box)
        width, height = box[2] - box[0], box[3] - box[1]
        long, short = max(width, height), min(width, height)
        if short != self.size or box != (0, 0, *image.size):
            scaled = int(self.size * long / short)
            size = (self.size, scaled) if width <= height else (scaled, self.size)
            image = image.resize(size, _INTERPOLATION[self.interpolation], box)
        left, top = round((image.width - self.size) * place), round((image.height - self.size) * place)
        return image.crop((left, top, left + self.size, top + self.size))


def decode_small(image: Image.Image, needed: int) -> Box:
    """Sets a picture that is not decoded yet to decode at 1/2, 1/4 or 1/8 of its size, where its format can (JPEG).

    Its shorter side keeps at least `DRAFT_MARGIN` times the `needed` pixels. That costs a fraction of the time, and the
    starter's vectors of real photographs keep a cosine of 0.999 to the exact ones (tests/clipcore/test_fast_decode.py).

    Returns:
        What the original covers of the pixels that will be decoded, before any turn: all but fractions of a pixel at
        the right and at the bottom. `Preprocessing` scales just that; scaling all would shift the picture's edges.
    """
    if image.format in ("JPEG", "MPO"):
        shrink = max(1.0, min(image.size) / (DRAFT_MARGIN * needed))
        drafted = image.draft("RGB", (max(1, int(image.width / shrink)), max(1, int(image.height / shrink))))
        if drafted is not None:
            return drafted[1]
    return (0, 0, *image.size)


def _without_ends(box: Box) -> Box:
    """The middle of a strip so long that scaling it whole would take gigabytes: one pixel by ten thousand."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    if width > _LONGEST_STRIP * height:
        left += (width - _LONGEST_STRIP * height) // 2
        right = left + _LONGEST_STRIP * height
    elif height > _LONGEST_STRIP * width:
        top += (height - _LONGEST_STRIP * width) // 2
        bottom = top + _LONGEST_STRIP * width
    return left, top, right, bottom


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
