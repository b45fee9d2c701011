"""Scenes in words: a sentence of one of several forms, and the wrong ones that differ from it in one thing."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from clipcore.compositional.scenes import COLOURS, COUNTS, OPPOSITES, SHAPES, SIZES, TEXTURES, Kind, Scene

FORMS = 4  # ways to say one scene


def sentence(scene: Scene, form: int) -> str:
    """The scene in one of `FORMS` ways; the last names the second thing first, and so the opposite relation."""
    several, one = _phrase(scene.first, scene.count), _phrase(scene.second, 1)
    verb = "is" if scene.count == 1 else "are"
    if form == 0:
        return f"{several} {scene.relation} {one}"
    if form == 1:
        return f"there {verb} {several} {scene.relation} {one}"
    if form == 2:
        return f"{several} {verb} {scene.relation} {one}"
    return f"{one} {OPPOSITES[scene.relation]} {several}"


def _phrase(kind: Kind, count: int) -> str:
    noun = kind.shape if count == 1 else kind.shape + ("es" if kind.shape.endswith("s") else "s")
    return f"{COUNTS[count - 1]} {kind.size} {kind.texture} {kind.colour} {noun}"


def distractors(scene: Scene, form: int, rng: np.random.Generator) -> Mapping[str, str]:
    """For each factor a sentence of the same form that is wrong in it alone.

    ``binding`` has the two things' colours swapped: the same words, of the wrong things. So has ``relation`` but one.
    """
    first = scene.first

    def other(values: tuple[str, ...], present: str) -> str:
        return str(rng.choice([value for value in values if value != present]))

    count = int(rng.choice([n for n in range(1, len(COUNTS) + 1) if n != scene.count]))
    swapped = replace(
        scene,
        first=replace(first, colour=scene.second.colour),
        second=replace(scene.second, colour=first.colour),
    )
    wrong = {
        "colour": replace(scene, first=replace(first, colour=other(tuple(COLOURS), first.colour))),
        "shape": replace(scene, first=replace(first, shape=other(SHAPES, first.shape))),
        "texture": replace(scene, first=replace(first, texture=other(TEXTURES, first.texture))),
        "size": replace(scene, first=replace(first, size=other(SIZES, first.size))),
        "count": replace(scene, count=count),
        "relation": replace(scene, relation=OPPOSITES[scene.relation]),
        "binding": swapped,
    }
    return {factor: sentence(false, form) for factor, false in wrong.items()}
