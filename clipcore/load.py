"""load_encoder: from a name or a path to an Encoder. Imports torch only when torch is going to run."""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import platformdirs

from clipcore.bundle import MANIFEST, STARTER, Bundle
from clipcore.encoder import Encoder
from clipcore.errors import ClipcoreError, TokenizerError
from clipcore.preprocess import Preprocessing

if TYPE_CHECKING:
    from clipcore.clip import CLIP
    from clipcore.open_clip_model import OpenClipModel
    from clipcore.tokenizer import BytePairTokenizer
    from clipcore.weights import Weights

RuntimeName = Literal["torch", "onnx"]

WEIGHTS_VARIABLE = "SIGHTLINE_WEIGHTS"  # the environment's name for `weights_folder`


def load_encoder(
    name_or_path: str | Path = "starter",
    architecture: str | None = None,
    device: str | None = None,
    runtime: RuntimeName | None = None,
    *,
    vocabulary: Path | str | None = None,
    weights_folder: Path | str | None = None,
) -> Encoder:
    """The encoder called `name_or_path`.

    Args:
        name_or_path: "starter" (embedded, needs no download); the folder of an exported bundle; a weights file in
            OpenAI's, OpenCLIP's or Hugging Face's layout, or a folder with one and its configuration; a name from
            open_clip's registry, "ViT-B-32/laion2b_s34b_b79k", or of the hub, "hf-hub:ORG/NAME", downloaded once.
        architecture: as open_clip spells it ("ViT-B-32-quickgelu"); needed where a file does not say its own.
        device: "cpu" or "cuda", for the torch runtime; the best there is when None.
        runtime: "torch" or "onnx". Bundles run in "onnx"; weights run in "torch" unless "onnx" is asked for, which
            exports them once into the user's cache.
        vocabulary: the merges file a model was trained with, where that was not OpenAI's.
        weights_folder: looked in before any download, as `clipcore.weights` says; SIGHTLINE_WEIGHTS when None.

    Raises:
        ClipcoreError: there is no such encoder, or it is broken, or the runtime cannot run it; one line says which.
    """
    if runtime not in (None, "torch", "onnx"):
        raise ClipcoreError(f"unknown runtime {runtime!r}: expected 'torch' or 'onnx'")
    path = STARTER if name_or_path == "starter" else Path(name_or_path).expanduser()
    if (path / MANIFEST).is_file() or name_or_path == "starter":
        if runtime == "torch":
            raise ClipcoreError(f"{name_or_path} is a bundle of ONNX graphs: runtime 'torch' cannot run it, 'onnx' can")
        return _from_bundle(Bundle.read(path))

    from clipcore.open_clip_model import OpenClipModel
    from clipcore.weights import find_weights

    folder = weights_folder or os.environ.get(WEIGHTS_VARIABLE)
    weights = find_weights(name_or_path, architecture, Path(folder) if folder else None)
    merges = Path(vocabulary) if vocabulary else None
    if isinstance(weights.model, OpenClipModel):
        if runtime == "onnx" or merges:
            raise ClipcoreError(f"{weights.name} runs as open_clip builds it: in torch and with its own tokenizer only")
        return _from_open_clip(weights, weights.model, device)
    return _from_weights(weights, merges, device, runtime)


def _from_bundle(bundle: Bundle) -> Encoder:
    from clipcore.runtimes.onnx_runtime import OnnxRuntime

    return Encoder(
        name=bundle.name,
        dim=bundle.dim,
        fingerprint=bundle.fingerprint,
        logit_scale=bundle.logit_scale,
        preprocessing=bundle.preprocessing,
        tokenizer=bundle.tokenizer.load(bundle),
        runtime=OnnxRuntime(bundle),
    )


def _from_weights(weights: "Weights", merges: Path | None, device: str | None, runtime: RuntimeName | None) -> Encoder:
    """The paper's architectures, on our own towers."""
    from clipcore.architectures import Architecture
    from clipcore.checkpoints import load_clip
    from clipcore.hugging_face import preprocessing_beside
    from clipcore.runtimes.torch_runtime import TorchRuntime
    from clipcore.weights import resolve_preprocessing

    chosen = weights.model if isinstance(weights.model, Architecture) else None
    clip, checkpoint = load_clip(weights.path, chosen)
    shape = clip.architecture
    size = shape.vision.image_size
    preprocessing = resolve_preprocessing(weights.preprocessing, size, preprocessing_beside(weights.path, size))
    tokenizer = _fitting_tokenizer(clip, merges)
    fingerprint = _fingerprint(
        asdict(shape), preprocessing, checkpoint.sha256, tokenizer.sha256, TorchRuntime.precision
    )
    if runtime == "onnx":
        return _from_bundle(_exported_once(clip, preprocessing, weights.name, fingerprint, merges))
    return Encoder(
        name=weights.name,
        dim=shape.embed_dim,
        fingerprint=fingerprint,
        logit_scale=float(clip.logit_scale.exp()),
        preprocessing=preprocessing,
        tokenizer=tokenizer,
        runtime=TorchRuntime(clip, preprocessing, device),
    )


def _from_open_clip(weights: "Weights", model: "OpenClipModel", device: str | None) -> Encoder:
    """Any other model of open_clip's, on its own module."""
    from clipcore.checkpoints import sha256_of
    from clipcore.runtimes.open_clip_runtime import OpenClipRuntime
    from clipcore.weights import resolve_preprocessing

    tokenizer = model.tokenizer()
    module: Any = model.build(weights.path)
    preprocessing = resolve_preprocessing(weights.preprocessing, model.image_size(module), Preprocessing())
    config = model.config | {"quick_gelu": model.quick_gelu}
    return Encoder(
        name=weights.name,
        dim=config["embed_dim"],
        fingerprint=_fingerprint(config, preprocessing, sha256_of(weights.path), "", OpenClipRuntime.precision),
        logit_scale=float(module.logit_scale.exp()),
        logit_bias=None if module.logit_bias is None else float(module.logit_bias),
        preprocessing=preprocessing,
        tokenizer=tokenizer,
        runtime=OpenClipRuntime(module, preprocessing, device),
    )


def _fitting_tokenizer(clip: "CLIP", merges: Path | None) -> "BytePairTokenizer":
    from clipcore.tokenizer import BytePairTokenizer

    text = clip.architecture.text
    tokenizer = BytePairTokenizer(text.context_length, merges)
    if tokenizer.vocab_size != text.vocab_size:
        given = merges or "the published vocabulary"
        raise TokenizerError(
            f"{clip.architecture.name} expects {text.vocab_size} token numbers and {given} has {tokenizer.vocab_size}: "
            f"pass vocabulary=, the merges file that the model was trained with"
        )
    return tokenizer


def _fingerprint(shape: Any, preprocessing: Preprocessing, weights: str, tokenizer: str, precision: str) -> str:
    identity = [shape, asdict(preprocessing), weights, tokenizer, precision]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def _exported_once(
    clip: "CLIP", preprocessing: Preprocessing, name: str, fingerprint: str, merges: Path | None
) -> Bundle:
    from clipcore.export import export_clip

    folder = platformdirs.user_cache_path("sightline") / "exported" / fingerprint
    if (folder / MANIFEST).is_file():
        return Bundle.read(folder)
    return export_clip(clip, preprocessing, folder, name, merges)
