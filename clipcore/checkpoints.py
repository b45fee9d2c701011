"""Weights on disk: every published layout in (`clipcore.layouts`), safetensors out, nothing executed on the way.

Read: ``.safetensors``; pickled state dicts (``torch.load`` with ``weights_only=True``), bare or under ``state_dict`` as
OpenCLIP's trainer saves them. Refused: TorchScript archives, which are programs.
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from clipcore.architectures import Architecture, architecture_names, get_architecture
from clipcore.clip import CLIP
from clipcore.errors import ArchitectureError, CheckpointError
from clipcore.hugging_face import architecture_beside
from clipcore.layouts import StateDict, fit_positions, is_hugging_face, to_clip_names

_ARCHITECTURE = "architecture"  # the keys in our safetensors files' metadata: its name,
_SHAPE = "shape"  # and all of it as JSON


@dataclass(frozen=True)
class Checkpoint:
    """A state dict in CLIP's names, its architecture (None when neither file nor caller says), and its file's hash."""

    state_dict: StateDict
    architecture: Architecture | None
    sha256: str


def read_checkpoint(path: Path, architecture: Architecture | None = None) -> Checkpoint:
    """The weights in a file, in the parameter names of `clipcore.clip.CLIP`, in the file's own precision.

    Without `architecture`, it is what the file's metadata, or a config.json beside Hugging Face's layout, says.

    Raises:
        CheckpointError: no such file, cut short, a TorchScript archive, or anything but a state dict.
    """
    if not path.is_file():
        raise CheckpointError(f"no such weights file: {path}")
    metadata: Mapping[str, str] = {}
    if path.suffix == ".safetensors":
        state_dict, metadata = _read_safetensors(path)
    else:
        state_dict = _read_pickle(path)
    architecture = architecture or _from_metadata(metadata, path)
    if architecture is None and is_hugging_face(state_dict):
        architecture = architecture_beside(path)
    try:
        return Checkpoint(to_clip_names(state_dict), architecture, sha256_of(path))
    except CheckpointError as error:
        raise CheckpointError(f"{path} {error}") from error


def sha256_of(path: Path) -> str:
    """The hex SHA-256 of a file's bytes; of a file that has not changed it is taken once a process."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@cache
def _sha256(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_clip(path: Path, architecture: Architecture | None = None) -> tuple[CLIP, Checkpoint]:
    """A CLIP in evaluation mode, float32, with the weights in `path`.

    Raises:
        CheckpointError: as `read_checkpoint`; or the file does not say its architecture and none is given; or it does
            not fit the one it has.
    """
    checkpoint = read_checkpoint(path, architecture)
    architecture = checkpoint.architecture
    if architecture is None:
        raise CheckpointError(
            f"{path} does not say its architecture, and a state dict cannot tell its activation: "
            f"pass architecture=, as open_clip spells it ({_shape_in_words(checkpoint.state_dict)})"
        )
    with torch.device("meta"):  # no time spent on initial values that are replaced at once
        clip = CLIP(architecture)
    try:
        state_dict = fit_positions(checkpoint.state_dict, architecture)
        clip.load_state_dict({k: v.float() for k, v in state_dict.items()}, strict=True, assign=True)
    except (RuntimeError, CheckpointError) as error:
        first = " ".join(str(error).split())[:300]
        raise CheckpointError(f"{path} does not fit {architecture.name}: {first}") from error
    return clip.eval().requires_grad_(False), checkpoint


def save_clip(clip: CLIP, path: Path) -> None:
    """Writes safetensors in the published parameter names, with the whole architecture in the metadata."""
    state_dict = {name.removeprefix("text."): tensor.contiguous() for name, tensor in clip.state_dict().items()}
    metadata = {_ARCHITECTURE: clip.architecture.name, _SHAPE: json.dumps(asdict(clip.architecture))}
    save_file(state_dict, path, metadata=metadata)


def _read_safetensors(path: Path) -> tuple[StateDict, Mapping[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except SafetensorError as error:
        raise CheckpointError(f"{path} is not a whole safetensors file: {error}") from error


def _from_metadata(metadata: Mapping[str, str], path: Path) -> Architecture | None:
    if _SHAPE not in metadata:
        return get_architecture(metadata[_ARCHITECTURE]) if _ARCHITECTURE in metadata else None
    try:
        return Architecture.from_mapping(json.loads(metadata[_SHAPE]))
    except (ValueError, ArchitectureError) as error:
        raise CheckpointError(f"{path} does not say its architecture in a way clipcore reads: {error}") from error


def _read_pickle(path: Path) -> StateDict:
    refuse_torchscript(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of what is no pickle, torch makes whatever its bytes happen to mean
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise CheckpointError(f"{path} is cut short, or holds more than tensors: {reason}") from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not all(isinstance(v, Tensor) for v in content.values()):
        raise CheckpointError(f"{path} holds no state dict: expected names to tensors, or those under 'state_dict'")
    return dict(content)


def refuse_torchscript(path: Path) -> None:
    """Raises CheckpointError, with the command that converts it, when the file is a TorchScript archive."""
    if _is_torchscript(path):
        raise CheckpointError(
            f"{path} is a TorchScript archive, which is a program; where you trust it, convert it once: "
            f"python -c \"import torch; torch.save(torch.jit.load({str(path)!r}, map_location='cpu').state_dict(), "
            f'{str(path.with_suffix(".state.pt"))!r})"'
        )


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("constants.pkl") for name in archive.namelist())


def _shape_in_words(state_dict: StateDict) -> str:
    """What can be told: "ViT-B-32 or ViT-B-32-quickgelu; OpenAI's own weights are -quickgelu"."""
    shapes = {name: tensor.shape for name, tensor in state_dict.items() if name.startswith("visual.")}
    names = [name for name in architecture_names() if _image_tower_shapes(name) == shapes]
    if names:
        return f"its shapes fit {' or '.join(names)}; OpenAI's own weights are -quickgelu"
    return "its shapes fit none that clipcore knows by name"


@cache
def _image_tower_shapes(name: str) -> dict[str, torch.Size]:
    with torch.device("meta"):
        tower = CLIP(get_architecture(name)).visual
    return {f"visual.{key}": tensor.shape for key, tensor in tower.state_dict().items()}
