"""Zero-shot classification of folders: pictures that the library knows by their stored vectors, others by a look."""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from sqlalchemy import select

from clipcore.batches import batched
from clipcore.commands.answers import Answer
from clipcore.errors import ImageError
from clipcore.runtimes.base import Vectors
from clipcore.stream import decode_ahead, encode_each
from indexer.catalog import Photo, PhotoState, Vector
from indexer.library import Library
from indexer.stored import STORED_DTYPE

_AT_ONCE = 500  # files


def classify(
    library: Library, paths: Sequence[Path], names: Sequence[str], classes: Vectors, top: int
) -> Iterator[Answer]:
    """What each picture is, in order: its likeliest labels, or why it has none.

    Args:
        paths: absolute.
        names: the labels.
        classes: their vectors (labels, dim), as `clipcore.zeroshot.class_vectors` gives them.
    """
    for some in batched(paths, _AT_ONCE):
        known = _stored(library, some)
        looked_at = _encoded(library, [path for path in some if str(path) not in known])
        for path in some:
            vector = known[str(path)] if str(path) in known else next(looked_at)
            yield Answer.of(path, vector, classes, names, library.encoder.logit_scale, top)


def _stored(library: Library, paths: Sequence[Path]) -> dict[str, Vectors]:
    """The vectors of files that are as they were when they were indexed, by path."""
    query = (
        select(Photo.path, Photo.size, Photo.mtime_ns, Vector.data)
        .join(Vector, Vector.content_id == Photo.content_id)
        .where(Photo.path.in_([str(path) for path in paths]), Photo.state == PhotoState.PRESENT)
        .where(Vector.encoder_id == library.encoder_id)
    )
    with library.catalog.reading() as session:
        rows = session.execute(query).all()
    return {
        row.path: np.frombuffer(row.data, STORED_DTYPE).astype(np.float32)
        for row in rows
        if _is_as_it_was(row.path, row.size, row.mtime_ns)
    }


def _is_as_it_was(path: str, size: int, mtime_ns: int) -> bool:
    try:
        now = os.stat(path)
    except OSError:
        return False
    return (now.st_size, now.st_mtime_ns) == (size, mtime_ns)


def _encoded(library: Library, paths: Sequence[Path]) -> Iterator[Vectors | ImageError]:
    encoder = library.encoder
    for _, vector in encode_each(decode_ahead(paths, partial(encoder.decode, fast=True)), encoder.encode_pixels):
        yield vector
