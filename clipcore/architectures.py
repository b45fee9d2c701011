"""The shapes of CLIP: one frozen dataclass a tower, and where the named sizes come from.

The nine published sizes are a table here (Radford et al., arXiv:2103.00020, appendix F, tables 19 and 20). Every other
plain ViT or ResNet that open_clip names is read from the JSON files inside the installed open-clip-torch package,
without importing it. Names are spelt as open_clip spells them; ``-quickgelu`` marks the activation OpenAI trained with.
"""

import importlib.util
import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from clipcore.errors import ArchitectureError

Activation = Literal["gelu", "quickgelu"]


@dataclass(frozen=True)
class ViTShape:
    """A Vision Transformer: sizes in pixels, widths in features."""

    image_size: int
    patch_size: int
    width: int
    layers: int
    heads: int
    mlp_width: int

    @property
    def patches(self) -> int:
        return (self.image_size // self.patch_size) ** 2


@dataclass(frozen=True)
class ResNetShape:
    """A ModifiedResNet: size in pixels, features after the stem, bottlenecks in each of the four stages."""

    image_size: int
    width: int
    layers: tuple[int, int, int, int]

    @property
    def heads(self) -> int:
        """Of the attention pool: 64 features each."""
        return self.width * 32 // 64


@dataclass(frozen=True)
class TextShape:
    """A text Transformer over byte-level BPE tokens."""

    width: int
    layers: int
    heads: int
    context_length: int = 77  # section 2.4 says 76; every published checkpoint has 77 positions
    vocab_size: int = 49_408  # 256 bytes, the same 256 ending a word, 48,894 merges, start and end (the paper: 49,152)

    @property
    def mlp_width(self) -> int:
        return 4 * self.width


@dataclass(frozen=True)
class Architecture:
    """A whole CLIP: two towers, the width of the space they share, and the activation inside both."""

    name: str
    embed_dim: int
    vision: ViTShape | ResNetShape
    text: TextShape
    activation: Activation

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> "Architecture":
        """From the JSON of `dataclasses.asdict`, as our own weights files carry it.

        Raises:
            ArchitectureError: it is not that.
        """
        try:
            vision = dict(values["vision"])
            tower = ViTShape(**vision) if "patch_size" in vision else ResNetShape(**_with_tuples(vision))
            return cls(**{**values, "vision": tower, "text": TextShape(**values["text"])})
        except (KeyError, TypeError, ValueError) as error:
            raise ArchitectureError(f"not an architecture: {type(error).__name__}: {error}") from error


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def _resnet(
    name: str, embed_dim: int, image_size: int, width: int, layers: tuple[int, int, int, int], text: tuple[int, int]
) -> Architecture:
    return Architecture(
        name, embed_dim, ResNetShape(image_size, width, layers), TextShape(text[0], 12, text[1]), "gelu"
    )


def _vit(
    name: str, embed_dim: int, image: tuple[int, int], vision: tuple[int, int, int], text: tuple[int, int]
) -> Architecture:
    width, layers, heads = vision
    shape = ViTShape(*image, width, layers, heads, mlp_width=4 * width)
    return Architecture(name, embed_dim, shape, TextShape(text[0], 12, text[1]), "gelu")


PUBLISHED = {
    a.name: a
    for a in (
        # Appendix F, table 19: embedding, resolution, width, blocks of the stages, text (width, heads)
        _resnet("RN50", 1024, 224, 64, (3, 4, 6, 3), (512, 8)),
        _resnet("RN101", 512, 224, 64, (3, 4, 23, 3), (512, 8)),
        _resnet("RN50x4", 640, 288, 80, (4, 6, 10, 6), (640, 10)),
        _resnet("RN50x16", 768, 384, 96, (6, 8, 18, 8), (768, 12)),
        _resnet("RN50x64", 1024, 448, 128, (3, 15, 36, 10), (1024, 16)),
        # Appendix F, table 20: embedding, (resolution, patch), vision (width, layers, heads), text (width, heads)
        _vit("ViT-B-32", 512, (224, 32), (768, 12, 12), (512, 8)),
        _vit("ViT-B-16", 512, (224, 16), (768, 12, 12), (512, 8)),
        _vit("ViT-L-14", 768, (224, 14), (1024, 24, 16), (768, 12)),
        _vit("ViT-L-14-336", 768, (336, 14), (1024, 24, 16), (768, 12)),
    )
}

_VISION_KEYS = {"image_size", "patch_size", "width", "layers", "head_width", "mlp_ratio"}
_TEXT_KEYS = {"width", "layers", "heads", "context_length", "vocab_size"}
_TOP_KEYS = {"embed_dim", "vision_cfg", "text_cfg", "quick_gelu"}
_QUICKGELU = "-quickgelu"


def get_architecture(name: str) -> Architecture:
    """The architecture called `name`, as open_clip spells it ("ViT-B-32", "ViT-B-32-quickgelu", "ViT-H-14" ...).

    Raises:
        ArchitectureError: no such name, or one whose towers are not the paper's.
    """
    base = name.removesuffix(_QUICKGELU)
    found = PUBLISHED.get(base) or _from_open_clip(base) or _from_open_clip(name)
    if found is None:
        raise ArchitectureError(f"unknown architecture {name!r}: expected one of {', '.join(architecture_names())}")
    if name.endswith(_QUICKGELU):
        return replace(found, name=name, activation="quickgelu")
    return found


@cache
def architecture_names() -> tuple[str, ...]:
    """Every name that `get_architecture` can build, sorted."""
    names = set(PUBLISHED) | {name + _QUICKGELU for name in PUBLISHED}
    for path in _open_clip_configs():
        try:
            if _from_open_clip(path.stem):
                names.add(path.stem)
        except ArchitectureError:
            continue
    return tuple(sorted(names))


def _open_clip_configs() -> list[Path]:
    return sorted(path for path in (open_clip_folder() / "model_configs").glob("*.json"))


@cache
def open_clip_folder() -> Path:
    """Where the open-clip-torch package is installed; found without importing it (it needs torchvision).

    Raises:
        ArchitectureError: it is not installed.
    """
    spec = importlib.util.find_spec("open_clip")
    if spec is None or not spec.submodule_search_locations:
        raise ArchitectureError("the open-clip-torch package is not installed: pip install -r requirements.txt")
    return Path(spec.submodule_search_locations[0])


def _from_open_clip(name: str) -> Architecture | None:
    path = open_clip_folder() / "model_configs" / f"{name}.json"
    if Path(name).name != name or not path.is_file():
        return None
    return from_open_clip_config(name, json.loads(path.read_text()))


def from_open_clip_config(name: str, config: dict[str, Any]) -> Architecture:
    """The architecture that an open_clip model configuration describes.

    Raises:
        ArchitectureError: it asks for anything beyond the paper's image towers and text Transformer.
    """
    vision, text = config["vision_cfg"], config["text_cfg"]
    beyond = (set(config) - _TOP_KEYS) | (set(vision) - _VISION_KEYS) | (set(text) - _TEXT_KEYS)
    if beyond:  # a key that is not built would be silently wrong vectors
        raise ArchitectureError(f"{name} is not the paper's CLIP: clipcore does not build {', '.join(sorted(beyond))}")
    return Architecture(
        name=name,
        embed_dim=config["embed_dim"],
        vision=_resnet_shape(vision) if isinstance(vision["layers"], list) else _vit_shape(vision),
        text=TextShape(**text),
        activation="quickgelu" if config.get("quick_gelu") else "gelu",
    )


def _resnet_shape(config: dict[str, Any]) -> ResNetShape:
    one, two, three, four = config["layers"]
    return ResNetShape(config["image_size"], config["width"], (one, two, three, four))


def _vit_shape(config: dict[str, Any]) -> ViTShape:
    width = config["width"]
    return ViTShape(
        image_size=config["image_size"],
        patch_size=config["patch_size"],
        width=width,
        layers=config["layers"],
        heads=width // config.get("head_width", 64),
        mlp_width=int(width * config.get("mlp_ratio", 4.0)),
    )
