"""Vectors as the catalog has them."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from clipcore.batches import batched
from indexer.catalog import Vector
from indexer.library import Library
from indexer.vectors.base import Ids, Vectors

STORED_DTYPE = np.dtype("<f2")  # half precision: a third decimal of cosine, half the bytes
_IDS_AT_ONCE = 500  # in one statement

Indices = NDArray[np.int64]


def content_vectors(library: Library, content_ids: Ids) -> tuple[Ids, Vectors, Indices]:
    """Of contents that have a vector: ids, vectors (n, dim), and where each stands in `content_ids`; in that order."""
    found: dict[int, bytes] = {}
    with library.catalog.reading() as session:
        for some in batched(content_ids.tolist(), _IDS_AT_ONCE):
            query = select(Vector.content_id, Vector.data).where(
                Vector.content_id.in_(some), Vector.encoder_id == library.encoder_id
            )
            found.update((row.content_id, row.data) for row in session.execute(query))
    present = np.array([i for i, content_id in enumerate(content_ids.tolist()) if content_id in found], np.int64)
    ids = content_ids[present]
    data = b"".join(found[content_id] for content_id in ids.tolist())
    return ids, np.frombuffer(data, STORED_DTYPE).reshape(-1, library.encoder.dim).astype(np.float32), present
