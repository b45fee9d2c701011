"""Our towers against open_clip's on the same weights, float32."""

from pathlib import Path
from typing import Any

import pytest
import torch

from clipcore.architectures import PUBLISHED, Architecture, from_open_clip_config, get_architecture
from clipcore.checkpoints import load_clip, save_clip
from clipcore.thirdparty import import_open_clip

TEXTS = ["a photo of a cat", "", "two dogs &amp; a ball 🎾", "word " * 200]
TOLERANCE = 1e-4  # relative, float32
QUICK = {"RN50", "ViT-B-32"}  # what takes seconds; the others run under `make test-all`
SMALL: dict[str, Any] = {
    "embed_dim": 40,
    "vision_cfg": {"image_size": 64, "layers": 3, "width": 96, "head_width": 32, "patch_size": 16, "mlp_ratio": 3.0},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 4, "layers": 2},
}


def randomise(model: torch.nn.Module) -> None:
    """Moves every parameter and running statistic off its initial value: zeros and ones would hide a swap."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(std=0.1)
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 1.5)


def relative_difference(given: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest of the rows': the length of the difference over the length of what was expected."""
    assert torch.isfinite(expected).all() and (expected.norm(dim=-1) > 0).all()
    return float(((given - expected).norm(dim=-1) / expected.norm(dim=-1)).max())


def assert_same_outputs(theirs: torch.nn.Module, architecture: Architecture, folder: Path) -> None:
    """Saves open_clip's weights, loads them here, and compares features, vectors and the logit scale."""
    randomise(theirs)
    path = folder / "weights.pt"
    torch.save(theirs.state_dict(), path)
    ours, _ = load_clip(path, architecture)
    size = architecture.vision.image_size
    pixels, tokens = torch.randn(2, 3, size, size), import_open_clip().tokenize(TEXTS)
    with torch.inference_mode():
        differences = {
            "image features": relative_difference(ours.visual(pixels), theirs.encode_image(pixels)),  # type: ignore[operator]
            "text features": relative_difference(ours.text(tokens), theirs.encode_text(tokens)),  # type: ignore[operator]
            "image": relative_difference(ours.encode_image(pixels), theirs.encode_image(pixels, normalize=True)),  # type: ignore[operator]
            "text": relative_difference(ours.encode_text(tokens), theirs.encode_text(tokens, normalize=True)),  # type: ignore[operator]
        }
        assert ours(pixels, tokens)[2] == theirs.logit_scale.exp().clamp(max=100)  # type: ignore[operator]
    print(architecture.name, differences)  # shown by pytest -rP
    assert max(differences.values()) < TOLERANCE


@pytest.mark.parametrize("quick_gelu", [False, True])
def test_a_small_configuration(quick_gelu: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = import_open_clip().model.CLIP(**SMALL, quick_gelu=quick_gelu).eval()
    architecture = from_open_clip_config("small", SMALL | {"quick_gelu": quick_gelu})
    assert_same_outputs(theirs, architecture, tmp_path)


def test_a_small_resnet(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = SMALL | {"vision_cfg": {"image_size": 64, "layers": [1, 2, 1, 1], "width": 16, "patch_size": None}}
    theirs = import_open_clip().model.CLIP(**config).eval()
    assert_same_outputs(theirs, from_open_clip_config("small", config), tmp_path)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in PUBLISHED]
)
def test_every_published_size_as_openai_trained_it(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = import_open_clip().create_model(f"{name}-quickgelu").eval()
    assert_same_outputs(theirs, get_architecture(f"{name}-quickgelu"), tmp_path)


def test_our_file_says_its_architecture(tmp_path: Path) -> None:
    architecture = get_architecture("ViT-B-32")
    theirs = import_open_clip().create_model("ViT-B-32")
    torch.save(theirs.state_dict(), tmp_path / "theirs.pt")
    clip, _ = load_clip(tmp_path / "theirs.pt", architecture)
    save_clip(clip, tmp_path / "ours.safetensors")
    again, checkpoint = load_clip(tmp_path / "ours.safetensors")
    assert checkpoint.architecture == architecture
    assert all(torch.equal(tensor, again.state_dict()[name]) for name, tensor in clip.state_dict().items())
