"""Small models and pictures, made in-process."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from clipcore.architectures import Architecture, TextShape, ViTShape
from clipcore.clip import CLIP
from clipcore.encoder import Encoder
from clipcore.export import export_clip
from clipcore.preprocess import Preprocessing
from clipcore.runtimes.torch_runtime import TorchRuntime
from clipcore.tokenizer import BytePairTokenizer

SHARED_DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(scope="session")
def small_architecture() -> Architecture:
    """A CLIP of the paper's shape, small enough to build in a moment."""
    return Architecture(
        name="small",
        embed_dim=32,
        vision=ViTShape(image_size=64, patch_size=16, width=64, layers=2, heads=2, mlp_width=256),
        text=TextShape(width=48, layers=2, heads=3),
        activation="gelu",
    )


@pytest.fixture
def small_clip(small_architecture: Architecture) -> CLIP:
    """Random weights, the same in every test."""
    torch.manual_seed(0)
    return CLIP(small_architecture).eval().requires_grad_(False)


def encoder_of(clip: CLIP) -> Encoder:
    """A model run by torch on the CPU."""
    preprocessing = Preprocessing(size=clip.architecture.vision.image_size)
    return Encoder(
        name="small",
        dim=clip.architecture.embed_dim,
        fingerprint="0" * 16,
        logit_scale=1.0,
        preprocessing=preprocessing,
        tokenizer=BytePairTokenizer(77),
        runtime=TorchRuntime(clip, preprocessing, "cpu"),
    )


@pytest.fixture(scope="session")
def small_bundle(small_architecture: Architecture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an exported encoder with random weights."""
    torch.manual_seed(0)
    clip = CLIP(small_architecture).eval().requires_grad_(False)
    return export_clip(clip, Preprocessing(size=64), tmp_path_factory.mktemp("exported") / "small", "small").folder


@pytest.fixture(scope="session")
def pictures() -> list[Image.Image]:
    """Six pictures of noise in odd sizes."""
    rng = np.random.default_rng(0)
    sizes = [(64, 64), (80, 64), (64, 200), (301, 77), (500, 400), (33, 31)]
    return [Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8)) for w, h in sizes]


@pytest.fixture
def shared_data() -> Iterator[Path]:
    """The real pictures that lie beside a developer's checkout; a test that needs them is skipped without them."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no {SHARED_DATA}")
    yield SHARED_DATA
