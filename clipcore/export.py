"""A CLIP as a bundle: both towers as ONNX graphs, checked against torch before the bundle is accepted."""

import shutil
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import nn

from clipcore.bundle import MERGES, Bundle, TokenizerSpec, hash_files
from clipcore.clip import CLIP
from clipcore.errors import BundleError
from clipcore.preprocess import Preprocessing
from clipcore.runtimes.base import Runtime
from clipcore.runtimes.onnx_runtime import OnnxRuntime
from clipcore.runtimes.torch_runtime import NormalisedImageTower, TorchRuntime

OPSET = 18
TOLERANCE = 1e-4  # largest difference of a feature between torch and the exported graphs, both float32


def export_clip(
    clip: CLIP, preprocessing: Preprocessing, folder: Path, name: str, merges: Path | None = None
) -> Bundle:
    """Writes a float32 bundle into `folder`, whole or not at all; with its vocabulary where that is not OpenAI's.

    Raises:
        BundleError: the folder exists, or the graphs do not agree with torch.
    """
    if folder.exists():
        raise BundleError(f"{folder} exists already: choose another folder, or remove it first")
    folder.parent.mkdir(parents=True, exist_ok=True)
    clip = clip.cpu().eval()
    text = clip.architecture.text
    with TemporaryDirectory(dir=folder.parent, prefix=".exporting-") as temporary:
        work = Path(temporary) / "bundle"
        work.mkdir()
        example = torch.zeros(2, preprocessing.size, preprocessing.size, 3, dtype=torch.uint8)
        write_graph(NormalisedImageTower(clip, preprocessing), example, work / "image.onnx", "pixels", {0: "n"})
        tokens = torch.ones(2, text.context_length, dtype=torch.int64)
        write_graph(_TextTower(clip), tokens, work / "text.onnx", "tokens", {0: "n", 1: "length"})
        if merges is not None:
            shutil.copy(merges, work / MERGES)
        bundle = Bundle(
            folder=work,
            name=name,
            dim=clip.architecture.embed_dim,
            logit_scale=float(clip.logit_scale.exp()),
            precision="fp32",
            preprocessing=preprocessing,
            tokenizer=TokenizerSpec(MERGES if merges else "clip-bpe", text.context_length),
            sha256=hash_files(work),
        )
        bundle.write()
        _check_agreement(OnnxRuntime(bundle), TorchRuntime(clip, preprocessing, "cpu"), bundle, text.vocab_size)
        work.rename(folder)
    return Bundle.read(folder)


def write_graph(module: nn.Module, example: torch.Tensor, path: Path, input_name: str, dynamic: dict[int, str]) -> None:
    """One tower as ONNX: one input, one output called "vectors", the axes in `dynamic` free."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            (example,),
            path,
            input_names=[input_name],
            output_names=["vectors"],
            dynamic_axes={input_name: dynamic, "vectors": {0: "n"}},
            opset_version=OPSET,
            dynamo=False,  # the newer exporter fixes the batch size of both towers' reshapes
        )


class _TextTower(nn.Module):
    def __init__(self, clip: CLIP) -> None:
        super().__init__()
        self.clip = clip

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.clip.encode_text(tokens)


def _check_agreement(exported: Runtime, source: Runtime, bundle: Bundle, vocab_size: int) -> None:
    rng = np.random.default_rng(0)
    size = bundle.preprocessing.size
    pixels = rng.integers(0, 256, (3, size, size, 3), dtype=np.uint8)
    tokens = rng.integers(1, vocab_size - 1, (3, bundle.tokenizer.context_length - 5))
    tokens[:, -1] = vocab_size - 1
    for kind, given, wanted in (
        ("image", exported.encode_pixels(pixels), source.encode_pixels(pixels)),
        ("text", exported.encode_tokens(tokens), source.encode_tokens(tokens)),
    ):
        difference = float(np.abs(given - wanted).max())
        if not difference <= TOLERANCE:
            raise BundleError(f"the exported {kind} graph is {difference:.2g} off torch (allowed: {TOLERANCE:.0e})")
