"""Pairs and a recipe that a CPU trains in seconds."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clipcore.architectures import Architecture, TextShape, ViTShape
from clipcore.evaluation.datasets import DataSet
from clipcore.training.recipe import Recipe
from clipcore.training.run import Given
from clipcore.vocabulary import learn_merges, write_merges
from tests.clipcore.tars import write_tar

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220), "yellow": (230, 220, 40)}
SHAPES = ("left", "right", "top", "bottom")

SMALL = Architecture(
    name="small",
    embed_dim=16,
    vision=ViTShape(image_size=32, patch_size=16, width=32, layers=2, heads=2, mlp_width=64),
    text=TextShape(width=32, layers=1, heads=2, context_length=16),
    activation="gelu",
)
RECIPE = Recipe(
    architecture=SMALL, batch_size=8, steps=12, learning_rate=3e-3, warmup_steps=2, precision="fp32", workers=0
)


def picture(number: int) -> tuple[bytes, str]:
    """A PNG whose one half has a colour, and what it shows: sixteen kinds, each with its own noise."""
    rng = np.random.default_rng(number)
    colour, side = list(COLOURS)[number % 4], SHAPES[number // 4 % 4]
    pixels = rng.integers(0, 60, (40, 48, 3)).astype(np.uint8)
    half = {"left": np.s_[:, :24], "right": np.s_[:, 24:], "top": np.s_[:20], "bottom": np.s_[20:]}[side]
    pixels[half] = COLOURS[colour]
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue(), f"{colour} on the {side}, number {number}"


def pair_files(count: int, first: int = 0) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for number in range(first, first + count):
        encoded, caption = picture(number)
        files[f"{number:04}.png"] = encoded
        files[f"{number:04}.json"] = json.dumps({"captions": [caption, f"{caption}, again"]}).encode()
    return files


@pytest.fixture(scope="session")
def merges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vocabulary of a few hundred units, so that a text tower is small."""
    path = tmp_path_factory.mktemp("vocabulary") / "merges.txt.gz"
    write_merges(learn_merges((picture(number)[1] for number in range(40)), 560), path)
    return path


MakeGiven = Callable[..., Given]


@pytest.fixture
def given(merges: Path) -> MakeGiven:
    """What a run is given, with the small vocabulary."""

    def make(pairs: Path, out: Path, evaluate_on: Path | None = None, **more: Any) -> Given:
        held_out = DataSet(evaluate_on) if evaluate_on else None
        return Given([str(pairs)], out, held_out, vocabulary=merges, **more)

    return make


@pytest.fixture
def pairs_tar(tmp_path: Path) -> Path:
    """Forty pairs."""
    return write_tar(tmp_path / "pairs.tar", pair_files(40))


@pytest.fixture
def small_recipe() -> Callable[..., Recipe]:
    def make(**changes: object) -> Recipe:
        return replace(RECIPE, **changes)  # type: ignore[arg-type]

    return make
