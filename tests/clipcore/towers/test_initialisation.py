"""Fresh towers begin as OpenAI's released code does, which open_clip keeps."""

from typing import Any

import pytest
import torch

from clipcore.architectures import from_open_clip_config
from clipcore.clip import CLIP
from clipcore.thirdparty import import_open_clip

TEXT = {"context_length": 77, "vocab_size": 1000, "width": 256, "heads": 4, "layers": 3}
VISION: dict[str, dict[str, Any]] = {
    "vit": {"image_size": 64, "patch_size": 16, "width": 192, "layers": 5},
    "resnet": {"image_size": 64, "width": 32, "layers": [1, 2, 1, 1], "patch_size": None},
}


@pytest.mark.parametrize("tower", VISION)
def test_every_parameter_has_open_clips_spread(tower: str) -> None:
    torch.manual_seed(0)
    config = {"embed_dim": 96, "vision_cfg": VISION[tower], "text_cfg": TEXT}
    ours = CLIP(from_open_clip_config("small", config)).requires_grad_(False)
    theirs = dict(import_open_clip().model.CLIP(**config).requires_grad_(False).named_parameters())
    for name, parameter in ours.named_parameters():
        wanted = theirs[name.removeprefix("text.")]
        spread, expected = float(parameter.std(correction=0)), float(wanted.std(correction=0))
        chance = 6 / parameter.numel() ** 0.5  # six standard errors
        assert spread == pytest.approx(expected, rel=chance), name
        assert float(parameter.mean()) == pytest.approx(float(wanted.mean()), abs=chance * expected + 1e-6), name


def test_the_standard_deviations_of_the_released_code() -> None:
    torch.manual_seed(0)
    clip = CLIP(from_open_clip_config("small", {"embed_dim": 96, "vision_cfg": VISION["vit"], "text_cfg": TEXT}))
    width, layers, image_width = 256, 3, 192
    clip.requires_grad_(False)
    block = clip.text.transformer.resblocks[1]
    expected = [
        (clip.text.token_embedding.weight, 0.02),
        (clip.text.positional_embedding, 0.01),
        (block.attn.in_proj_weight, width**-0.5),
        (block.attn.out_proj.weight, width**-0.5 * (2 * layers) ** -0.5),
        (block.mlp.c_fc.weight, (2 * width) ** -0.5),
        (block.mlp.c_proj.weight, width**-0.5 * (2 * layers) ** -0.5),
        (clip.text.text_projection, width**-0.5),
        (clip.visual.positional_embedding, image_width**-0.5),
        (clip.visual.proj, image_width**-0.5),
    ]
    for i, (parameter, std) in enumerate(expected):
        assert isinstance(parameter, torch.Tensor)
        assert float(parameter.std()) == pytest.approx(std, rel=0.05), i
    assert float(clip.logit_scale.exp()) == pytest.approx(1 / 0.07)
