"""Image -> text: which of some captions, or of a vocabulary's tags, say best what is in a photo."""

import hashlib
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from app.errors import NotFoundError, QueryError
from clipcore.zeroshot import DEFAULT_TEMPLATES, class_vectors, probabilities
from indexer.library import Library
from indexer.vectors.base import Vectors

log = logging.getLogger(__name__)

VOCABULARIES = Path(__file__).resolve().parents[1] / "data" / "vocabularies"
DEFAULT_VOCABULARY = "everyday"
MAX_CAPTIONS = 10_000


@dataclass(frozen=True)
class Description:
    """A text, how probable it is among all that were offered, and its cosine to the photo."""

    text: str
    probability: float
    score: float


class Describe:
    """Describes photos over one library. A vocabulary is encoded once and kept on disk."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._vectors: dict[str, Vectors] = {}

    @cached_property
    def vocabularies(self) -> dict[str, list[str]]:
        """Tags by vocabulary: those that ship, and every ``.txt`` in the library's own ``vocabularies`` folder."""
        folders = (VOCABULARIES, self._library.settings.data_folder / "vocabularies")
        paths = [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.txt"))]
        return {path.stem: read_lines(path.read_text("utf-8")) for path in paths}

    def by_vocabulary(self, photo: Vectors, name: str = DEFAULT_VOCABULARY, k: int = 10) -> list[Description]:
        """The k likeliest tags of a vocabulary for a photo's vector (dim,), likeliest first.

        Raises:
            NotFoundError: no such vocabulary.
        """
        tags = self.vocabularies.get(name)
        if tags is None:
            raise NotFoundError(f"no vocabulary {name!r}: expected one of {', '.join(self.vocabularies)}")
        if name not in self._vectors:
            self._vectors[name] = self._encoded_once(tags)
        return self._ranked(photo, tags, self._vectors[name], k)

    def by_captions(self, photo: Vectors, captions: Sequence[str], k: int = 10) -> list[Description]:
        """The k likeliest of the captions given, likeliest first.

        Raises:
            QueryError: there are none, or too many.
        """
        captions = read_lines("\n".join(captions))
        if not captions or len(captions) > MAX_CAPTIONS:
            raise QueryError(f"expected 1 to {MAX_CAPTIONS:,} captions, one a line; got {len(captions):,}")
        return self._ranked(photo, captions, self._library.encoder.encode_texts(captions), k)

    def _ranked(self, photo: Vectors, texts: Sequence[str], vectors: Vectors, k: int) -> list[Description]:
        """Zero-shot classification with the texts as classes."""
        scores = vectors @ photo
        (likely,) = probabilities(photo[None], vectors, self._library.encoder.logit_scale)
        best = np.argsort(-scores, kind="stable")[:k]
        return [Description(texts[i], float(likely[i]), float(scores[i])) for i in best]

    def _encoded_once(self, tags: list[str]) -> Vectors:
        """The vectors of tags in prompts, from disk where this encoder made them before."""
        encoder = self._library.encoder
        key = hashlib.sha256("\n".join([encoder.fingerprint, *DEFAULT_TEMPLATES, *tags]).encode()).hexdigest()[:24]
        path = self._library.settings.vectors_folder / f"texts-{key}.npy"
        try:
            vectors: Vectors = np.load(path, allow_pickle=False)
            if vectors.shape == (len(tags), encoder.dim):
                return vectors
        except (OSError, ValueError, EOFError):
            pass  # not made yet, or cut short
        log.info("reading %s tags with the encoder, once", f"{len(tags):,}")
        vectors = class_vectors(encoder, tags)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(f".{os.getpid()}.npy")
            np.save(temporary, vectors)
            temporary.replace(path)
        except OSError:
            pass  # it only saves time
        return vectors


def read_lines(text: str) -> list[str]:
    """Non-empty lines, stripped, each once, in order; ``#`` begins a comment line."""
    lines = (line.strip() for line in text.splitlines())
    return list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
