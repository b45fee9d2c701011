"""Synthetic vectors that are as hard to search as an encoder's, and queries unlike them.

Pictures' vectors lie in clusters, around a common mean, with most of their variance on few axes: the variance of axis r
falls as (r + 2) ** -1.2, which at 384 dimensions gives the effective dimension (about 40) and the decay that 3,600 real
pictures have under the starter encoder. Texts have another mean (the modality gap) and half of their variance off those
axes, so that a query's best cosine is about 0.4 and its best vectors are spread over many clusters.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

PER_CLUSTER = 100
_SPREAD = 0.7  # of a cluster, over the spread of their centres
_MEAN = 0.8  # of pictures, and of texts elsewhere, over the spread of all
ROWS = 20_000  # of a part


def _axes(dim: int) -> NDArray[np.float32]:
    """(dim, dim): orthogonal directions, the same for pictures and texts."""
    return np.linalg.qr(np.random.default_rng(7).standard_normal((dim, dim)))[0].astype(np.float32)


def _scales(dim: int) -> NDArray[np.float32]:
    scales = (np.arange(dim) + 2.0) ** -0.6
    return (scales / np.linalg.norm(scales)).astype(np.float32)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def picture_like(count: int, dim: int) -> Iterator[NDArray[np.float16]]:
    """`count` unit vectors in half precision, in parts."""
    rng, axes = np.random.default_rng(0), _axes(dim)
    centres = rng.standard_normal((max(count // PER_CLUSTER, 1), dim), dtype=np.float32)
    for start in range(0, count, ROWS):
        rows = min(ROWS, count - start)
        latent = centres[rng.integers(len(centres), size=rows)]
        latent += _SPREAD * rng.standard_normal((rows, dim), dtype=np.float32)
        yield _unit((latent * _scales(dim)) @ axes + _MEAN * axes[5]).astype(np.float16)


def text_like(count: int, dim: int, seed: int) -> NDArray[np.float32]:
    """(count, dim) unit vectors."""
    rng, axes = np.random.default_rng(seed), _axes(dim)
    on_axes = (rng.standard_normal((count, dim), dtype=np.float32) * _scales(dim)) @ axes
    off_axes = rng.standard_normal((count, dim), dtype=np.float32) / np.float32(dim**0.5)
    return _unit(on_axes + off_axes - _MEAN * axes[9])
