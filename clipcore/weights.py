"""From a name or a path to a weights file, and to what is known of it: its model and its preprocessing.

What can be named: a file; a folder as Hugging Face's hub lays it out; a repository of that hub, "hf-hub:ORG/NAME"; and
"ARCHITECTURE/TAG" of open_clip's registry. A folder of one's own is looked in before anything is downloaded:
FOLDER/ARCHITECTURE/TAG.safetensors (or .pt, .pth, .bin), and FOLDER/ORG/NAME for the hub's repositories.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clipcore.architectures import Architecture, from_open_clip_config
from clipcore.downloads import hub_file, required_hub_file
from clipcore.errors import ArchitectureError, CheckpointError, DownloadError
from clipcore.hugging_face import CONFIG
from clipcore.open_clip_model import OpenClipModel, find_model
from clipcore.preprocess import Preprocessing
from clipcore.registry import common_preprocessing, find_published, preprocessing_values

OPEN_CLIP_CONFIG = "open_clip_config.json"
HUB = "hf-hub:"
SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")
_FILES = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "model.safetensors",
    "open_clip_pytorch_model.bin",
    "pytorch_model.bin",
)
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


@dataclass(frozen=True)
class Weights:
    """A file, what people call it, and what stands beside it; None where only the file itself can tell."""

    path: Path
    name: str
    model: Architecture | OpenClipModel | None
    preprocessing: dict[str, Any]  # what is known of it; OpenAI's for the rest


def find_weights(name_or_path: str | Path, architecture: str | None, folder: Path | None) -> Weights:
    """The weights called `name_or_path`; `architecture`, when given, overrides what stands beside them.

    Raises:
        CheckpointError: there are none.
        DownloadError: they had to be downloaded and could not be.
        ArchitectureError: no such architecture.
    """
    name, path = str(name_or_path), Path(name_or_path).expanduser()
    chosen = find_model(architecture) if architecture else None
    if path.is_file():
        known = common_preprocessing(chosen.name) if isinstance(chosen, OpenClipModel) else {}
        return Weights(path, path.stem, chosen, known)
    if path.is_dir():
        return _in_folder(path, path.name, chosen)
    if name.startswith(HUB):
        return _in_folder(_hub_folder(name.removeprefix(HUB), folder), name, chosen)
    published = find_published(name)
    if published is None:
        raise CheckpointError(f"no encoder {name!r}: expected 'starter', a path, or a name like 'ViT-B-32/openai'")
    file = _in_own_folder(published.name, folder) or published.download()
    return Weights(file, name, chosen or published.model, published.preprocessing)


def _in_own_folder(name: str, folder: Path | None) -> Path | None:
    if folder is None:
        return None
    files = (folder.expanduser() / f"{name}{suffix}" for suffix in SUFFIXES)
    return next((file for file in files if file.is_file()), None)


def _in_folder(folder: Path, name: str, chosen: Architecture | OpenClipModel | None) -> Weights:
    """The weights in a folder that holds a model of the hub."""
    file = next((folder / known for known in _FILES if (folder / known).is_file()), None)
    if file is None:
        raise CheckpointError(
            f"{folder} is a folder without bundle.json and without weights: "
            f"expected an exported bundle, or a model as the hub keeps it ({', '.join(_FILES)})"
        )
    if not (folder / OPEN_CLIP_CONFIG).is_file():
        return Weights(file, name, chosen, {})
    try:
        config = json.loads((folder / OPEN_CLIP_CONFIG).read_text("utf-8"))
        model, preprocessing = config["model_cfg"], preprocessing_values(config.get("preprocess_cfg", {}))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"cannot read {folder / OPEN_CLIP_CONFIG}: {type(error).__name__}: {error}") from error
    return Weights(file, name, chosen or _model_of(model, folder), preprocessing)


def _model_of(config: dict[str, Any], folder: Path) -> Architecture | OpenClipModel:
    try:
        return from_open_clip_config(folder.name, config)
    except (ArchitectureError, KeyError, TypeError):  # not the paper's: open_clip reads the folder itself
        return OpenClipModel(f"local-dir:{folder}")


def _hub_folder(repo: str, folder: Path | None) -> Path:
    """The folder that holds a hub repository's configuration and weights: one's own, or the hub's cache."""
    if folder is not None and (folder.expanduser() / repo).is_dir():
        return folder.expanduser() / repo
    config = required_hub_file(repo, OPEN_CLIP_CONFIG, CONFIG)
    with suppress(DownloadError):  # what is not said there has defaults
        for name in ("preprocessor_config.json", *_TOKENIZER_FILES):
            hub_file(repo, name)
    required_hub_file(repo, *_FILES)
    return config.parent


def resolve_preprocessing(known: dict[str, Any], size: int, default: Preprocessing) -> Preprocessing:
    """What is known of a model's preprocessing, at `size` pixels, over `default`."""
    return Preprocessing.from_mapping(asdict(default) | known | {"size": size})
