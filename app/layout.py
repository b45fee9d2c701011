"""Vectors as places on a plane, alike ones near each other.

t-SNE (van der Maaten and Hinton, 2008) of the vectors' first principal components, of all or, of many, of a sample,
each further one lying among those of the sample that are nearest to it. The same vectors give the same places.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SAMPLE = 4_000  # vectors laid out by t-SNE: some 30 s of one core
_COMPONENTS = 50
_NEIGHBOURS = 5  # of the sample, among which a further one lies
_AT_ONCE = 4_096
_SPREAD = 0.01  # of the plane: how far further ones may lie from where their neighbours put them, to be seen

Floats = NDArray[np.float32]
Stored = NDArray[np.float16] | Floats
Progress = Callable[[str], None]  # told in a few words what is done now


def layout(vectors: Stored, progress: Progress = lambda doing: None) -> Floats:
    """Places (n, 2) in 0..1 for vectors (n, dim)."""
    count = len(vectors)
    if count < 4:
        return np.stack([(np.arange(count) + 0.5) / max(count, 1), np.full(count, 0.5)], axis=1).astype(np.float32)
    chosen = np.sort(np.random.default_rng(0).permutation(count)[:SAMPLE])
    progress(f"laying out {len(chosen):,} photos")
    placed = _unit(_tsne(vectors[chosen].astype(np.float32)))
    if len(chosen) == count:
        return placed
    return among(vectors, vectors[chosen], placed, progress)


def among(vectors: Stored, others: Stored, placed: Floats, progress: Progress = lambda doing: None) -> Floats:
    """Places for vectors: each at the mean of its nearest of some others that are placed, weighted, a little beside."""
    if len(others) > SAMPLE:
        chosen = np.sort(np.random.default_rng(0).permutation(len(others))[:SAMPLE])
        others, placed = others[chosen], placed[chosen]
    sample = others.astype(np.float32)
    neighbours = min(_NEIGHBOURS, len(sample))
    places = np.empty((len(vectors), 2), np.float32)
    for start in range(0, len(vectors), _AT_ONCE):
        progress(f"placing {start:,} of {len(vectors):,} photos among them")
        cosines = vectors[start : start + _AT_ONCE].astype(np.float32) @ sample.T
        nearest = np.argpartition(cosines, -neighbours, axis=1)[:, -neighbours:]
        weights = np.exp(50 * np.take_along_axis(cosines, nearest, axis=1))
        weights /= weights.sum(axis=1, keepdims=True)
        places[start : start + _AT_ONCE] = (weights[..., None] * placed[nearest]).sum(axis=1)
    beside = np.random.default_rng(0).normal(0, _SPREAD, places.shape)
    return np.clip(places + beside, 0, 1).astype(np.float32)


def _tsne(vectors: Floats) -> Floats:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    components = min(_COMPONENTS, *vectors.shape)
    reduced = PCA(components, random_state=0).fit_transform(vectors)
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    result: Floats = TSNE(perplexity=perplexity, init="pca", random_state=0, max_iter=500).fit_transform(reduced)
    return result


def _unit(places: Floats) -> Floats:
    low, high = places.min(axis=0), places.max(axis=0)
    result: Floats = ((places - low) / np.maximum(high - low, 1e-9)).astype(np.float32)
    return result
