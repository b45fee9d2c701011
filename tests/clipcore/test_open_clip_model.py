"""Models beyond the paper's through open_clip: the same Encoder, equal to open_clip itself, on random weights."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from clipcore import ClipcoreError, load_encoder
from clipcore.errors import ArchitectureError, CheckpointError
from clipcore.open_clip_model import find_model
from clipcore.thirdparty import import_open_clip

TEXT: dict[str, Any] = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
VISION: dict[str, Any] = {"image_size": 64, "layers": 1, "width": 64, "head_width": 32, "patch_size": 16}
CONFIGS: dict[str, dict[str, Any]] = {
    "tiny-coca": {
        "embed_dim": 32,
        "vision_cfg": VISION | {"attentional_pool": True, "attn_pooler_heads": 2, "output_tokens": True},
        "text_cfg": TEXT | {"context_length": 76, "embed_cls": True, "output_tokens": True},
        "multimodal_cfg": TEXT | {"context_length": 76, "width": 32, "heads": 2, "layers": 1, "attn_pooler_heads": 2},
        "custom_text": True,
    },
    "tiny-sigmoid": {
        "embed_dim": 32,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {"image_size": 64, "timm_model_name": "test_vit", "timm_pool": "token", "timm_proj": "linear"},
        "text_cfg": TEXT | {"no_causal_mask": True, "proj_bias": True, "pool_type": "last"},
    },
}
TEXTS = ["a photo of a cat", "", "two dogs and a ball", "word " * 200]


@pytest.fixture(scope="module", autouse=True)
def known_to_open_clip(tmp_path_factory: pytest.TempPathFactory) -> None:
    """open_clip's own way to add a configuration."""
    folder = tmp_path_factory.mktemp("configs")
    for name, config in CONFIGS.items():
        (folder / f"{name}.json").write_text(json.dumps(config))
    import_open_clip().add_model_config(folder)


def save_random(name: str, path: Path) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = import_open_clip().create_model(name).eval().requires_grad_(False)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    torch.save(model.state_dict(), path)
    return model


@pytest.mark.parametrize("name", CONFIGS)
def test_equals_open_clip(name: str, tmp_path: Path, pictures: list[Image.Image]) -> None:
    open_clip = import_open_clip()
    model: Any = save_random(name, tmp_path / "weights.pt")
    encoder = load_encoder(tmp_path / "weights.pt", architecture=name, device="cpu")
    transform = open_clip.image_transform(64, is_train=False)
    with torch.inference_mode():
        images = model.encode_image(torch.stack([transform(picture) for picture in pictures]), normalize=True)
        texts = model.encode_text(open_clip.get_tokenizer(name)(TEXTS), normalize=True)
    assert np.abs(encoder.encode_images(pictures) - images.numpy()).max() < 1e-4
    assert np.abs(encoder.encode_texts(TEXTS) - texts.numpy()).max() < 1e-5
    assert encoder.encode_texts([]).shape == (0, encoder.dim)
    assert encoder.logit_scale == pytest.approx(float(model.logit_scale.exp()))
    if name == "tiny-sigmoid":
        assert encoder.logit_bias == pytest.approx(float(model.logit_bias)) and encoder.logit_bias < -9
    else:
        assert encoder.logit_bias is None


def test_the_fingerprint_is_of_the_weights_and_the_model(tmp_path: Path) -> None:
    model = save_random("tiny-sigmoid", tmp_path / "one.pt")
    one = load_encoder(tmp_path / "one.pt", architecture="tiny-sigmoid", device="cpu")
    again = load_encoder(tmp_path / "one.pt", architecture="tiny-sigmoid", device="cpu")
    torch.save({k: v + 1 for k, v in model.state_dict().items()}, tmp_path / "two.pt")
    two = load_encoder(tmp_path / "two.pt", architecture="tiny-sigmoid", device="cpu")
    assert one.fingerprint == again.fingerprint != two.fingerprint


def test_a_folder_of_the_hub(tmp_path: Path, pictures: list[Image.Image]) -> None:
    settings = {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "squash"}
    content = {"model_cfg": CONFIGS["tiny-sigmoid"], "preprocess_cfg": settings}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(content))
    save_random("tiny-sigmoid", tmp_path / "open_clip_pytorch_model.bin")
    encoder = load_encoder(tmp_path, device="cpu")
    by_name = load_encoder(tmp_path / "open_clip_pytorch_model.bin", architecture="tiny-sigmoid", device="cpu")
    assert encoder.preprocessing.resize == "squash" and encoder.preprocessing.mean == (0.5, 0.5, 0.5)
    assert np.allclose(encoder.encode_texts(TEXTS), by_name.encode_texts(TEXTS), atol=1e-6)
    assert not np.allclose(encoder.encode_images(pictures), by_name.encode_images(pictures), atol=1e-3)


@pytest.mark.parametrize("damage", ["cut", "of another model"])
def test_weights_that_do_not_fit_are_one_line(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    save_random("tiny-coca", path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CheckpointError, match=r"weights\.pt does not fit tiny-sigmoid") as caught:
        load_encoder(path, architecture="tiny-sigmoid")
    assert "\n" not in str(caught.value)


def test_what_open_clip_runs_has_no_graphs(tmp_path: Path) -> None:
    save_random("tiny-sigmoid", tmp_path / "weights.pt")
    with pytest.raises(ClipcoreError, match="in torch, in fp32, and with its own tokenizer only"):
        load_encoder(tmp_path / "weights.pt", architecture="tiny-sigmoid", runtime="onnx")


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(ArchitectureError, match="unknown architecture 'nothing'"):
        find_model("nothing")


OFFLINE = """
import sys
from clipcore import ClipcoreError, load_encoder
try:
    load_encoder(sys.argv[1], architecture="ViT-B-16-SigLIP")
except ClipcoreError as error:
    print(type(error).__name__, error)
"""


def test_offline_the_tokenizer_of_siglip_is_missed_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"not reached")
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "HOME": str(tmp_path)}
    command = [sys.executable, "-c", OFFLINE, str(tmp_path / "weights.pt")]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    (line,) = result.stdout.splitlines()
    assert line.startswith("TokenizerError cannot get the tokenizer of ViT-B-16-SigLIP")
