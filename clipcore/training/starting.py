"""What a run starts from: random weights of the recipe's architecture, or weights that others trained."""

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch

from clipcore.architectures import Architecture
from clipcore.bundle import MANIFEST, WEIGHTS
from clipcore.checkpoints import load_clip, read_checkpoint
from clipcore.clip import CLIP
from clipcore.errors import TrainingError
from clipcore.load import WEIGHTS_VARIABLE
from clipcore.model import Model
from clipcore.preprocess import Preprocessing
from clipcore.tokenizer import BytePairTokenizer
from clipcore.training.recipe import Recipe
from clipcore.training.trained import is_run, trained
from clipcore.weights import find_weights, resolve_preprocessing


@dataclass(frozen=True)
class Start:
    """A CLIP with the pixels and the words that it takes."""

    clip: CLIP
    preprocessing: Preprocessing
    merges: Path | None  # the tokenizer's, where it is not OpenAI's

    @cached_property
    def tokenizer(self) -> BytePairTokenizer:
        return BytePairTokenizer(self.clip.architecture.text.context_length, self.merges)


def fresh(recipe: Recipe, merges: Path | None) -> Start:
    """Random weights, the same for the same seed; the vocabulary decides how many tokens the text tower knows.

    Raises:
        TrainingError: the recipe names no architecture.
    """
    if not recipe.architecture:
        raise TrainingError("the recipe starts from given weights: name them with --from (a file, ViT-B-32/openai ...)")
    shape = recipe.shape
    words = BytePairTokenizer(shape.text.context_length, merges).vocab_size
    shape = replace(shape, text=replace(shape.text, vocab_size=words))
    torch.manual_seed(recipe.seed)
    return Start(CLIP(shape), Preprocessing(size=shape.vision.image_size), merges)


def given(source: str, recipe: Recipe, merges: Path | None) -> Start:
    """The weights called `source`: another run's folder, or what `load_encoder` takes.

    Where the recipe asks for another resolution or context, position embeddings are resized.

    Raises:
        TrainingError: they are of another architecture than the recipe's.
        CheckpointError: there are no such weights, or they are broken.
    """
    folder = Path(source).expanduser()
    if is_run(folder):
        model = trained(folder)
        _check(source, model.clip.architecture, recipe)
        return _fitted(model, recipe)
    if (folder / MANIFEST).is_file():
        source = str(folder / WEIGHTS)
    own = os.environ.get(WEIGHTS_VARIABLE)
    weights = find_weights(source, None, Path(own) if own else None)
    if weights.model is not None and not isinstance(weights.model, Architecture):
        raise TrainingError(f"{source} is built by open_clip: only the paper's architectures are trained here")
    named = weights.model or read_checkpoint(weights.path).architecture
    if named:
        _check(source, named, recipe)
    shape = _with_words(recipe.shape, named) if recipe.architecture else named
    clip, _ = load_clip(weights.path, shape)
    _check_words(source, clip, merges)
    preprocessing = resolve_preprocessing(weights.preprocessing, clip.architecture.vision.image_size, Preprocessing())
    return Start(clip, preprocessing, merges)


def _check(source: str, found: Architecture, recipe: Recipe) -> None:
    """Raises a TrainingError where more than the resolution, the context and the vocabulary differ."""
    if not recipe.architecture:
        return
    wanted = recipe.shape
    vision = replace(found.vision, image_size=wanted.vision.image_size)
    text = replace(found.text, context_length=wanted.text.context_length, vocab_size=wanted.text.vocab_size)
    if replace(found, name=wanted.name, vision=vision, text=text) != wanted:
        raise TrainingError(
            f"{source} is {found.name}, and the recipe is for {wanted.name}: give --architecture {found.name}, or "
            "other weights"
        )


def _with_words(shape: Architecture, of: Architecture | None) -> Architecture:
    """`shape` with the vocabulary's size of another."""
    return replace(shape, text=replace(shape.text, vocab_size=of.text.vocab_size)) if of else shape


def _check_words(source: str, clip: CLIP, merges: Path | None) -> None:
    text = clip.architecture.text
    words = BytePairTokenizer(text.context_length, merges).vocab_size
    if words != text.vocab_size:
        raise TrainingError(
            f"{source} knows {text.vocab_size:,} tokens and {merges or 'the published vocabulary'} has {words:,}: give "
            "the one that it was trained with, --vocabulary"
        )


def _fitted(model: Model, recipe: Recipe) -> Start:
    """A run's CLIP at the recipe's resolution."""
    from clipcore.layouts import fit_positions

    clip, preprocessing = model.clip, model.preprocessing
    if recipe.architecture and recipe.shape != clip.architecture:
        shape = _with_words(recipe.shape, clip.architecture)
        bigger = CLIP(shape)
        bigger.load_state_dict(fit_positions(clip.state_dict(), shape))
        clip, preprocessing = bigger, replace(preprocessing, size=shape.vision.image_size)
    return Start(clip, preprocessing, model.merges)
