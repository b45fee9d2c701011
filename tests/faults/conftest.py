"""An encoder that costs nothing: a CLIP of the paper's shape with random weights."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_encoders(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Two bundles whose vectors have nothing in common."""
    import torch

    from clipcore.architectures import Architecture, TextShape, ViTShape
    from clipcore.clip import CLIP
    from clipcore.export import export_clip
    from clipcore.preprocess import Preprocessing

    def export(seed: int, dim: int) -> Path:
        vision = ViTShape(image_size=32, patch_size=16, width=64, layers=1, heads=2, mlp_width=128)
        shape = Architecture("tiny", dim, vision, TextShape(width=32, layers=1, heads=2), activation="gelu")
        torch.manual_seed(seed)
        clip = CLIP(shape).eval().requires_grad_(False)
        return export_clip(clip, Preprocessing(size=32), tmp_path_factory.mktemp("tiny") / f"{seed}", "tiny").folder

    return str(export(0, 32)), str(export(1, 48))
