"""Weights by name: one's own folder, the hub's cache and its layouts, open_clip's registry."""

import hashlib
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
from safetensors.torch import save_file

from clipcore import load_encoder
from clipcore.architectures import from_open_clip_config
from clipcore.clip import CLIP
from clipcore.errors import CheckpointError, DownloadError
from clipcore.open_clip_model import OpenClipModel
from clipcore.registry import common_preprocessing, find_published
from clipcore.weights import find_weights

CONFIG: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 64, "layers": 1, "width": 64, "head_width": 32, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
SQUASHED = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "resize_mode": "squash", "interpolation": "bilinear"}


def hub_repository(folder: Path) -> CLIP:
    """A hub repository of open_clip's in `folder`, with random weights, which are returned."""
    torch.manual_seed(0)
    clip = CLIP(from_open_clip_config("small", CONFIG)).eval().requires_grad_(False)
    folder.mkdir(parents=True)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": CONFIG, "preprocess_cfg": SQUASHED}))
    names = {name.removeprefix("text."): tensor for name, tensor in clip.state_dict().items()}
    save_file(names, folder / "open_clip_model.safetensors")
    return clip


def test_a_folder_of_the_hub_says_all_that_is_needed(tmp_path: Path, pictures: list[Image.Image]) -> None:
    clip = hub_repository(tmp_path / "model")
    encoder = load_encoder(tmp_path / "model", device="cpu")
    assert (encoder.name, encoder.dim, encoder.preprocessing.resize) == ("model", 32, "squash")
    pixels = np.stack([encoder.preprocessing(picture) for picture in pictures])
    normalised = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 * 2 - 1
    assert np.allclose(encoder.encode_images(pictures), clip.encode_image(normalised).numpy(), atol=1e-5)


def test_ones_own_folder_comes_before_any_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    hub_repository(own / "someone" / "model")
    by_argument = load_encoder("hf-hub:someone/model", device="cpu", weights_folder=own)
    monkeypatch.setenv("SIGHTLINE_WEIGHTS", str(own))
    assert load_encoder("hf-hub:someone/model", device="cpu").fingerprint == by_argument.fingerprint
    (own / "ViT-B-32").mkdir()
    (own / "ViT-B-32" / "openai.pt").write_bytes(b"weights")
    found = find_weights("ViT-B-32/openai", None, own)
    assert found.path == own / "ViT-B-32" / "openai.pt"
    assert found.model == find_weights(found.path, "ViT-B-32-quickgelu", None).model


OFFLINE = """
import sys
from clipcore import ClipcoreError, load_encoder
from clipcore.registry import find_published
try:
    print(find_published("ViT-B-32/openai").download().read_text())
    print(load_encoder("hf-hub:someone/model", device="cpu").dim)
    load_encoder("hf-hub:someone/other")
except ClipcoreError as error:
    print(type(error).__name__, error)
"""


def cached(cache: Path, repo: str, files: dict[str, bytes]) -> None:
    """`files` as huggingface_hub keeps a repository: blobs by hash, snapshots of links, refs."""
    root = cache / f"models--{repo.replace('/', '--')}"
    (root / "refs").mkdir(parents=True)
    (root / "refs" / "main").write_text("abc")
    for folder in ("blobs", "snapshots/abc"):
        (root / folder).mkdir(parents=True)
    for name, content in files.items():
        blob = root / "blobs" / hashlib.sha256(content).hexdigest()
        blob.write_bytes(content)
        (root / "snapshots" / "abc" / name).symlink_to(blob)


def test_offline_the_hubs_cache_is_enough(tmp_path: Path) -> None:
    hub_repository(tmp_path / "model")
    cached(tmp_path, "someone/model", {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()})
    cached(tmp_path, "timm/vit_base_patch32_clip_224.openai", {"open_clip_model.safetensors": b"cached weights"})
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(tmp_path), "HOME": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", OFFLINE], env=environment, capture_output=True, text=True, check=True
    )
    weights, dim, error = result.stdout.splitlines()
    assert (weights, dim) == ("cached weights", "32")
    assert error.startswith("DownloadError HF_HUB_OFFLINE is set and open_clip_config.json or config.json of")


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="without weights"):
        load_encoder(tmp_path)
    hub_repository(tmp_path / "model")
    (tmp_path / "model" / "open_clip_config.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"cannot read .*open_clip_config\.json"):
        load_encoder(tmp_path / "model")


def test_the_registry_knows_how_each_was_trained() -> None:
    openai, siglip = find_published("ViT-B-32/openai"), find_published("ViT-B-16-SigLIP/webli")
    assert openai is not None and siglip is not None
    assert not isinstance(openai.model, OpenClipModel) and openai.model.activation == "quickgelu"
    assert siglip.model == OpenClipModel("ViT-B-16-SigLIP")
    assert siglip.preprocessing["resize"] == "squash" and siglip.preprocessing["mean"] == (0.5, 0.5, 0.5)
    assert common_preprocessing("ViT-B-16-SigLIP") == siglip.preprocessing
    assert common_preprocessing("ViT-L-14") == {}  # its weights were not all made alike


def test_a_registry_entry_by_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clipcore.registry import Published

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    model = from_open_clip_config("small", CONFIG)
    entry = Published("small/mine", model, {}, {"url": "http://127.0.0.1:9/mine.pt"})
    with pytest.raises(DownloadError, match="cannot download small/mine: HF_HUB_OFFLINE"):
        entry.download()
