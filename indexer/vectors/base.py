"""What a vector index is to the rest of Sightline."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]  # (n, dim), unit length


class VectorIndex(Protocol):
    """Vectors by id, searched by inner product."""

    dim: int

    def __len__(self) -> int: ...

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Adds (n,) ids with (n, dim) vectors; ids that are there already are replaced."""
        ...

    def remove(self, ids: Ids) -> None:
        """Removes ids; those that are not there are ignored."""
        ...

    def search(self, query: Vectors, k: int, allowed: Sequence[int] | None = None) -> tuple[Vectors, Ids]:
        """The k best of (dim,) `query`, best first: scores and ids, fewer than k only when fewer exist.

        `allowed` limits the search to those ids.
        """
        ...
