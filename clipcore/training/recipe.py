"""Recipes: everything that decides what a training run makes, in one frozen dataclass.

A recipe file is a short Python file that defines ``RECIPE``; it opens with the command that runs it, how long that
takes and what it should reach. Those that come with clipcore are called by name (``starter``), others by path.
"""

import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipcore.errors import TrainingError
from clipcore.pairs.pair import Templates

if TYPE_CHECKING:
    from clipcore.towers.heads import HeadShape

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Phase:
    """One stretch of training with its own learning rates; a part whose rate is 0 stays locked.

    With both towers locked their features are computed once, and a step costs only the heads.
    """

    steps: int
    batch_size: int
    head_rate: float
    text_rate: float = 0.0
    image_rate: float = 0.0  # of the image backbone's last stage


@dataclass(frozen=True)
class LockedRecipe:
    """Locked-tower training (LiT, arXiv:2111.07991): borrowed towers, trained heads, then a careful unlocking."""

    phases: tuple[Phase, ...]
    templates: Templates = field(default_factory=dict)  # label-like fields to texts
    paraphrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # see `paraphrased`
    exclude: tuple[str, ...] = ("dev/", "test/", "val/")  # keys left out of the training pairs
    captioned_views: int = 4
    labelled_views: int = 1
    balance: float = 0.5  # a source is drawn in proportion to the number of its distinct texts to this power,
    weights: Mapping[str, float] = field(default_factory=dict)  # times its own weight, by the tar's name; else 1
    embed_dim: int = 384
    hidden: int = 768
    dropout: float = 0.2
    weight_decay: float = 0.05
    warmup: float = 0.05  # share of a phase's steps
    average: float = 0.99  # decay of the running average of the weights, which is what is kept
    class_distillation: float = 1.0  # weight of the backbone's own ImageNet classes among the losses
    rehearsal: float = 0.0  # weight of keeping unlocked texts where the borrowed text tower put them
    text_layers: int = 3  # upper layers of the text tower that a phase may unlock
    context_length: int = 64  # tokens of a text; longer ones are cut
    seed: int = 0

    @property
    def head_shape(self) -> "HeadShape":
        from clipcore.towers.heads import HeadShape  # the command line reads recipes, and needs no torch for it

        return HeadShape(self.embed_dim, self.hidden, self.dropout)


def load_recipe(name_or_path: str, overrides: Mapping[str, Any] | None = None) -> LockedRecipe:
    """The recipe called so, with the fields in `overrides` replaced.

    Raises:
        TrainingError: no such recipe, its file defines none, or an override names no field.
    """
    path = RECIPES / f"{name_or_path}.py"
    if not path.is_file():
        path = Path(name_or_path)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in RECIPES.glob("[a-z]*.py")))
        raise TrainingError(f"no recipe {name_or_path!r}: expected a path, or one of {known}")
    recipe = runpy.run_path(str(path)).get("RECIPE")
    if not isinstance(recipe, LockedRecipe):
        raise TrainingError(f"{path} defines no RECIPE = LockedRecipe(...)")
    return _overridden(recipe, overrides or {})


def _overridden(recipe: LockedRecipe, overrides: Mapping[str, Any]) -> LockedRecipe:
    known = {f.name for f in fields(recipe)}
    for name in overrides:
        if name not in known:
            raise TrainingError(f"the recipe has no {name!r}: expected one of {', '.join(sorted(known))}")
    return replace(recipe, **overrides)
