"""What a run has made: the CLIP in one of its checkpoints, averaged and with adapters merged."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from clipcore.checkpoints import sha256_of
from clipcore.clip import CLIP
from clipcore.errors import TrainingError
from clipcore.model import Model
from clipcore.preprocess import Preprocessing
from clipcore.tokenizer import BytePairTokenizer
from clipcore.training.average import RunningAverage
from clipcore.training.checkpoint import checkpoint_path, load_checkpoint, steps_saved
from clipcore.training.lora import merge_lora
from clipcore.training.model import TrainedCLIP
from clipcore.training.recipe import Recipe

RECIPE = "recipe.json"
MERGES = "merges.txt.gz"


def is_run(folder: Path) -> bool:
    """Whether an end-to-end run was started there."""
    try:
        return "architecture" in json.loads((folder / RECIPE).read_text("utf-8"))
    except (OSError, ValueError):
        return False


def trained(folder: Path, which: str = "best") -> Model:
    """The CLIP of a run: its "best" checkpoint by held-out recall (the last, if nothing was held out), or its "last".

    Raises:
        TrainingError: the run has no whole checkpoint.
    """
    saved = steps_saved(folder)
    if not saved:
        raise TrainingError(f"{folder} has no checkpoint yet")
    path = checkpoint_path(folder, saved[-1])
    state = load_checkpoint(path)
    best = state["best_step"]
    if which == "best" and best in saved and best != saved[-1]:
        path = checkpoint_path(folder, best)
        state = load_checkpoint(path)
    merges = folder / MERGES if (folder / MERGES).is_file() else None
    clip = clip_of(state)
    tokenizer = BytePairTokenizer(clip.architecture.text.context_length, merges)
    preprocessing = Preprocessing.from_mapping(state["preprocessing"])
    return Model(clip, folder.name, path, sha256_of(path), preprocessing, tokenizer, merges)


def clip_of(state: dict[str, Any]) -> CLIP:
    """A checkpoint's CLIP, float32, in evaluation mode: averaged weights where there are, adapters merged."""
    recipe = replace(Recipe.from_mapping(state["recipe"]), half_text_weights=False)  # averages are not halved again
    with torch.device("meta"):
        clip = CLIP(recipe.shape)
    model = TrainedCLIP(clip.to_empty(device="cpu"), Preprocessing.from_mapping(state["preprocessing"]), recipe)
    model.load_state_dict(state["model"])
    if state["average"] is not None:
        average = RunningAverage(model, recipe.average)
        average.load_state_dict(state["average"])
        average.put_in_place()
    return merge_lora(clip).float().eval().requires_grad_(False)
