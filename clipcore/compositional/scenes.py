"""What a generated picture shows: some things of one kind, where they are, and a thing of another kind.

A kind is a colour, a shape, a texture and a size. Of the 64 compositions of a colour with a shape, 16 are held out: no
training picture has them, though each colour and each shape is in plenty, so that naming them takes composition.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

COLOURS: Mapping[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (240, 215, 50),
    "green": (50, 160, 70),
    "blue": (45, 85, 210),
    "purple": (130, 60, 175),
    "brown": (125, 80, 45),
    "black": (35, 35, 40),
}
SHAPES = ("circle", "square", "triangle", "star", "cross", "ring", "heart", "crescent")
TEXTURES = ("plain", "striped", "dotted", "checked")
SIZES = ("small", "large")
COUNTS = ("a", "two", "three", "four")
OPPOSITES: Mapping[str, str] = {
    "above": "below",
    "below": "above",
    "to the left of": "to the right of",
    "to the right of": "to the left of",
}
HELD_OUT_OF_EACH_SHAPE = 2  # of its eight colours


@dataclass(frozen=True)
class Kind:
    """What a thing looks like, each in the words of the tables above."""

    colour: str
    shape: str
    texture: str
    size: str


@dataclass(frozen=True)
class Scene:
    """`count` things of one kind (1 to 4), where they are, and one of another kind, of other colour and shape."""

    count: int
    first: Kind
    relation: str
    second: Kind


@dataclass(frozen=True)
class Compositions:
    """Which (colour, shape) are for training, and which are held out."""

    trained: tuple[tuple[str, str], ...]
    held_out: tuple[tuple[str, str], ...]

    @classmethod
    def of_seed(cls, seed: int) -> "Compositions":
        """Held out: two colours of each shape, and each colour of two shapes."""
        colours = list(COLOURS)
        order = np.random.default_rng([seed, 0]).permutation(len(colours))
        held_out = tuple(
            (colours[order[(i + step) % len(order)]], shape)
            for i, shape in enumerate(SHAPES)
            for step in range(HELD_OUT_OF_EACH_SHAPE)
        )
        trained = tuple((c, s) for c in colours for s in SHAPES if (c, s) not in held_out)
        return cls(trained, held_out)


def draw_scene(compositions: Compositions, held_out: bool, rng: np.random.Generator) -> Scene:
    """A random scene; its first kind is of the compositions held out, or of those trained, its second of the latter."""
    first = _kind(compositions.held_out if held_out else compositions.trained, rng)
    second = first
    while second.colour == first.colour or second.shape == first.shape:
        second = _kind(compositions.trained, rng)
    relation = str(rng.choice(list(OPPOSITES)))
    return Scene(int(rng.integers(1, len(COUNTS) + 1)), first, relation, second)


def _kind(compositions: tuple[tuple[str, str], ...], rng: np.random.Generator) -> Kind:
    colour, shape = compositions[rng.integers(len(compositions))]
    return Kind(colour, shape, str(rng.choice(TEXTURES)), str(rng.choice(SIZES)))
