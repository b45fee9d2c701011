"""Recipes: everything that decides what a training run makes, in one frozen dataclass.

A recipe file is a short Python file that defines ``RECIPE``; it opens with the command that runs it, how long that
takes and what it should reach. Those that come with clipcore (`clipcore.recipes`) are called by name, others by path.
"""

import runpy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from clipcore.architectures import Architecture, ResNetShape, get_architecture
from clipcore.errors import ArchitectureError, TrainingError
from clipcore.training.locked_recipe import LockedRecipe

RECIPES = Path(__file__).parents[1] / "recipes"

# Appendix F, tables 19 and 20; for another size the rate of the one most like it is a start.
LEARNING_RATES = {
    "RN50": 5e-4,
    "RN101": 5e-4,
    "RN50x4": 5e-4,
    "RN50x16": 4e-4,
    "RN50x64": 3.6e-4,
    "ViT-B-32": 5e-4,
    "ViT-B-16": 5e-4,
    "ViT-L-14": 4e-4,
    "ViT-L-14-336": 2e-5,
}
# Appendix F, table 18: Adam's beta 1, beta 2 and epsilon
RESNET_ADAM = (0.9, 0.999, 1e-8)
VIT_ADAM = (0.9, 0.98, 1e-6)

Precision = Literal["fp32", "bf16"]
Crop = Literal["random", "centre"]
Objective = Literal["contrastive", "sigmoid"]


@dataclass(frozen=True)
class Recipe:
    """CLIP trained end to end. The defaults are the paper's (section 2.5 and appendix F, table 18), with no savings."""

    architecture: Annotated[str | Architecture, "as open_clip spells it; empty: that of --from"] = "ViT-B-32"
    objective: Annotated[Objective, "contrastive: the paper's; sigmoid: SigLIP's"] = "contrastive"

    batch_size: Annotated[int, "pairs in a step, over all machines"] = 32_768
    epochs: Annotated[float, "passes over the pairs"] = 32
    steps: Annotated[int, "steps in all, instead of epochs"] = 0
    learning_rate: Annotated[float, "peak; 0: the paper's for the architecture"] = 0.0
    warmup_steps: Annotated[int, "steps of linear warm-up, before a cosine to zero"] = 2000
    weight_decay: Annotated[float, "decoupled, on all but gains and biases"] = 0.2
    max_gradient_norm: Annotated[float, "longer gradients are cut to this length; 0: never"] = 0.0
    average: Annotated[float, "decay of the running average of the weights that is evaluated and kept; 0: none"] = 0.0

    crop: Annotated[Crop, "which square of the resized picture is trained on"] = "random"
    patch_dropout: Annotated[float, "share of a ViT's patches left out of each step (FLIP, arXiv:2212.00794)"] = 0.0
    workers: Annotated[int, "processes that decode pictures; 0: none, -1: one a core"] = -1
    shuffle_shards: Annotated[int, "tars whose pairs are mixed with each other; all, if there are no more"] = 64

    lock_image: Annotated[bool, "keep the image tower as it is (LiT, arXiv:2111.07991)"] = False
    lock_text: Annotated[bool, "keep the text tower as it is"] = False
    lora_rank: Annotated[int, "train low-rank changes of this rank in place of the weights; 0: the weights"] = 0
    lora_alpha: Annotated[float, "their scale, divided by the rank (arXiv:2106.09685)"] = 16.0

    precision: Annotated[Precision, "what the towers compute in; bf16 keeps float32 weights"] = "bf16"
    micro_batch: Annotated[int, "pairs in the towers at a time, by cached gradients; 0: the whole batch"] = 0
    checkpointing: Annotated[bool, "compute activations again in the backward pass"] = False
    half_statistics: Annotated[bool, "Adam's statistics in 16 bits"] = False
    half_text_weights: Annotated[bool, "the text tower's matrices in 16 bits, rounded stochastically"] = False
    similarity_block: Annotated[int, "rows of the similarity matrix that are held at a time"] = 1024
    shard: Annotated[bool, "spread weights over the processes of torchrun (FSDP2); else each has them (DDP)"] = False
    compile: Annotated[bool, "torch.compile the towers"] = False

    evaluate_every: Annotated[int, "steps; 0: twenty times in a run"] = 0
    save_every: Annotated[int, "steps; 0: as often as it evaluates"] = 0
    keep_last: Annotated[int, "checkpoints kept, beside the best"] = 2
    seed: int = 0

    @property
    def shape(self) -> Architecture:
        """The architecture itself.

        Raises:
            ArchitectureError: no such name.
        """
        return get_architecture(self.architecture) if isinstance(self.architecture, str) else self.architecture

    @property
    def adam(self) -> tuple[float, float, float]:
        """Beta 1, beta 2 and epsilon for the image tower's kind."""
        return RESNET_ADAM if isinstance(self.shape.vision, ResNetShape) else VIT_ADAM

    @property
    def peak_rate(self) -> float:
        """The learning rate where the warm-up ends.

        Raises:
            TrainingError: none is given, and the paper has none for this architecture.
        """
        name = self.shape.name.removesuffix("-quickgelu")
        if self.learning_rate:
            return self.learning_rate
        if name not in LEARNING_RATES:
            raise TrainingError(f"the paper has no learning rate for {name}: give one with --learning-rate")
        return LEARNING_RATES[name]

    def to_mapping(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Recipe":
        """From the JSON of `to_mapping`; what an older version did not have takes its default.

        Raises:
            TrainingError: it is no recipe.
        """
        architecture = values.get("architecture")
        try:
            if isinstance(architecture, Mapping):
                values = {**values, "architecture": Architecture.from_mapping(dict(architecture))}
            return cls(**values)
        except (TypeError, ArchitectureError) as error:
            raise TrainingError(f"not a recipe: {error}") from error


def load_recipe(name_or_path: str, overrides: Mapping[str, Any] | None = None) -> Recipe | LockedRecipe:
    """The recipe called so, with the fields in `overrides` replaced.

    Raises:
        TrainingError: no such recipe, its file defines none, or an override names no field.
    """
    path = RECIPES / f"{name_or_path}.py"
    if not path.is_file():
        path = Path(name_or_path)
    if not path.is_file():
        raise TrainingError(f"no recipe {name_or_path!r}: expected a path, or one of {', '.join(recipe_names())}")
    recipe = runpy.run_path(str(path)).get("RECIPE")
    if not isinstance(recipe, Recipe | LockedRecipe):
        raise TrainingError(f"{path} defines no RECIPE = Recipe(...)")
    return _overridden(recipe, overrides or {})


def recipe_names() -> list[str]:
    """Those that come with clipcore."""
    return sorted(path.stem for path in RECIPES.glob("[a-z]*.py"))


def _overridden(recipe: Recipe | LockedRecipe, overrides: Mapping[str, Any]) -> Recipe | LockedRecipe:
    known = [field.name for field in fields(recipe)]
    for name in overrides:
        if name not in known:
            nearest = get_close_matches(name, known, 1, 0.0)[0]
            raise TrainingError(f"the recipe has no {name!r}; the nearest is {nearest!r}")
    return replace(recipe, **overrides)
