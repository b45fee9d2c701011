"""open_clip's registry of weights, "ViT-B-32/laion2b_s34b_b79k": which model, how it sees, where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from clipcore.architectures import Architecture
from clipcore.downloads import fetch, required_hub_file
from clipcore.errors import CheckpointError, DownloadError
from clipcore.open_clip_model import OpenClipModel, find_model
from clipcore.thirdparty import import_open_clip

HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")  # as open_clip calls its weights there
_PREPROCESSING = {"mean": "mean", "std": "std", "interpolation": "interpolation", "resize_mode": "resize"}


@dataclass(frozen=True)
class Published:
    """One entry of the registry: its model, how it was trained to see, and where it comes from."""

    name: str
    model: Architecture | OpenClipModel
    preprocessing: dict[str, Any]
    config: Mapping[str, Any]  # open_clip's: "hf_hub" and "url" among others

    def download(self) -> Path:
        """The file of its weights, verified, from the cache when it is there: the hub's, or by its URL.

        Raises:
            DownloadError: it is not there and cannot be fetched.
        """
        try:
            return self._from_hub() if self.config.get("hf_hub") else self._from_url()
        except DownloadError as error:
            raise DownloadError(
                f"cannot download {self.name}: {error}; give a weights file by its path, "
                "or use 'starter', which needs no download"
            ) from error

    def _from_hub(self) -> Path:
        repo, _, name = str(self.config["hf_hub"]).rpartition("/")
        return required_hub_file(repo, *([name] if name else HUB_FILES))

    def _from_url(self) -> Path:
        url = str(self.config["url"])
        return fetch(url, platformdirs.user_cache_path("sightline") / "weights", promised_hash(url))


def promised_hash(url: str) -> str:
    """The beginning of the SHA-256 that a registry's URL names; empty when it names none.

    OpenAI's URLs have the whole of it as a folder, open_clip's releases the first digits before the suffix.
    """
    parts = url.split("/")
    if "openaipublic" in url:
        return parts[-2]
    return parts[-1].rpartition(".")[0].rpartition("-")[2] if "mlfoundations" in url else ""


def find_published(name: str) -> Published | None:
    """The registry's entry for "ARCHITECTURE/TAG", None when it has none.

    Raises:
        CheckpointError: the architecture is there but not the tag.
    """
    base, separator, tag = name.partition("/")
    pretrained = import_open_clip().pretrained if separator else None
    if pretrained is None or not pretrained.list_pretrained_tags_by_model(base):
        return None
    config = pretrained.get_pretrained_cfg(base, tag)
    if not config:
        tags = ", ".join(pretrained.list_pretrained_tags_by_model(base))
        raise CheckpointError(f"{base} has no weights called {tag!r}: expected one of {tags}")
    model = find_model(base)
    if config.get("quick_gelu") and isinstance(model, OpenClipModel):
        model = OpenClipModel(base, quick_gelu=True)
    elif config.get("quick_gelu") and not base.endswith("-quickgelu"):
        model = find_model(f"{base}-quickgelu")
    return Published(name, model, preprocessing_values(config), config)


def preprocessing_values(config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `Preprocessing` that an open_clip configuration of it gives, but for the size."""
    return {ours: config[theirs] for theirs, ours in _PREPROCESSING.items() if config.get(theirs) is not None}


def common_preprocessing(architecture: str) -> dict[str, Any]:
    """What all the registry's weights of one architecture share: a file of it was very likely made the same way."""
    pretrained = import_open_clip().pretrained
    tags = pretrained.list_pretrained_tags_by_model(architecture)
    found = [preprocessing_values(pretrained.get_pretrained_cfg(architecture, tag)) for tag in tags]
    return found[0] if found and all(values == found[0] for values in found) else {}
