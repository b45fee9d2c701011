"""Vocabularies: lists of tags, those that ship and the user's own, whose vectors are made once and kept on disk.

A list of one's own is a text file with a tag a line; a tag that is indented is a kind of the one above it:

    dog
      Rex's breed
      poodle
"""

import gzip
import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from app.errors import NotFoundError, QueryError
from clipcore.zeroshot import class_vectors
from indexer.library import Library
from indexer.vectors.base import Vectors

log = logging.getLogger(__name__)

SHIPPED = Path(__file__).resolve().parents[1] / "data" / "vocabularies"
DEFAULT_VOCABULARY = "broad"
EVERYDAY = "everyday"
MOST_TAGS = 20_000
_CHOSEN = 5.25  # how familiar a tag is that its user wrote: as much as the most familiar ones that ship
_WAIT = 600  # seconds for another process that makes the same vectors


@dataclass(frozen=True)
class Tag:
    """A tag, the group it is in, the more general tag it belongs to, and how often people say it (Zipf's scale)."""

    text: str
    group: str = ""
    parent: str = ""
    familiar: float = _CHOSEN


def read_vocabularies(library: Library) -> dict[str, tuple[Tag, ...]]:
    """Tags by vocabulary: those that ship, and every ``.txt`` in the library's own ``vocabularies`` folder."""
    folders = (SHIPPED, library.settings.data_folder / "vocabularies")
    files = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    return {path.name.partition(".")[0]: read_file(path) for path in files if path.name.endswith((".txt", ".tsv.gz"))}


def read_own(path: Path) -> tuple[Tag, ...]:
    """The tags of a file, or of all ``.txt`` files in a folder, each a group of its own.

    Raises:
        NotFoundError: there is no such file or folder.
        QueryError: it holds no text, no tags, or too many.
    """
    files = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    try:
        tags = {tag.text: tag for file in files for tag in read_file(file)}
    except FileNotFoundError as error:
        raise NotFoundError(f"no vocabulary {path}: neither one that is known, nor a file or a folder") from error
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(f"{path} is no list of tags: {error}") from error
    if not 0 < len(tags) <= MOST_TAGS:
        raise QueryError(f"{path}: expected 1 to {MOST_TAGS:,} tags, one a line; got {len(tags):,}")
    return tuple(tags.values())


def read_file(path: Path) -> tuple[Tag, ...]:
    """The tags of a file: an outline of one's own, or a table that ships."""
    if path.suffix != ".gz":
        return tuple(_outline(path.read_text("utf-8-sig"), path.stem))
    rows = (line.split("\t") for line in gzip.decompress(path.read_bytes()).decode().splitlines())
    return tuple(Tag(text, group, parent, float(familiar)) for text, group, parent, familiar in rows)


def _outline(text: str, group: str) -> Iterator[Tag]:
    """The tags of lines, each once; an indented one below the last that is not."""
    met: set[str] = set()
    parent = ""
    for line in text.splitlines():
        tag = line.strip()
        if not tag or tag.startswith("#"):
            continue
        if not line[0].isspace():
            parent = tag
        if tag not in met:
            met.add(tag)
            yield Tag(tag, group, parent if parent != tag else "")


def shipped() -> list[str]:
    """The everyday tags."""
    return read_lines((SHIPPED / f"{EVERYDAY}.txt").read_text("utf-8"))


def read_lines(text: str) -> list[str]:
    """Non-empty lines, stripped, each once, in order; ``#`` begins a comment line."""
    lines = (line.strip() for line in text.splitlines())
    return list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))


def encoded_once(library: Library, tags: Sequence[str], templates: Sequence[str]) -> Vectors:
    """The vectors (tags, dim) of tags in prompts, from disk where this encoder made them before."""

    def make() -> Vectors:
        log.info("reading %s tags with the encoder, once", f"{len(tags):,}")
        return class_vectors(library.encoder, tags, templates)

    return made_once(library, "texts", [*templates, *tags], len(tags), make)


def made_once(library: Library, kind: str, what: Sequence[str], count: int, make: Callable[[], Vectors]) -> Vectors:
    """Vectors (count, dim) that `make` gives, kept on disk under what they are of; two processes make them once."""
    encoder = library.encoder
    key = hashlib.sha256("\n".join([encoder.fingerprint, *what]).encode()).hexdigest()[:24]
    path = library.settings.vectors_folder / f"{kind}-{key}.npy"
    shape = (count, encoder.dim)
    if (kept := _kept(path, shape)) is not None:
        return kept
    with _alone(path):
        if (kept := _kept(path, shape)) is not None:  # another process was faster
            return kept
        vectors = make()
        _keep(path, vectors)
    return vectors


def _kept(path: Path, shape: tuple[int, int]) -> Vectors | None:
    try:
        vectors: Vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None  # not made yet, or cut short
    return vectors if vectors.shape == shape else None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While no other process makes the same; where no lock can be had, at the risk of doing it twice."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_suffix(".lock"))
        lock.acquire(timeout=_WAIT)
    except (OSError, Timeout, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _keep(path: Path, vectors: Vectors) -> None:
    try:
        temporary = path.with_suffix(f".{os.getpid()}.npy")
        np.save(temporary, vectors)
        temporary.replace(path)
    except OSError:
        pass  # it only saves time
