"""Hugging Face's CLIPModel: the architecture and the preprocessing that the JSON files beside its weights describe."""

import json
from pathlib import Path
from typing import Any

from clipcore.architectures import Activation, Architecture, TextShape, ViTShape
from clipcore.errors import CheckpointError
from clipcore.preprocess import Preprocessing

CONFIG = "config.json"
PREPROCESSOR = "preprocessor_config.json"

# What transformers takes where config.json is silent. hidden_act has no such default here: it is never guessed.
_TEXT = {"hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 8}
_TEXT |= {"max_position_embeddings": 77, "vocab_size": 49_408}
_VISION = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
_VISION |= {"image_size": 224, "patch_size": 32}
_EPSILON = 1e-5  # of the layer norms, there and here
_ACTIVATIONS: dict[str, Activation] = {"gelu": "gelu", "quick_gelu": "quickgelu"}
_INTERPOLATION = {2: "bilinear", 3: "bicubic"}  # Pillow's numbers


def architecture_beside(weights: Path) -> Architecture | None:
    """What the config.json beside `weights` says; None when there is none.

    Raises:
        CheckpointError: it is not a CLIP's that clipcore can build, or does not say its activation.
    """
    path = weights.parent / CONFIG
    return from_config(path, weights.parent.name) if path.is_file() else None


def from_config(path: Path, name: str) -> Architecture:
    """The architecture in a CLIPModel's config.json.

    Raises:
        CheckpointError: as `architecture_beside`.
    """
    config = _read(path)
    try:
        if config["model_type"] != "clip":
            raise CheckpointError(f"{path} describes a {config['model_type']!r} model: expected 'clip'")
        text, vision = _TEXT | config["text_config"], _VISION | config["vision_config"]
        activation = _activation(text["hidden_act"], vision["hidden_act"])
        if text["intermediate_size"] != 4 * text["hidden_size"]:
            raise ValueError(f"a text tower {text['intermediate_size']} wide inside (expected 4 times its width)")
        if any(tower.get("layer_norm_eps", _EPSILON) != _EPSILON for tower in (text, vision)):
            raise ValueError(f"layer_norm_eps other than {_EPSILON}")
        return Architecture(
            name=name,
            embed_dim=config.get("projection_dim", 512),
            vision=ViTShape(
                image_size=vision["image_size"],
                patch_size=vision["patch_size"],
                width=vision["hidden_size"],
                layers=vision["num_hidden_layers"],
                heads=vision["num_attention_heads"],
                mlp_width=vision["intermediate_size"],
            ),
            text=TextShape(
                width=text["hidden_size"],
                layers=text["num_hidden_layers"],
                heads=text["num_attention_heads"],
                context_length=text["max_position_embeddings"],
                vocab_size=text["vocab_size"],
            ),
            activation=activation,
        )
    except KeyError as error:
        raise CheckpointError(f"{path} does not say {error}: pass architecture=, as open_clip spells it") from error
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path} describes no CLIP that clipcore can build: {error}") from error


def _activation(text: str, vision: str) -> Activation:
    if text != vision or text not in _ACTIVATIONS:
        raise ValueError(f"hidden_act {text!r} and {vision!r} (expected one of {', '.join(_ACTIVATIONS)} in both)")
    return _ACTIVATIONS[text]


def preprocessing_beside(weights: Path, size: int) -> Preprocessing:
    """What the preprocessor_config.json beside `weights` says, OpenAI's values where it, or the file, says nothing.

    Raises:
        CheckpointError: it asks for what clipcore does not do.
    """
    path = weights.parent / PREPROCESSOR
    config = _read(path) if path.is_file() else {}
    values: dict[str, Any] = {"size": size}
    for theirs, ours in (("image_mean", "mean"), ("image_std", "std")):
        if theirs in config:
            values[ours] = config[theirs]
    if "resample" in config:
        if config["resample"] not in _INTERPOLATION:
            raise CheckpointError(
                f"{path} asks for resample={config['resample']}: expected 2 (bilinear) or 3 (bicubic)"
            )
        values["interpolation"] = _INTERPOLATION[config["resample"]]
    if config.get("do_center_crop") is False:
        values["resize"] = "squash"
    return Preprocessing.from_mapping(values)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read {path}: {error}") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds no configuration: expected a JSON object")
    return content
