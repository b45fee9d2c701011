"""Weights without a GPU: exported once into the cache, found again without torch, anew when they change."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from clipcore import ClipcoreError, load_encoder
from clipcore.checkpoints import save_clip
from clipcore.clip import CLIP
from clipcore.errors import BundleError
from clipcore.export import export_clip
from clipcore.exports import cache_folder
from clipcore.preprocess import Preprocessing
from clipcore.runtimes.torch_runtime import agrees_in_bf16, choose_torch_precision
from clipcore.tokenizer import BytePairTokenizer

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="weights run in torch where there is a GPU")


@pytest.fixture
def weights(small_clip: CLIP, tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    save_clip(small_clip, path)
    return path


def bundles() -> list[Path]:
    return [path for path in cache_folder().iterdir() if path.is_dir()]


def test_weights_are_exported_once(
    weights: Path, pictures: list[Image.Image], capsys: pytest.CaptureFixture[str]
) -> None:
    first = load_encoder(weights)
    assert "exporting weights for this machine, once" in capsys.readouterr().err
    again = load_encoder(weights)
    assert capsys.readouterr().err == ""
    assert first.fingerprint == again.fingerprint and len(bundles()) == 1
    exact = load_encoder(weights, device="cpu")
    assert exact.precision == "fp32" and exact.gives_features and not again.gives_features
    cosines = (again.encode_images(pictures) * exact.encode_images(pictures)).sum(axis=1)
    assert cosines.min() > 0.99


def test_changed_weights_are_exported_anew(weights: Path, small_clip: CLIP) -> None:
    before = load_encoder(weights, precision="fp32")
    with torch.no_grad():
        small_clip.visual.proj.add_(0.1)
    save_clip(small_clip, weights)
    os.utime(weights, ns=(1, 1))
    after = load_encoder(weights, precision="fp32")
    assert before.fingerprint != after.fingerprint and len(bundles()) == 2


def test_precisions_lie_side_by_side(weights: Path) -> None:
    fp32, int8 = load_encoder(weights, precision="fp32"), load_encoder(weights, precision="int8")
    assert (fp32.precision, int8.precision) == ("fp32", "image int8, text int8 by block")
    assert fp32.fingerprint != int8.fingerprint


def test_a_damaged_note_is_mended(weights: Path) -> None:
    before = load_encoder(weights, precision="fp32").fingerprint
    (note,) = cache_folder().glob("*.json")
    note.write_text("{")
    assert load_encoder(weights, precision="fp32").fingerprint == before
    assert '"bundle"' in note.read_text() and len(bundles()) == 1


def test_a_cache_that_cannot_be_written_is_one_line(weights: Path, own_home: Path) -> None:
    (own_home / "cache").write_text("a file where the folder would be")
    with pytest.raises(BundleError, match="cannot export weights into .*runtime 'torch' needs no export") as caught:
        load_encoder(weights)
    assert "\n" not in str(caught.value)
    assert load_encoder(weights, runtime="torch").precision == "fp32"


LIGHT = """
import sys
from clipcore import load_encoder
load_encoder(sys.argv[1]).encode_texts(["a cat"])
print(sorted({"torch", "open_clip", "torchvision", "transformers", "huggingface_hub"} & set(sys.modules)))
"""


def test_a_later_search_imports_no_torch(weights: Path) -> None:
    load_encoder(weights)
    command = [sys.executable, "-c", LIGHT, str(weights)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_whole_bundle_runs_in_torch_too(small_clip: CLIP, tmp_path: Path, pictures: list[Image.Image]) -> None:
    bundle = export_clip(small_clip, Preprocessing(size=64), tmp_path / "whole", "small", whole=True)
    card = (bundle.folder / "CARD.md").read_text()
    assert bundle.fingerprint in card and "small" in card
    graphs, in_torch = load_encoder(bundle.folder), load_encoder(bundle.folder, runtime="torch")
    assert in_torch.gives_features
    assert np.abs(graphs.encode_images(pictures) - in_torch.encode_images(pictures)).max() < 1e-4
    assert np.abs(graphs.encode_texts(["a cat"]) - in_torch.encode_texts(["a cat"])).max() < 1e-4


def test_weights_beside_a_graph_are_verified(small_clip: CLIP, tmp_path: Path) -> None:
    bundle = export_clip(small_clip, Preprocessing(size=64), tmp_path / "bundle", "small")
    data = bundle.folder / "text.onnx.data"
    content = bytearray(data.read_bytes())
    content[-1] ^= 1
    data.write_bytes(content)
    with pytest.raises(BundleError, match=r"text\.onnx\.data is not the file it was made with"):
        load_encoder(bundle.folder).encode_texts(["a cat"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"precision": "int4"}, "unknown precision 'int4'"),
        ({"runtime": "onnx", "precision": "bf16"}, "'bf16' needs runtime 'torch'"),
        ({"runtime": "torch", "precision": "int8"}, "'int8' needs runtime 'onnx'"),
    ],
)
def test_what_cannot_be_had(weights: Path, arguments: dict[str, str], says: str) -> None:
    with pytest.raises(ClipcoreError, match=says):
        load_encoder(weights, **arguments)  # type: ignore[arg-type]


def test_a_bundle_has_one_precision(small_bundle: Path) -> None:
    assert load_encoder(small_bundle, precision="fp32").precision == "fp32"
    with pytest.raises(ClipcoreError, match="was exported in fp32: export it again in int8"):
        load_encoder(small_bundle, precision="int8")


def test_bf16_is_near(weights: Path, pictures: list[Image.Image]) -> None:
    exact, near = load_encoder(weights, device="cpu"), load_encoder(weights, precision="bf16")
    assert near.precision == "bf16" and near.fingerprint != exact.fingerprint
    images = near.encode_images(pictures)
    assert images.dtype == np.float32
    assert np.linalg.norm(images, axis=1) == pytest.approx(1, abs=1e-5)
    cosines = (images * exact.encode_images(pictures)).sum(axis=1)
    assert 0.999 < cosines.min() < 0.999999


def test_bf16_is_measured_before_it_is_chosen(small_clip: CLIP) -> None:
    preprocessing, tokenizer = Preprocessing(size=64), BytePairTokenizer(77)
    assert choose_torch_precision(small_clip, preprocessing, tokenizer, "cpu") == "fp32"
    found = agrees_in_bf16(small_clip, preprocessing, tokenizer, "cpu")
    assert isinstance(found, bool)
    assert small_clip.logit_scale.dtype == torch.float32, "the model itself is left as it was"
    with torch.no_grad():  # what bf16 cannot hold: all pictures nearly alike
        small_clip.visual.class_embedding.mul_(1e4)
        small_clip.visual.positional_embedding.mul_(1e4)
    assert not agrees_in_bf16(small_clip, preprocessing, tokenizer, "cpu")
