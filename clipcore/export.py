"""A CLIP as a bundle: both towers as ONNX graphs, checked against torch before the bundle is accepted."""

import logging
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from torch import nn

from clipcore.accelerate import GraphPrecision, choose_image_graph, choose_text_graph
from clipcore.architectures import TextShape
from clipcore.bundle import DATA, MERGES, WEIGHTS, Bundle, TokenizerSpec, hash_files
from clipcore.checkpoints import save_clip
from clipcore.clip import CLIP
from clipcore.errors import BundleError
from clipcore.one_way import OneWay
from clipcore.preprocess import Preprocessing
from clipcore.runtimes.base import Runtime
from clipcore.runtimes.onnx_runtime import IMAGES_AT_ONCE, TEXTS_AT_ONCE, Graph
from clipcore.runtimes.torch_runtime import NormalisedImageTower, TorchRuntime
from clipcore.tokenizer import BytePairTokenizer

_log = logging.getLogger(__name__)

OPSET = 18
TOLERANCE = 1e-4  # largest difference of a feature between torch and the exported graphs, both float32


def export_clip(
    clip: CLIP,
    preprocessing: Preprocessing,
    folder: Path,
    name: str,
    merges: Path | None = None,
    *,
    precision: GraphPrecision = "fp32",
    whole: bool = False,
) -> Bundle:
    """Writes a bundle into `folder`, whole or not at all; with its vocabulary where that is not OpenAI's.

    Args:
        precision: "fp32"; "int8", whatever that costs in agreement; "auto" for what `clipcore.accelerate` chooses.
        whole: with the weights as safetensors, which torch can go on from, and a card for people.

    Raises:
        BundleError: the folder exists, or the graphs do not agree with torch.
    """
    if folder.exists():
        raise BundleError(f"{folder} exists already: choose another folder, or remove it first")
    folder.parent.mkdir(parents=True, exist_ok=True)
    clip = clip.cpu().eval()
    text = clip.architecture.text
    spec = TokenizerSpec(MERGES if merges else "clip-bpe", text.context_length)
    with TemporaryDirectory(dir=folder.parent, prefix=".exporting-") as temporary:
        work = Path(temporary) / "bundle"
        work.mkdir()
        _write_graphs(clip, preprocessing, work)
        if merges is not None:
            shutil.copy(merges, work / MERGES)
        _check_agreement(work, TorchRuntime(clip, preprocessing, "cpu"), preprocessing, text)
        image = choose_image_graph(work / "image.onnx", preprocessing, precision)
        tokenizer = BytePairTokenizer(text.context_length, merges)
        chosen = choose_text_graph(work / "text.onnx", tokenizer, precision)
        for graph in ("image.onnx", "text.onnx"):
            _move_weights_out(work / graph)
        bundle = Bundle(
            folder=work,
            name=name,
            dim=clip.architecture.embed_dim,
            logit_scale=float(clip.logit_scale.exp()),
            precision=f"image {image.precision}, text {chosen.precision}" if precision != "fp32" else "fp32",
            preprocessing=preprocessing,
            tokenizer=spec,
            sha256=hash_files(work),
            one_picture_a_run=image.one_a_run,
        )
        bundle.write()
        for line in (*image.tried, *chosen.tried):
            _log.info("%s: %s", name, line)
        if whole:
            save_clip(clip, work / WEIGHTS)
            (work / "CARD.md").write_text(_card(bundle, clip, (*image.tried, *chosen.tried)), "utf-8")
        for file in work.iterdir():
            file.chmod(0o644)
        work.rename(folder)
    return Bundle.read(folder)


def _write_graphs(clip: CLIP, preprocessing: Preprocessing, folder: Path) -> None:
    example = torch.zeros(2, preprocessing.size, preprocessing.size, 3, dtype=torch.uint8)
    write_graph(NormalisedImageTower(clip, preprocessing), example, folder / "image.onnx", "pixels", {0: "n"})
    tokens = torch.ones(2, clip.architecture.text.context_length, dtype=torch.int64)
    write_graph(OneWay(clip, CLIP.encode_text), tokens, folder / "text.onnx", "tokens", {0: "n", 1: "length"})


def _move_weights_out(path: Path) -> None:
    """Puts a graph's weights into a file beside it, which is mapped, not read: half the memory at load."""
    model = onnx.load(path)
    path.unlink()
    onnx.save(model, path, save_as_external_data=True, location=path.name + DATA, size_threshold=4096)


def _card(bundle: Bundle, clip: CLIP, tried: Sequence[str]) -> str:
    """What somebody who finds the folder wants to know."""
    parameters = sum(p.numel() for p in clip.parameters())
    checks = (
        "".join(f"- {line}\n" for line in tried) or "- float32 graphs, compared with torch; nothing else was tried\n"
    )
    return (
        f"# {bundle.name}\n\n{clip.architecture.name}, {parameters:,} parameters, {bundle.dim} dimensions. "
        f"Precision: {bundle.precision}. Fingerprint: {bundle.fingerprint}.\n\n"
        "The terms of the weights it was exported from hold for it.\n\n"
        f"## How its graphs were chosen\n{checks}\n"
        f'## Use\n`clipcore.load_encoder("{bundle.name}")` where this folder lies at that path, '
        f"or `sightline --encoder FOLDER index ~/Pictures`.\n"
    )


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


def _check_agreement(folder: Path, source: Runtime, preprocessing: Preprocessing, text: TextShape) -> None:
    """Raises a BundleError where the float32 graphs in `folder` do not give what torch does."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3, preprocessing.size, preprocessing.size, 3), dtype=np.uint8)
    tokens = rng.integers(1, text.vocab_size - 1, (3, text.context_length - 5))
    tokens[:, -1] = text.vocab_size - 1
    for kind, given, wanted in (
        ("image", Graph(folder / "image.onnx", IMAGES_AT_ONCE).run(pixels), source.encode_pixels(pixels)),
        ("text", Graph(folder / "text.onnx", TEXTS_AT_ONCE).run(tokens), source.encode_tokens(tokens)),
    ):
        difference = float(np.abs(given - wanted).max())
        if not difference <= TOLERANCE:
            raise BundleError(f"the exported {kind} graph is {difference:.2g} off torch (allowed: {TOLERANCE:.0e})")
