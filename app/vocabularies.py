"""Vocabularies: lists of tags, the shipped one and the user's own, each encoded once and kept on disk."""

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clipcore.zeroshot import class_vectors
from indexer.library import Library
from indexer.vectors.base import Vectors

log = logging.getLogger(__name__)

SHIPPED = Path(__file__).resolve().parents[1] / "data" / "vocabularies"
DEFAULT_VOCABULARY = "everyday"


def read_vocabularies(library: Library) -> dict[str, list[str]]:
    """Tags by vocabulary: those that ship, and every ``.txt`` in the library's own ``vocabularies`` folder."""
    folders = (SHIPPED, library.settings.data_folder / "vocabularies")
    paths = [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.txt"))]
    return {path.stem: read_lines(path.read_text("utf-8")) for path in paths}


def shipped() -> list[str]:
    """The tags of the default vocabulary."""
    return read_lines((SHIPPED / f"{DEFAULT_VOCABULARY}.txt").read_text("utf-8"))


def encoded_once(library: Library, tags: Sequence[str], templates: Sequence[str]) -> Vectors:
    """The vectors (tags, dim) of tags in prompts, from disk where this encoder made them before."""
    encoder = library.encoder
    key = hashlib.sha256("\n".join([encoder.fingerprint, *templates, *tags]).encode()).hexdigest()[:24]
    path = library.settings.vectors_folder / f"texts-{key}.npy"
    try:
        vectors: Vectors = np.load(path, allow_pickle=False)
        if vectors.shape == (len(tags), encoder.dim):
            return vectors
    except (OSError, ValueError, EOFError):
        pass  # not made yet, or cut short
    log.info("reading %s tags with the encoder, once", f"{len(tags):,}")
    vectors = class_vectors(encoder, tags, templates)
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
