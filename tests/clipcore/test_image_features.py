"""What the linear probe sees, against open_clip and against the vectors that the features become."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from clipcore import load_encoder
from clipcore.architectures import Architecture, ResNetShape, TextShape
from clipcore.clip import CLIP
from clipcore.errors import RuntimeLimitError
from clipcore.thirdparty import import_open_clip
from tests.clipcore.conftest import encoder_of

RESNET = Architecture("small-rn", 32, ResNetShape(64, 8, (1, 1, 1, 1)), TextShape(48, 2, 3), "gelu")


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_vit_features_become_the_vectors(small_clip: CLIP, pictures: list[Image.Image]) -> None:
    encoder = encoder_of(small_clip)
    features = encoder.image_features(pictures, batch_size=4)
    assert encoder.gives_features and features.shape == (len(pictures), 64) and features.dtype == np.float32
    projected = features @ small_clip.visual.proj.numpy()
    assert unit(projected) == pytest.approx(encoder.encode_images(pictures), abs=1e-5)


def test_vit_features_are_open_clips_pooled_token(small_clip: CLIP) -> None:
    """open_clip gives them when its tower has no projection."""
    shape = small_clip.architecture.vision
    tower = import_open_clip().transformer.VisionTransformer(
        image_size=64, patch_size=16, width=64, layers=2, heads=2, mlp_ratio=4.0, output_dim=32
    )
    tower.load_state_dict(small_clip.visual.state_dict())
    tower.proj = None
    pixels = torch.randn(3, 3, shape.image_size, shape.image_size)
    with torch.no_grad():
        assert torch.allclose(tower.eval()(pixels), small_clip.image_features(pixels), atol=1e-5)


def test_resnet_features_are_the_attention_pools(pictures: list[Image.Image]) -> None:
    torch.manual_seed(0)
    encoder = encoder_of(CLIP(RESNET).eval().requires_grad_(False))
    features = encoder.image_features(pictures)
    assert features.shape == (len(pictures), 32)
    assert not np.allclose(np.linalg.norm(features, axis=1), 1, atol=0.1)
    assert unit(features) == pytest.approx(encoder.encode_images(pictures), abs=1e-5)


def test_a_bundle_says_that_it_cannot(small_bundle: Path, pictures: list[Image.Image]) -> None:
    encoder = load_encoder(small_bundle)
    assert not encoder.gives_features
    with pytest.raises(RuntimeLimitError, match="small gives vectors, not the features before the projection"):
        encoder.image_features(pictures)
