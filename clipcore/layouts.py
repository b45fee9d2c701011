"""Parameter names: from the layouts that weights are published in to those of `clipcore.clip.CLIP`.

OpenAI's state dict and OpenCLIP's have the paper's own names, the text tower at the top level or, in OpenCLIP's models
with a custom text tower, under ``text.``. Its trainer may add ``module.`` in front of all. Hugging Face's CLIPModel
splits the attention's projections and names everything anew; `clipcore.hugging_face` reads the configuration beside it.
"""

import logging
import math
import re
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from clipcore.architectures import Architecture, ViTShape
from clipcore.errors import CheckpointError

log = logging.getLogger(__name__)

StateDict = dict[str, Tensor]

_NOT_WEIGHTS = {"input_resolution", "context_length", "vocab_size"}  # OpenAI's archives carry these as tensors
_NOT_WEIGHTS_ENDINGS = ("attn_mask", "position_ids")
_IMAGE_PREFIXES = ("visual.", "logit_")
_ATTENTION_POOL = "visual.attnpool.c_proj.weight"  # what a ModifiedResNet has instead of visual.proj
_IMAGE_POSITIONS = "visual.positional_embedding"
_TEXT_POSITIONS = "text.positional_embedding"

_HUGGING_FACE_MARK = "vision_model.embeddings.class_embedding"
_HUGGING_FACE_NAMES = (
    (r"^vision_model\.embeddings\.patch_embedding\.", "visual.conv1."),
    (r"^vision_model\.embeddings\.class_embedding$", "visual.class_embedding"),
    (r"^vision_model\.embeddings\.position_embedding\.weight$", _IMAGE_POSITIONS),
    (r"^vision_model\.pre_layrnorm\.", "visual.ln_pre."),  # their spelling
    (r"^vision_model\.post_layernorm\.", "visual.ln_post."),
    (r"^vision_model\.encoder\.layers\.", "visual.transformer.resblocks."),
    (r"^visual_projection\.weight$", "visual.proj"),
    (r"^text_model\.embeddings\.token_embedding\.", "text.token_embedding."),
    (r"^text_model\.embeddings\.position_embedding\.weight$", _TEXT_POSITIONS),
    (r"^text_model\.final_layer_norm\.", "text.ln_final."),
    (r"^text_model\.encoder\.layers\.", "text.transformer.resblocks."),
    (r"^text_projection\.weight$", "text.text_projection"),
    (r"\.layer_norm([12])\.", r".ln_\1."),
    (r"\.self_attn\.", ".attn."),
    (r"\.mlp\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.fc2\.", ".mlp.c_proj."),
)
_TRANSPOSED = ("visual.proj", "text.text_projection")  # linear layers there, plain matrices here


def to_clip_names(state_dict: StateDict) -> StateDict:
    """`state_dict` in the names of `clipcore.clip.CLIP`, whichever layout it is in.

    Raises:
        CheckpointError: it is in none; the caller knows the file and says which.
    """
    plain = {
        name.removeprefix("module."): tensor
        for name, tensor in state_dict.items()
        if not name.endswith(_NOT_WEIGHTS_ENDINGS)
    }
    renamed = _from_hugging_face(plain) if is_hugging_face(plain) else _from_published(plain)
    if "text.text_projection" not in renamed or not {"visual.proj", _ATTENTION_POOL} & set(renamed):
        raise CheckpointError("holds no CLIP: no image tower or no text_projection among its names")
    if "logit_scale" in renamed:
        renamed["logit_scale"] = renamed["logit_scale"].reshape(())  # some trainers save a vector of one
    return renamed


def is_hugging_face(state_dict: StateDict) -> bool:
    """Whether these are the names of transformers' CLIPModel."""
    return _HUGGING_FACE_MARK in state_dict


def _from_published(state_dict: StateDict) -> StateDict:
    return {
        name if name.startswith((*_IMAGE_PREFIXES, "text.")) else f"text.{name}": tensor
        for name, tensor in state_dict.items()
        if name not in _NOT_WEIGHTS
    }


def _from_hugging_face(state_dict: StateDict) -> StateDict:
    renamed: StateDict = {}
    for name, tensor in state_dict.items():
        for pattern, replacement in _HUGGING_FACE_NAMES:
            name = re.sub(pattern, replacement, name)
        renamed[name] = tensor.T if name in _TRANSPOSED else tensor
    for name in [name for name in renamed if ".attn.q_proj." in name]:
        parts = [renamed.pop(name.replace(".q_proj.", f".{part}_proj."), None) for part in "qkv"]
        if any(part is None for part in parts):
            raise CheckpointError(f"holds no whole CLIP: a projection beside {name} is missing")
        renamed[name.replace(".q_proj.", ".in_proj_")] = torch.cat([part for part in parts if part is not None])
    return renamed


def fit_positions(state_dict: StateDict, architecture: Architecture) -> StateDict:
    """Position embeddings resized to `architecture`'s resolution and context, as open_clip does; the rest untouched.

    The grid of a ViT is interpolated bicubically with antialiasing, the class token's kept; a text's linearly. A
    ModifiedResNet's attention pool is not resized, there as here.
    """
    fitted = dict(state_dict)
    vision = architecture.vision
    if isinstance(vision, ViTShape):
        _replace(fitted, _IMAGE_POSITIONS, vision.patches + 1, _resize_grid)
    _replace(fitted, _TEXT_POSITIONS, architecture.text.context_length, _resize_line)
    return fitted


def _replace(state_dict: StateDict, name: str, wanted: int, resize: Callable[[Tensor, int], Tensor]) -> None:
    positions = state_dict.get(name)
    if positions is not None and positions.ndim == 2 and len(positions) != wanted:
        log.warning("resizing %s from %d positions to %d", name, len(positions), wanted)
        state_dict[name] = resize(positions.float(), wanted)


def _resize_grid(positions: Tensor, wanted: int) -> Tensor:
    """(1 + old places, width) -> (1 + new places, width)."""
    class_token, places = positions[:1], positions[1:]
    old, new = math.isqrt(len(places)), math.isqrt(wanted - 1)
    if old * old != len(places):
        raise CheckpointError(f"has {len(places)} image positions, which is no square: it cannot be resized")
    grid = places.reshape(1, old, old, -1).permute(0, 3, 1, 2)  # (1, width, old, old)
    grid = F.interpolate(grid, (new, new), mode="bicubic", antialias=True, align_corners=False)
    return torch.cat([class_token, grid.permute(0, 2, 3, 1).reshape(new * new, -1)])


def _resize_line(positions: Tensor, wanted: int) -> Tensor:
    """(old length, width) -> (new length, width)."""
    return F.interpolate(positions.T[None], wanted, mode="linear", align_corners=False)[0].T
