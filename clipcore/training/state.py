"""A run on disk: its effective recipe and its weights, each written whole or not at all."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from clipcore.errors import TrainingError
from clipcore.locked_pair import LockedPair
from clipcore.training.locked_recipe import LockedRecipe, Phase

WEIGHTS = "model.safetensors"
RECIPE = "recipe.json"


def save_run(model: LockedPair, recipe: LockedRecipe, folder: Path) -> None:
    """Writes `folder`/recipe.json and `folder`/model.safetensors."""
    _write_whole(folder / RECIPE, (json.dumps(asdict(recipe), indent=2) + "\n").encode())
    temporary = folder / f".{WEIGHTS}.partial"
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, temporary)
    temporary.replace(folder / WEIGHTS)


def load_run(folder: Path) -> tuple[LockedPair, LockedRecipe]:
    """The pair of borrowed towers that a run trained, in evaluation mode, and its effective recipe.

    Raises:
        TrainingError: `folder` holds no whole run, or a package of weights is missing.
    """
    try:
        values = json.loads((folder / RECIPE).read_text("utf-8"))
        recipe = LockedRecipe(**values | {"phases": tuple(Phase(**phase) for phase in values["phases"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{folder} holds no whole training run: {error}") from error
    model = LockedPair.pretrained(recipe.head_shape, recipe.text_layers)
    load_weights(model, folder)
    return model.eval().requires_grad_(False), recipe


def load_weights(model: LockedPair, folder: Path) -> None:
    """The weights that a run saved, into a model of the same shape.

    Raises:
        TrainingError: they are missing, broken, or of another shape.
    """
    try:
        model.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise TrainingError(f"{folder} holds no whole training run: {' '.join(str(error).split())[:200]}") from error


def _write_whole(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.partial")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
