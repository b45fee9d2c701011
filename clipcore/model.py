"""A CLIP read whole: the towers with their weights, and the preprocessing and tokenizer that belong to them."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clipcore.architectures import Architecture
from clipcore.bundle import MERGES, WEIGHTS, Bundle
from clipcore.checkpoints import load_clip
from clipcore.clip import CLIP
from clipcore.errors import CheckpointError, TokenizerError
from clipcore.hugging_face import preprocessing_beside
from clipcore.open_clip_model import OpenClipModel
from clipcore.preprocess import Preprocessing
from clipcore.tokenizer import BytePairTokenizer
from clipcore.weights import Weights, resolve_preprocessing


@dataclass(frozen=True)
class Model:
    """One of the paper's architectures, on our own towers, in evaluation mode and float32."""

    clip: CLIP
    name: str
    path: Path  # of the weights
    sha256: str  # of the weights
    preprocessing: Preprocessing
    tokenizer: BytePairTokenizer
    merges: Path | None  # the tokenizer's, where it is not OpenAI's

    def fingerprint(self, precision: str) -> str:
        """16 hex digits that differ whenever the vectors would, computed in `precision`."""
        shape = asdict(self.clip.architecture)
        return fingerprint(shape, self.preprocessing, self.sha256, self.tokenizer.sha256, precision)


def read_model(weights: Weights, merges: Path | None) -> Model:
    """The model whose weights were found.

    Raises:
        CheckpointError: they are broken, or not of an architecture that is built here.
        TokenizerError: the vocabulary does not fit.
    """
    if isinstance(weights.model, OpenClipModel):
        raise CheckpointError(f"{weights.name} is built by open_clip and runs in torch: it cannot be exported")
    clip, checkpoint = load_clip(weights.path, weights.model if isinstance(weights.model, Architecture) else None)
    size = clip.architecture.vision.image_size
    preprocessing = resolve_preprocessing(weights.preprocessing, size, preprocessing_beside(weights.path, size))
    tokenizer = _fitting_tokenizer(clip, merges)
    return Model(clip, weights.name, weights.path, checkpoint.sha256, preprocessing, tokenizer, merges)


def read_bundled_model(bundle: Bundle) -> Model:
    """The model of a bundle that holds its weights too.

    Raises:
        CheckpointError: they are broken.
    """
    clip, checkpoint = load_clip(bundle.folder / WEIGHTS)
    merges = bundle.verified(MERGES) if bundle.tokenizer.kind == MERGES else None
    tokenizer = _fitting_tokenizer(clip, merges)
    path = bundle.folder / WEIGHTS
    return Model(clip, bundle.name, path, checkpoint.sha256, bundle.preprocessing, tokenizer, merges)


def _fitting_tokenizer(clip: CLIP, merges: Path | None) -> BytePairTokenizer:
    text = clip.architecture.text
    tokenizer = BytePairTokenizer(text.context_length, merges)
    if tokenizer.vocab_size != text.vocab_size:
        given = merges or "the published vocabulary"
        raise TokenizerError(
            f"{clip.architecture.name} expects {text.vocab_size} token numbers and {given} has {tokenizer.vocab_size}: "
            f"pass vocabulary=, the merges file that the model was trained with"
        )
    return tokenizer


def fingerprint(shape: Any, preprocessing: Preprocessing, weights: str, tokenizer: str, precision: str) -> str:
    """16 hex digits of what vectors depend on: the architecture, its preprocessing, two SHA-256 and the precision."""
    identity = [shape, asdict(preprocessing), weights, tokenizer, precision]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
