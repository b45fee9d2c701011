"""The compositional set: any number of pictures, each drawn from the seed, its split and its place alone.

So a picture is the same whoever draws it, in whatever order, in memory or from a tar.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from PIL import Image

from clipcore.compositional.drawing import draw
from clipcore.compositional.scenes import Compositions, Scene, draw_scene
from clipcore.compositional.sentences import FORMS, distractors, sentence

Split = Literal["train", "familiar", "held-out"]
SPLITS: tuple[Split, ...] = ("train", "familiar", "held-out")
FACTORS = ("colour", "shape", "texture", "size", "count", "relation", "binding")


@dataclass(frozen=True)
class Sample:
    """A picture, the sentence that is right for it, and for each of `FACTORS` one that is wrong in it alone."""

    key: str
    scene: Scene
    image: Image.Image
    caption: str
    distractors: Mapping[str, str]


@dataclass(frozen=True)
class CompositionalSet:
    """Generated pictures of `size` pixels a side.

    Its splits: ``train``; ``familiar``, other scenes of the compositions that ``train`` has; ``held-out``, scenes whose
    first kind has a composition of colour and shape that ``train`` never has.
    """

    size: int = 64
    seed: int = 0

    @cached_property
    def compositions(self) -> Compositions:
        """Which (colour, shape) are held out."""
        return Compositions.of_seed(self.seed)

    def sample(self, split: Split, index: int) -> Sample:
        """The picture at a place, from 0, of a split."""
        rng = np.random.default_rng([self.seed, 1 + SPLITS.index(split), index])
        scene = draw_scene(self.compositions, split == "held-out", rng)
        form = int(rng.integers(FORMS))
        wrong = distractors(scene, form, rng)
        return Sample(f"{split}-{index:07}", scene, draw(scene, self.size, rng), sentence(scene, form), wrong)
