"""A locked-tower run as a bundle: both towers as ONNX graphs, quantised, and checked against torch."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image

from clipcore.bundle import Bundle, TokenizerSpec, hash_files
from clipcore.errors import BundleError
from clipcore.export import write_graph
from clipcore.locked_pair import LockedPair
from clipcore.one_way import OneWay
from clipcore.preprocess import Pixels
from clipcore.quantize import quantize_image_graph
from clipcore.quantize_rows import quantize_by_row
from clipcore.runtimes.base import Vectors
from clipcore.runtimes.onnx_runtime import OnnxRuntime
from clipcore.towers.borrowed import PREPROCESSING, tokenizer_file
from clipcore.training.features import FromBytes
from clipcore.training.state import load_run

SMALLEST_COSINE = {"text": 0.995, "image": 0.98}  # of the exported vectors to torch's, on average
CHECKED_TEXTS = ("a cat", "two children play in the snow", "an old map of the city, drawn by hand, with its harbour")


def export_run(run: Path, folder: Path, name: str) -> Bundle:
    """Writes the encoder that the run in `run` trained as a bundle into `folder`, whole or not at all.

    Raises:
        TrainingError: `run` is no whole run.
        BundleError: the folder exists, or the graphs do not agree with torch.
    """
    if folder.exists():
        raise BundleError(f"{folder} exists already: choose another folder, or remove it first")
    model, recipe = load_run(run)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=".exporting-") as temporary:
        work = Path(temporary) / "bundle"
        work.mkdir()
        write_image_graph(model, work / "image.onnx")
        write_text_graph(model, work / "text.onnx")
        shutil.copyfile(tokenizer_file(), work / "tokenizer.json")
        bundle = Bundle(
            folder=work,
            name=name,
            dim=model.shape.embed_dim,
            logit_scale=float(model.logit_factor),
            precision="image fp32 from int8 weights, text int8",
            preprocessing=PREPROCESSING,
            tokenizer=TokenizerSpec("tokenizer.json", recipe.context_length, model.text_tower.pad),
            sha256=hash_files(work),
        )
        bundle.write()
        check_agreement(bundle, model)
        work.rename(folder)
    return Bundle.read(folder)


def write_image_graph(model: LockedPair, path: Path) -> None:
    """image.onnx: uint8 "pixels" (n, size, size, 3) to "vectors"."""
    size = PREPROCESSING.size
    example = torch.zeros(2, size, size, 3, dtype=torch.uint8)
    exact = path.with_suffix(".exact")
    write_graph(FromBytes(OneWay(model, LockedPair.encode_image), PREPROCESSING), example, exact, "pixels", {0: "n"})
    quantize_image_graph(exact, path)
    exact.unlink()


def write_text_graph(model: LockedPair, path: Path) -> None:
    """text.onnx: int64 "tokens" (n, length), padded, to "vectors"."""
    exact = path.with_suffix(".exact")
    write_graph(
        OneWay(model, LockedPair.encode_text),
        torch.ones(2, 9, dtype=torch.int64),
        exact,
        "tokens",
        {0: "n", 1: "length"},
    )
    quantize_by_row(exact, path)
    exact.unlink()


def check_agreement(bundle: Bundle, model: LockedPair) -> None:
    """Raises a BundleError where the bundle's vectors have left those of `model`."""
    runtime = OnnxRuntime(bundle)
    tokenizer = bundle.tokenizer.load(bundle)
    tokens = tokenizer(CHECKED_TEXTS)
    pixels = _blurred_noise(PREPROCESSING.size)
    with torch.inference_mode():
        texts = model.encode_text(torch.from_numpy(tokens)).numpy()
        images = FromBytes(OneWay(model, LockedPair.encode_image), PREPROCESSING)(torch.from_numpy(pixels)).numpy()
    _demand("text", runtime.encode_tokens(tokens), texts)
    _demand("image", runtime.encode_pixels(pixels), images)


def _demand(kind: str, given: Vectors, wanted: Vectors) -> None:
    smallest = SMALLEST_COSINE[kind]
    cosine = float((given * wanted).sum(axis=1).mean())
    if not cosine >= smallest:
        raise BundleError(
            f"the exported {kind} graph agrees with torch to a cosine of {cosine:.4f} (at least {smallest})"
        )


def _blurred_noise(size: int) -> Pixels:
    """Eight pictures with structure at several scales, uint8 (8, size, size, 3)."""
    rng = np.random.default_rng(0)
    coarse = [
        Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)) for side in (2, 3, 5, 8, 13, 34, 65, 260)
    ]
    return np.stack([np.asarray(image.resize((size, size), Image.Resampling.BICUBIC)) for image in coarse])
