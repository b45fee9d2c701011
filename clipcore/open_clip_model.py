"""Any other model that open_clip builds: SigLIP, CoCa, EVA, ConvNeXt, timm and Hugging Face towers.

`clipcore.towers` builds the paper's CLIP; for everything else open_clip's own module runs behind the same `Encoder`,
with the tokenizer its configuration names.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from clipcore.architectures import Architecture, get_architecture
from clipcore.checkpoints import refuse_torchscript
from clipcore.downloads import in_one_line
from clipcore.errors import ArchitectureError, CheckpointError, TokenizerError
from clipcore.thirdparty import import_open_clip
from clipcore.tokenizer import BytePairTokenizer, Tokenizer, Tokens


@dataclass(frozen=True)
class OpenClipModel:
    """A model by the name open_clip gives it, or "local-dir:FOLDER" for a folder with open_clip_config.json."""

    name: str
    quick_gelu: bool = False

    @property
    def config(self) -> dict[str, Any]:
        """open_clip's configuration: embed_dim, vision_cfg, text_cfg ..."""
        config: dict[str, Any] = import_open_clip().get_model_config(self.name)
        return config

    def build(self, weights: Path) -> nn.Module:
        """The module in evaluation mode, float32, with the weights in `weights`.

        Raises:
            CheckpointError: the file is broken, unsafe, or of another model; or open_clip cannot build it here.
        """
        refuse_torchscript(weights)
        open_clip = import_open_clip()
        try:
            with _quiet_root_logger():
                model: nn.Module = open_clip.create_model(
                    self.name, load_weights=False, force_quick_gelu=self.quick_gelu, pretrained_text=False
                )
                open_clip.load_checkpoint(model, str(weights), weights_only=True)
        except Exception as error:  # open_clip, timm, transformers, safetensors and pickle each raise their own
            raise CheckpointError(f"{weights} does not fit {self.name}: {in_one_line(error)}") from error
        return model.eval().requires_grad_(False)

    def image_size(self, model: nn.Module) -> int:
        """The side in pixels of the square its image tower takes.

        Raises:
            CheckpointError: it takes no square.
        """
        visual: Any = model.visual
        size = visual.image_size
        sides = {int(side) for side in (size if isinstance(size, Sequence) else (size,))}
        if len(sides) != 1:
            raise CheckpointError(f"{self.name} takes pictures of {size} pixels: clipcore prepares squares only")
        return sides.pop()

    def tokenizer(self) -> Tokenizer:
        """The tokenizer its configuration names.

        Raises:
            TokenizerError: its files must be downloaded and cannot be, or transformers is not installed.
        """
        try:
            with _quiet_root_logger():
                library = import_open_clip().get_tokenizer(self.name)
        except Exception as error:  # transformers and the hub each raise their own
            raise TokenizerError(
                f"cannot get the tokenizer of {self.name}: {in_one_line(error)}; it comes from the Hugging Face hub "
                "and needs the transformers package: allow one download, or pip install -r requirements-starter.txt"
            ) from error
        published = isinstance(library, import_open_clip().SimpleTokenizer)
        if published and not self.config["text_cfg"].get("tokenizer_kwargs"):
            return PaddedTokenizer(BytePairTokenizer(library.context_length))
        return OpenClipTokenizer(library)


def find_model(name: str) -> Architecture | OpenClipModel:
    """The paper's architecture called `name`, or else open_clip's.

    Raises:
        ArchitectureError: neither knows it.
    """
    try:
        return get_architecture(name)
    except ArchitectureError:
        if name in import_open_clip().list_models():
            return OpenClipModel(name)
        raise


class PaddedTokenizer:
    """CLIP's tokenizer with every row as long as the context, for text towers that are not causal."""

    def __init__(self, tokenizer: BytePairTokenizer) -> None:
        self.context_length = tokenizer.context_length
        self._tokenizer = tokenizer

    def __call__(self, texts: Sequence[str]) -> Tokens:
        return self._tokenizer(texts, pad_to_context=True)


class OpenClipTokenizer:
    """A tokenizer that open_clip makes: SentencePiece, WordPiece, or CLIP's with another cleaning."""

    def __init__(self, library: Any) -> None:
        self.context_length: int = library.context_length
        self._library = library

    def __call__(self, texts: Sequence[str]) -> Tokens:
        if not texts:
            return np.empty((0, self.context_length), np.int64)
        tokens: Tokens = self._library(list(texts)).numpy()
        return tokens


@contextmanager
def _quiet_root_logger() -> Iterator[None]:
    """open_clip speaks through the root logger, also of what is as it should be here."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
