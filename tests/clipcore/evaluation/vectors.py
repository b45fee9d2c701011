"""Random unit vectors, the same in every test."""

import numpy as np


def unit(rows: int, dim: int, seed: int) -> np.ndarray:
    """float32 (rows, dim), L2-normalised."""
    return normalised(np.random.default_rng(seed).standard_normal((rows, dim)))


def normalised(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def captioned(count: int, dim: int, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, texts near their own image, and owners: one to three texts a picture, in no order."""
    images = unit(count, dim, 0)
    every, third = np.arange(count), np.arange(0, count, 3)
    owners = np.random.default_rng(1).permutation(np.concatenate([every, every, third]))
    return images, normalised(images[owners] + noise * unit(len(owners), dim, 2)), owners
