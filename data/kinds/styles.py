"""Photographs made to look like other kinds of picture."""

import random

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

SEPIA = ("#2b1a08", "#b08d57", "#fdf3d8")  # shadows, middle, lights


def black_and_white(photo: Image.Image, rng: random.Random) -> Image.Image:
    return ImageEnhance.Contrast(ImageOps.grayscale(photo)).enhance(rng.uniform(0.9, 1.5))


def old_photo(photo: Image.Image, rng: random.Random) -> Image.Image:
    grey = ImageEnhance.Contrast(ImageOps.grayscale(photo)).enhance(rng.uniform(0.7, 1.0))
    faded = ImageOps.colorize(grey, black=SEPIA[0], mid=SEPIA[1], white=SEPIA[2])
    return Image.blend(faded, Image.effect_noise(photo.size, 60).convert("RGB"), rng.uniform(0.03, 0.12))


def oil_painting(photo: Image.Image, rng: random.Random) -> Image.Image:
    strokes = photo.filter(ImageFilter.ModeFilter(rng.choice((5, 7, 9))))
    rich = ImageEnhance.Color(strokes).enhance(rng.uniform(0.8, 1.4))
    varnish = Image.new("RGB", photo.size, rng.choice(("#8a6a3a", "#7a5a34", "#a08050")))
    return Image.blend(rich, varnish, rng.uniform(0, 0.25))


def watercolour(photo: Image.Image, rng: random.Random) -> Image.Image:
    washes = photo.filter(ImageFilter.MedianFilter(7)).filter(ImageFilter.ModeFilter(5))
    pale = Image.blend(ImageEnhance.Color(washes).enhance(rng.uniform(1.1, 1.6)), _paper(photo), rng.uniform(0.2, 0.4))
    return ImageChops.multiply(pale, Image.blend(_paper(photo), _outlines(photo).convert("RGB"), 0.4))


def pencil_drawing(photo: Image.Image, rng: random.Random) -> Image.Image:
    grey = ImageOps.grayscale(photo)
    soft = ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(rng.uniform(2, 6)))
    dodged = ImageChops.add(grey, soft)  # what is as bright as its surroundings turns white, edges stay
    return ImageEnhance.Contrast(ImageOps.autocontrast(dodged, cutoff=1)).enhance(rng.uniform(1.0, 1.6))


def ink_drawing(photo: Image.Image, rng: random.Random) -> Image.Image:
    grey = ImageOps.autocontrast(ImageOps.grayscale(photo).filter(ImageFilter.MedianFilter(5)))
    darkest = rng.uniform(35, 75)
    shadows = grey.point(lambda level: 0 if level < darkest else 255)
    return ImageChops.darker(shadows, _outlines(photo).point(lambda level: 0 if level < 150 else 255))


def cartoon(photo: Image.Image, rng: random.Random) -> Image.Image:
    bright = ImageEnhance.Brightness(ImageOps.autocontrast(photo.filter(ImageFilter.MedianFilter(7)))).enhance(1.3)
    lines = _outlines(photo).point(lambda level: 0 if level < 140 else 255).convert("RGB")
    return ImageChops.multiply(ImageEnhance.Color(ImageOps.posterize(bright, 3)).enhance(rng.uniform(1.2, 1.8)), lines)


def blurred(photo: Image.Image, rng: random.Random) -> Image.Image:
    return photo.filter(ImageFilter.GaussianBlur(rng.uniform(2, 4.5)))


def _outlines(photo: Image.Image) -> Image.Image:
    """Dark lines on white, in grey levels."""
    edges = ImageOps.grayscale(photo.filter(ImageFilter.GaussianBlur(1))).filter(ImageFilter.FIND_EDGES)
    return ImageOps.invert(ImageOps.autocontrast(ImageOps.crop(edges, 2), cutoff=1)).resize(photo.size)


def _paper(photo: Image.Image) -> Image.Image:
    return Image.new("RGB", photo.size, "#fbf7ee")
