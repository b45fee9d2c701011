"""load_encoder: from a name or a path to an Encoder. Imports torch only when torch is going to run."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from clipcore.bundle import MANIFEST, STARTER, WEIGHTS, Bundle
from clipcore.encoder import Encoder
from clipcore.errors import ClipcoreError
from clipcore.exports import Exports
from clipcore.preprocess import Preprocessing

if TYPE_CHECKING:
    from clipcore.model import Model
    from clipcore.open_clip_model import OpenClipModel
    from clipcore.weights import Weights

RuntimeName = Literal["torch", "onnx"]
Precision = Literal["auto", "fp32", "bf16", "int8"]
RUNTIMES = get_args(RuntimeName)
PRECISIONS = get_args(Precision)

_GPU_DRIVERS = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/dxg", "/dev/kfd")  # NVIDIA's, WSL's, AMD's
WEIGHTS_VARIABLE = "SIGHTLINE_WEIGHTS"  # the environment's name for `weights_folder`


def load_encoder(
    name_or_path: str | Path = "starter",
    architecture: str | None = None,
    device: str | None = None,
    runtime: RuntimeName | None = None,
    *,
    precision: Precision | None = None,
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
        runtime: "torch" or "onnx". Bundles run in "onnx", unless they hold weights too and "torch" is asked for.
            Weights run in "torch" where there is a GPU or a device is given, otherwise in "onnx", which exports them
            once into the user's cache: later loads import no torch.
        precision: "fp32"; "bf16" (torch); "int8" (onnx), whatever that costs in agreement; or "auto", the default:
            the fastest whose vectors agree with float32 on real pictures and captions, tower by tower
            (`clipcore.agreement`). torch on a CPU takes "fp32" for it. A bundle has the one it was exported in.
        vocabulary: the merges file a model was trained with, where that was not OpenAI's.
        weights_folder: looked in before any download, as `clipcore.weights` says; SIGHTLINE_WEIGHTS when None.

    Raises:
        ClipcoreError: there is no such encoder, or it is broken, or the runtime cannot run it; one line says which.
    """
    if runtime not in (None, *RUNTIMES):
        raise ClipcoreError(f"unknown runtime {runtime!r}: expected 'torch' or 'onnx'")
    if precision not in (None, *PRECISIONS):
        raise ClipcoreError(f"unknown precision {precision!r}: expected one of {', '.join(PRECISIONS)}")
    _check_precision(runtime, precision)
    path = STARTER if name_or_path == "starter" else Path(name_or_path).expanduser()
    if (path / MANIFEST).is_file() or name_or_path == "starter":
        return _load_bundle(path, device, runtime, precision)
    folder = weights_folder or os.environ.get(WEIGHTS_VARIABLE)
    merges = Path(vocabulary) if vocabulary else None
    chosen = _choose_runtime(device, runtime, precision)
    exports = Exports.of(name_or_path, architecture, merges, folder, precision or "auto")
    if chosen == "onnx" and (known := exports.find()):
        return _from_bundle(known)

    from clipcore.model import read_model
    from clipcore.open_clip_model import OpenClipModel
    from clipcore.weights import find_weights

    weights = find_weights(name_or_path, architecture, Path(folder) if folder else None)
    if isinstance(weights.model, OpenClipModel):
        if runtime == "onnx" or merges or precision not in (None, "auto", "fp32"):
            raise ClipcoreError(
                f"{weights.name} runs as open_clip builds it: in torch, in fp32, and with its own tokenizer only"
            )
        return _from_open_clip(weights, weights.model, device)
    model = read_model(weights, merges)
    return _in_torch(model, device, precision) if chosen == "torch" else _from_bundle(exports.make(model))


def _load_bundle(folder: Path, device: str | None, runtime: RuntimeName | None, precision: Precision | None) -> Encoder:
    """An exported encoder; in torch where it holds its weights beside the graphs."""
    bundle = Bundle.read(folder)
    if runtime != "torch":
        if precision not in (None, "auto", bundle.precision):
            raise ClipcoreError(f"{bundle.name} was exported in {bundle.precision}: export it again in {precision}")
        return _from_bundle(bundle)
    if not (folder / WEIGHTS).is_file():
        raise ClipcoreError(f"{bundle.name} is a bundle of ONNX graphs: runtime 'torch' cannot run it, 'onnx' can")
    from clipcore.model import read_bundled_model

    return _in_torch(read_bundled_model(bundle), device, precision)


def find_export(
    name_or_path: str | Path,
    architecture: str | None = None,
    runtime: RuntimeName | None = None,
    precision: Precision | None = None,
    weights_folder: Path | str | None = None,
) -> Bundle | None:
    """The earlier export that `load_encoder` would run; None where there is none, or torch would run the weights."""
    if _choose_runtime(None, runtime, precision) != "onnx":
        return None
    folder = weights_folder or os.environ.get(WEIGHTS_VARIABLE)
    return Exports.of(name_or_path, architecture, None, folder, precision or "auto").find()


def _check_precision(runtime: RuntimeName | None, precision: Precision | None) -> None:
    if runtime == "onnx" and precision == "bf16":
        raise ClipcoreError("precision 'bf16' needs runtime 'torch'; 'onnx' has 'fp32', 'int8' and 'auto'")
    if runtime == "torch" and precision == "int8":
        raise ClipcoreError("precision 'int8' needs runtime 'onnx'; 'torch' has 'fp32' and 'bf16'")


def _choose_runtime(device: str | None, runtime: RuntimeName | None, precision: Precision | None) -> RuntimeName:
    """What runs weights. Asks torch for a GPU only where the answer matters."""
    if runtime:
        return runtime
    if precision == "int8":
        return "onnx"
    return "torch" if device or precision == "bf16" or _gpu_is_there() else "onnx"


def _gpu_is_there() -> bool:
    """Whether torch can use one; no torch is imported where no driver is."""
    if sys.platform == "linux" and not any(map(os.path.exists, _GPU_DRIVERS)):
        return False
    import torch

    return torch.cuda.is_available()


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


def _in_torch(model: "Model", device: str | None, precision: Precision | None) -> Encoder:
    """One of the paper's architectures, on our own towers."""
    from clipcore.runtimes.torch_runtime import TorchPrecision, TorchRuntime, choose_torch_precision

    if precision == "fp32" or precision == "bf16":
        used: TorchPrecision = precision
    else:
        used = choose_torch_precision(model.clip, model.preprocessing, model.tokenizer, device)
    return Encoder(
        name=model.name,
        dim=model.clip.architecture.embed_dim,
        fingerprint=model.fingerprint(used),
        logit_scale=float(model.clip.logit_scale.exp()),
        preprocessing=model.preprocessing,
        tokenizer=model.tokenizer,
        runtime=TorchRuntime(model.clip, model.preprocessing, device, used),
    )


def _from_open_clip(weights: "Weights", model: "OpenClipModel", device: str | None) -> Encoder:
    """Any other model of open_clip's, on its own module."""
    from clipcore.checkpoints import sha256_of
    from clipcore.model import fingerprint
    from clipcore.runtimes.open_clip_runtime import OpenClipRuntime
    from clipcore.weights import resolve_preprocessing

    tokenizer = model.tokenizer()
    module: Any = model.build(weights.path)
    preprocessing = resolve_preprocessing(weights.preprocessing, model.image_size(module), Preprocessing())
    config = model.config | {"quick_gelu": model.quick_gelu}
    return Encoder(
        name=weights.name,
        dim=config["embed_dim"],
        fingerprint=fingerprint(config, preprocessing, sha256_of(weights.path), "", OpenClipRuntime.precision),
        logit_scale=float(module.logit_scale.exp()),
        logit_bias=None if module.logit_bias is None else float(module.logit_bias),
        preprocessing=preprocessing,
        tokenizer=tokenizer,
        runtime=OpenClipRuntime(module, preprocessing, device),
    )
