"""The moments of videos: at which time a video shows best what was asked for."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import select

from indexer.catalog import Frame, FrameVector
from indexer.library import Library
from indexer.stored import STORED_DTYPE
from indexer.vectors.base import Vectors


def together_as_one(frames: Vectors) -> Vectors:
    """The vector (dim,) of a video, from its frames' (frames, dim)."""
    mean = frames.mean(axis=0)
    unit: Vectors = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return unit


class Moments:
    """The sampled frames of those of some contents that are videos, as the encoder in use sees them."""

    def __init__(self, library: Library, content_ids: Sequence[int]) -> None:
        query = (
            select(Frame.content_id, Frame.time_s, FrameVector.data)
            .join(FrameVector, FrameVector.frame_id == Frame.id)
            .where(Frame.content_id.in_(content_ids), FrameVector.encoder_id == library.encoder_id)
        )
        self._frames: dict[int, list[tuple[float, bytes]]] = {}
        with library.catalog.reading() as session:
            for content_id, time_s, data in session.execute(query):
                self._frames.setdefault(content_id, []).append((time_s, data))

    def __bool__(self) -> bool:
        return bool(self._frames)

    def best(self, vector: Vectors) -> dict[int, float]:
        """For each video, the time in seconds of the frame nearest to a unit vector (dim,)."""
        best = {}
        for content_id, frames in self._frames.items():
            vectors = np.stack([np.frombuffer(data, STORED_DTYPE) for _, data in frames]).astype(np.float32)
            best[content_id] = frames[int(np.argmax(vectors @ vector))][0]
        return best
