"""Position embeddings for another resolution, as open_clip resizes them."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from clipcore.architectures import Architecture, ResNetShape, TextShape, ViTShape, from_open_clip_config
from clipcore.checkpoints import load_clip
from clipcore.clip import CLIP
from clipcore.errors import CheckpointError
from clipcore.layouts import fit_positions, to_clip_names
from clipcore.thirdparty import import_open_clip

TEXT = {"context_length": 77, "vocab_size": 1000, "width": 64, "heads": 4, "layers": 1}


def config(image_size: int, context_length: int = 77) -> dict[str, Any]:
    vision = {"image_size": image_size, "layers": 1, "width": 64, "head_width": 32, "patch_size": 16}
    return {"embed_dim": 32, "vision_cfg": vision, "text_cfg": TEXT | {"context_length": context_length}}


@pytest.mark.parametrize(("size", "context"), [(64, 77), (96, 77), (48, 77), (224, 32), (64, 100)])
def test_positions_are_resized_as_open_clip_does(size: int, context: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    open_clip = import_open_clip()
    path = tmp_path / "weights.pt"
    torch.save(open_clip.model.CLIP(**config(64)).state_dict(), path)
    theirs = open_clip.model.CLIP(**config(size, context))
    open_clip.load_checkpoint(theirs, str(path))
    ours, _ = load_clip(path, from_open_clip_config("other", config(size, context)))
    assert torch.equal(ours.visual.positional_embedding, theirs.visual.positional_embedding)  # type: ignore[arg-type]
    assert torch.equal(ours.text.positional_embedding, theirs.positional_embedding)


def test_resizing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    architecture = from_open_clip_config("other", config(96))
    positions = {"visual.positional_embedding": torch.zeros(17, 64), "text.positional_embedding": torch.zeros(77, 64)}
    with caplog.at_level(logging.WARNING):
        fit_positions(positions, architecture)
    assert [record.getMessage() for record in caplog.records] == [
        "resizing visual.positional_embedding from 17 positions to 37"
    ]


def test_what_cannot_be_resized_is_one_line(small_clip: CLIP, small_architecture: Architecture, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    odd = dict(small_clip.state_dict()) | {"visual.positional_embedding": torch.zeros(12, 64)}
    torch.save(odd, path)
    with pytest.raises(CheckpointError, match="does not fit small: has 11 image positions, which is no square"):
        load_clip(path, small_architecture)


def test_an_attention_pool_of_another_resolution_is_refused(tmp_path: Path) -> None:
    resnet = Architecture("resnet", 32, ResNetShape(64, 16, (1, 1, 1, 1)), TextShape(32, 1, 2, vocab_size=99), "gelu")
    torch.save(CLIP(resnet).state_dict(), tmp_path / "weights.pt")
    larger = replace(resnet, vision=replace(resnet.vision, image_size=96))
    with pytest.raises(CheckpointError, match="does not fit resnet"):
        load_clip(tmp_path / "weights.pt", larger)


@pytest.mark.parametrize("missing", ["text.text_projection", "visual.proj"])
def test_half_a_clip_is_none(missing: str, small_clip: CLIP) -> None:
    names = dict(small_clip.state_dict())
    del names[missing]
    with pytest.raises(CheckpointError, match="holds no CLIP"):
        to_clip_names(names)


def test_a_custom_text_tower_of_open_clip(tmp_path: Path) -> None:
    torch.manual_seed(0)
    open_clip = import_open_clip()
    theirs = open_clip.model.CustomTextCLIP(**config(64)).eval()
    assert "text.positional_embedding" in theirs.state_dict()
    torch.save({"state_dict": {f"module.{k}": v for k, v in theirs.state_dict().items()}}, tmp_path / "weights.pt")
    ours, _ = load_clip(tmp_path / "weights.pt", from_open_clip_config("custom", config(64)))
    tokens = torch.randint(1, 1000, (2, 77))
    assert isinstance(ours.architecture.vision, ViTShape)
    with torch.inference_mode():
        assert torch.allclose(ours.text(tokens), theirs.encode_text(tokens), atol=1e-5)
