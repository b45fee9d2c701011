"""Hugging Face's CLIPModel against ours, on random weights that transformers saves."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from clipcore.checkpoints import load_clip
from clipcore.errors import CheckpointError
from clipcore.hugging_face import from_config, preprocessing_beside
from clipcore.preprocess import OPENAI_MEAN, Preprocessing
from clipcore.thirdparty import import_transformers

TEXT: dict[str, Any] = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 192}
TEXT |= {"vocab_size": 1000, "bos_token_id": 998, "eos_token_id": 999, "hidden_act": "quick_gelu"}
VISION: dict[str, Any] = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128}
VISION |= {"image_size": 64, "patch_size": 16, "hidden_act": "quick_gelu"}
CONFIG: dict[str, Any] = {
    "model_type": "clip",
    "projection_dim": 32,
    "text_config": TEXT,
    "vision_config": VISION,
}


@pytest.mark.parametrize("activation", ["gelu", "quick_gelu"])
def test_equals_transformers(activation: str, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    transformers = import_transformers()
    torch.manual_seed(0)
    act = {"hidden_act": activation}
    config = transformers.CLIPConfig(text_config=TEXT | act, vision_config=VISION | act, projection_dim=32)
    theirs = transformers.CLIPModel(config).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    theirs.save_pretrained(tmp_path)
    ours, _ = load_clip(tmp_path / "model.safetensors")
    assert ours.architecture.activation == activation.replace("_", "")
    pixels, tokens = torch.randn(3, 3, 64, 64), torch.randint(1, 990, (3, 77))
    tokens[:, 20] = 999
    with torch.inference_mode():
        image = theirs.get_image_features(pixel_values=pixels).pooler_output
        text = theirs.get_text_features(input_ids=tokens).pooler_output
        assert torch.allclose(ours.visual(pixels), image, rtol=1e-4, atol=1e-5)
        assert torch.allclose(ours.text(tokens), text, rtol=1e-4, atol=1e-5)
    assert ours.logit_scale == theirs.logit_scale


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(CONFIG | changes))
    return path


def without(config: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in config.items() if k != key}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model_type": "siglip"}, "describes a 'siglip' model"),
        ({"text_config": without(TEXT, "hidden_act")}, "does not say 'hidden_act'"),
        ({"vision_config": VISION | {"hidden_act": "relu"}}, "hidden_act 'quick_gelu' and 'relu'"),
        ({"text_config": TEXT | {"intermediate_size": 100}}, "100 wide inside"),
        ({"vision_config": VISION | {"layer_norm_eps": 1e-3}}, "layer_norm_eps"),
        ({"vision_config": 7}, "describes no CLIP"),
    ],
)
def test_a_configuration_that_cannot_be_built_is_one_line(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=says) as caught:
        from_config(write(tmp_path, **changes), "small")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_no_configuration_at_all(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        from_config(tmp_path / "config.json", "small")


def test_sizes_that_the_configuration_leaves_out_are_the_formats(tmp_path: Path) -> None:
    quick = {"hidden_act": "quick_gelu"}
    architecture = from_config(write(tmp_path, text_config=quick, vision_config=quick, projection_dim=512), "B/32")
    assert architecture.vision.image_size == 224 and architecture.text.width == 512


def test_preprocessing(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    assert preprocessing_beside(weights, 64) == Preprocessing(size=64)
    settings = {"image_std": [0.5, 0.5, 0.5], "resample": 2, "do_center_crop": False}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    expected = Preprocessing(64, "squash", "bilinear", OPENAI_MEAN, (0.5, 0.5, 0.5))
    assert preprocessing_beside(weights, 64) == expected
    (tmp_path / "preprocessor_config.json").write_text('{"resample": 5}')
    with pytest.raises(CheckpointError, match="resample=5"):
        preprocessing_beside(weights, 64)
