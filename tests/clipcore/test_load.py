"""load_encoder: names, paths, and what it says where it cannot."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from clipcore import ClipcoreError, load_encoder
from clipcore.architectures import Architecture
from clipcore.bundle import Bundle
from clipcore.checkpoints import load_clip, save_clip
from clipcore.clip import CLIP
from clipcore.errors import BundleError, CheckpointError, DownloadError, TokenizerError
from clipcore.export import export_clip
from clipcore.preprocess import Preprocessing
from clipcore.vocabulary import learn_merges, write_merges

TEXTS = ["a cat", "a very long caption of two dogs that play with a ball", ""]


@pytest.fixture
def bundle(small_clip: CLIP, tmp_path: Path) -> Bundle:
    return export_clip(small_clip, Preprocessing(size=64), tmp_path / "bundle", "small")


def test_a_bundle_equals_the_model_it_was_made_from(
    bundle: Bundle, small_clip: CLIP, pictures: list[Image.Image]
) -> None:
    from clipcore.runtimes.torch_runtime import TorchRuntime

    encoder = load_encoder(bundle.folder)
    torch_runtime = TorchRuntime(small_clip, Preprocessing(size=64), "cpu")
    pixels = np.stack([encoder.preprocessing(picture) for picture in pictures])
    images, texts = encoder.encode_images(pictures), encoder.encode_texts(TEXTS)
    assert np.abs(images - torch_runtime.encode_pixels(pixels)).max() < 1e-4
    assert np.abs(texts - torch_runtime.encode_tokens(encoder.tokenizer(TEXTS))).max() < 1e-4
    for vectors in (images, texts):
        assert vectors.dtype == np.float32 and vectors.shape[1] == encoder.dim == 32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_order_paths_and_batches(bundle: Bundle, pictures: list[Image.Image], tmp_path: Path) -> None:
    encoder = load_encoder(bundle.folder)
    paths = [tmp_path / f"{i}.png" for i in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        picture.save(path)
    at_once = encoder.encode_images(pictures)
    assert np.allclose(encoder.encode_images(paths, batch_size=4), at_once, atol=1e-5)
    assert np.allclose(encoder.encode_images(map(str, reversed(paths))), at_once[::-1], atol=1e-5)
    assert encoder.encode_images([]).shape == (0, 32)
    assert encoder.encode_texts([]).shape == (0, 32)


@pytest.mark.parametrize("damage", ["altered", "cut", "missing"])
@pytest.mark.parametrize("file", ["image.onnx", "text.onnx"])
def test_a_damaged_bundle_is_refused(bundle: Bundle, file: str, damage: str, pictures: list[Image.Image]) -> None:
    path = bundle.folder / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(content if damage == "altered" else content[: len(content) // 2])
    encoder = load_encoder(bundle.folder)
    with pytest.raises(BundleError, match=f"no whole encoder: .*{file}"):
        encoder.encode_images(pictures) if file == "image.onnx" else encoder.encode_texts(TEXTS)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "name": "x"}'])
def test_a_manifest_that_is_none(content: str, bundle: Bundle) -> None:
    (bundle.folder / "bundle.json").write_text(content)
    with pytest.raises(BundleError) as caught:
        load_encoder(bundle.folder)
    assert "bundle.json" in str(caught.value) and "\n" not in str(caught.value)


def test_the_fingerprint_tells_encoders_apart(small_clip: CLIP, tmp_path: Path) -> None:
    one = export_clip(small_clip, Preprocessing(size=64), tmp_path / "one", "small")
    again = Bundle.read(one.folder)
    squashed = export_clip(small_clip, Preprocessing(size=64, resize="squash"), tmp_path / "two", "small")
    with torch.no_grad():
        small_clip.visual.proj.add_(0.01)
    trained_on = export_clip(small_clip, Preprocessing(size=64), tmp_path / "three", "small")
    assert one.fingerprint == again.fingerprint
    assert len({one.fingerprint, squashed.fingerprint, trained_on.fingerprint}) == 3


def test_weights_by_path(small_clip: CLIP, tmp_path: Path, pictures: list[Image.Image]) -> None:
    torch.save(small_clip.state_dict(), tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match="does not say its architecture"):
        load_encoder(tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match="does not fit ViT-B-32"):
        load_encoder(tmp_path / "weights.pt", architecture="ViT-B-32")


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("no-such-encoder", CheckpointError, "no encoder 'no-such-encoder'"),
        ("ViT-B-32/no-such-tag", CheckpointError, "no weights called 'no-such-tag'"),
        ("/no/such/file.safetensors", CheckpointError, "no encoder"),
    ],
)
def test_names_that_are_none(name: str, error: type[ClipcoreError], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        load_encoder(name)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"folder without bundle\.json"):
        load_encoder(tmp_path)


def test_a_vocabulary_of_its_own(small_architecture: Architecture, tmp_path: Path) -> None:
    merges, weights = tmp_path / "merges.txt.gz", tmp_path / "weights.safetensors"
    write_merges(learn_merges(["a photo of a cat, a photo of a dog"] * 2, units=264), merges)
    torch.manual_seed(0)
    save_clip(CLIP(replace(small_architecture, text=replace(small_architecture.text, vocab_size=520))), weights)
    with pytest.raises(TokenizerError, match="small expects 520 token numbers and the published vocabulary has 49408"):
        load_encoder(weights)
    encoder = load_encoder(weights, device="cpu", vocabulary=merges)
    assert encoder.encode_texts(["a cat", "word " * 10_000, ""]).shape == (3, 32)
    exported = export_clip(load_clip(weights)[0], Preprocessing(size=64), tmp_path / "bundle", "small", merges)
    texts = ["a photo of a dog", ""]
    assert np.allclose(load_encoder(exported.folder).encode_texts(texts), encoder.encode_texts(texts), atol=1e-4)


def test_a_vocabulary_of_another_model(small_clip: CLIP, tmp_path: Path) -> None:
    merges, weights = tmp_path / "merges.txt.gz", tmp_path / "weights.safetensors"
    write_merges(learn_merges(["a photo of a cat"] * 2, units=262), merges)
    save_clip(small_clip, weights)
    with pytest.raises(TokenizerError, match=r"expects 49408 token numbers and .*merges\.txt\.gz has 518") as caught:
        load_encoder(weights, vocabulary=merges)
    assert "\n" not in str(caught.value)
    with pytest.raises(TokenizerError, match="cannot read"):
        load_encoder(weights, vocabulary=tmp_path / "absent.gz")


LIGHT = """
import sys
from clipcore import load_encoder
encoder = load_encoder(sys.argv[1])
encoder.encode_texts(["a cat"])
print(sorted({"torch", "open_clip", "torchvision", "transformers", "huggingface_hub"} & set(sys.modules)))
"""


def test_a_bundle_imports_nothing_heavy(bundle: Bundle) -> None:
    command = [sys.executable, "-c", LIGHT, str(bundle.folder)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_an_unknown_runtime(bundle: Bundle) -> None:
    with pytest.raises(ClipcoreError, match="unknown runtime 'tensorrt'"):
        load_encoder(bundle.folder, runtime="tensorrt")  # type: ignore[arg-type]
    with pytest.raises(ClipcoreError, match="runtime 'torch' cannot run it"):
        load_encoder(bundle.folder, runtime="torch")


OFFLINE = """
from clipcore import ClipcoreError, load_encoder
try:
    load_encoder("ViT-B-32/openai")
except ClipcoreError as error:
    print(type(error).__name__, error)
"""


def test_offline_the_download_error_is_one_line(tmp_path: Path) -> None:
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HOME": str(tmp_path), "HF_HOME": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", OFFLINE], env=environment, capture_output=True, text=True, check=True
    )
    lines = result.stdout.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{DownloadError.__name__} cannot download ViT-B-32/openai")
    assert "'starter', which needs no download" in lines[0]
