"""Several looks at one picture: the whole, its mirror image, and random crops; augmentation computed once."""

import random
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps

from clipcore.preprocess import Pixels, Preprocessing, to_rgb

SMALLEST_CROP = 0.35  # of the picture's area: smaller ones lose what the caption is about
LARGEST_STRETCH = 1.25  # of a crop's sides against each other


def views(image: Image.Image, count: int, preprocessing: Preprocessing, rng: random.Random) -> list[Pixels]:
    """`count` views as uint8 (size, size, 3): the evaluation transform first, then its mirror image, then crops.

    Raises:
        ImageError: the picture cannot be decoded.
    """
    whole = preprocessing(image)
    looks = [whole, np.ascontiguousarray(whole[:, ::-1])][:count]
    return looks + [preprocessing(crop) for crop in _crops(image, count - len(looks), rng)]


def _crops(image: Image.Image, count: int, rng: random.Random) -> Iterator[Image.Image]:
    upright = to_rgb(ImageOps.exif_transpose(image)) if count else image
    width, height = upright.size
    for _ in range(count):
        side = rng.uniform(SMALLEST_CROP, 1) ** 0.5
        stretch = rng.uniform(1 / LARGEST_STRETCH, LARGEST_STRETCH) ** 0.5
        w, h = min(1.0, side * stretch) * width, min(1.0, side / stretch) * height
        left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
        crop = upright.crop(
            (round(left), round(top), max(round(left + w), round(left) + 1), max(round(top + h), round(top) + 1))
        )
        yield ImageOps.mirror(crop) if rng.random() < 0.5 else crop
