"""Scenes as pictures: drawn three times as large and scaled down for smooth edges; textured things and grounds.

Everything that the sentence does not say is random: where things are within their half, how they are turned, shades,
the ground and its grain.
"""

import math

import numpy as np
from PIL import Image, ImageDraw

from clipcore.compositional.scenes import COLOURS, Kind, Scene

SUPERSAMPLING = 3
RADIUS = {"small": 0.07, "large": 0.115}  # of the picture's side
TURN = 20  # degrees, either way: a square stays a square

Points = list[tuple[float, float]]


def draw(scene: Scene, size: int, rng: np.random.Generator) -> Image.Image:
    """The scene as an RGB picture of `size` by `size` pixels."""
    side = size * SUPERSAMPLING
    canvas = _ground(side, rng)
    for kind, x, y in _placed(scene, rng):
        radius = RADIUS[kind.size] * rng.uniform(0.93, 1.07) * side
        _paste_thing(canvas, kind, x * side, y * side, radius, rng)
    image = canvas.resize((size, size), Image.Resampling.LANCZOS)
    grain = rng.normal(0, 3, (size, size, 1))
    return Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))


def _ground(side: int, rng: np.random.Generator) -> Image.Image:
    """A light ground whose tint changes slowly."""
    tint = rng.uniform(195, 245, 3) + rng.normal(0, 8, (4, 4, 3))
    blurred = Image.fromarray(tint.clip(0, 255).astype(np.uint8))
    return blurred.resize((side, side), Image.Resampling.BICUBIC)


def _placed(scene: Scene, rng: np.random.Generator) -> list[tuple[Kind, float, float]]:
    """Every thing with the centre that it has, in parts of the side: each kind in its half, side by side there."""
    near, far = rng.uniform(0.2, 0.3), rng.uniform(0.7, 0.8)
    first, second = (near, far) if scene.relation in ("above", "to the left of") else (far, near)
    upright = scene.relation in ("above", "below")
    kinds = [(scene.first, first, scene.count), (scene.second, second, 1)]
    placed = []
    for kind, across, count in kinds:
        slots = rng.choice(4, count, replace=False)
        for slot in slots:
            along, depth = 0.125 + 0.25 * slot + rng.uniform(-0.01, 0.01), across + rng.uniform(-0.04, 0.04)
            placed.append((kind, along, depth) if upright else (kind, depth, along))
    return placed


def _paste_thing(canvas: Image.Image, kind: Kind, x: float, y: float, radius: float, rng: np.random.Generator) -> None:
    half = math.ceil(radius)
    mask = Image.new("L", (2 * half, 2 * half))
    _draw_shape(ImageDraw.Draw(mask), kind.shape, half, radius)
    mask = mask.rotate(rng.uniform(-TURN, TURN), Image.Resampling.BICUBIC)
    canvas.paste(_textured(kind, 2 * half, radius, rng), (round(x) - half, round(y) - half), mask)


def _draw_shape(pen: ImageDraw.ImageDraw, shape: str, centre: float, radius: float) -> None:
    def disc(dx: float, r: float, fill: int) -> None:
        pen.ellipse((centre + dx - r, centre - r, centre + dx + r, centre + r), fill=fill)

    if shape in ("circle", "ring", "crescent"):
        disc(0, radius * 0.95, 255)
        if shape == "ring":
            disc(0, radius * 0.5, 0)
        elif shape == "crescent":
            disc(radius * 0.5, radius * 0.75, 0)
    else:
        pen.polygon([(centre + radius * px, centre + radius * py) for px, py in _OUTLINES[shape]], fill=255)


def _regular(corners: int, radii: tuple[float, ...] = (1.0,), turn: float = 0.0) -> Points:
    angles = [2 * math.pi * (i / corners + turn) - math.pi / 2 for i in range(corners)]
    return [(radii[i % len(radii)] * math.cos(a), radii[i % len(radii)] * math.sin(a)) for i, a in enumerate(angles)]


def _heart() -> Points:
    angles = [2 * math.pi * i / 40 for i in range(40)]
    outline = [
        (16 * math.sin(t) ** 3, -13 * math.cos(t) + 5 * math.cos(2 * t) + 2 * math.cos(3 * t) + math.cos(4 * t))
        for t in angles
    ]
    return [(x / 17, y / 17) for x, y in outline]


_ARM = 0.32
_OUTLINES: dict[str, Points] = {
    "square": [(s * 0.8, t * 0.8) for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))],
    "triangle": _regular(3),
    "star": _regular(10, (1.0, 0.42)),
    "cross": [
        (a * x, b * y)
        for a, b, corner in ((1, -1, 0), (1, 1, 1), (-1, 1, 0), (-1, -1, 1))
        for x, y in (((_ARM, 1), (_ARM, _ARM), (1, _ARM)), ((1, _ARM), (_ARM, _ARM), (_ARM, 1)))[corner]
    ],
    "heart": _heart(),
}


def _textured(kind: Kind, side: int, radius: float, rng: np.random.Generator) -> Image.Image:
    """A square of the kind's colour in its texture: a second shade in stripes, dots or checks, turned at random."""
    colour = np.array(COLOURS[kind.colour]) + rng.normal(0, 6, 3)
    if kind.texture == "plain":
        return Image.new("RGB", (side, side), tuple(int(v) for v in colour.clip(0, 255)))
    angle, shift = rng.uniform(-0.3, 0.3), rng.uniform(0, 1, 2)
    y, x = np.mgrid[0:side, 0:side] / (radius * 0.62)  # in periods of the texture
    u, v = x * math.cos(angle) - y * math.sin(angle) + shift[0], x * math.sin(angle) + y * math.cos(angle) + shift[1]
    marked = {
        "striped": lambda: u % 1 < 0.5,
        "dotted": lambda: (u % 1 - 0.5) ** 2 + (v % 1 - 0.5) ** 2 < 0.09,
        "checked": lambda: (u % 1 < 0.5) ^ (v % 1 < 0.5),
    }[kind.texture]()
    shade = colour + 0.6 * (255 - colour)  # towards white
    return Image.fromarray(np.where(marked[..., None], shade, colour).clip(0, 255).astype(np.uint8))
