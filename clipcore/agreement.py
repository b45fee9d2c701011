"""How well a faster tower's vectors agree with the exact ones', on real pictures and captions.

Two figures, each of one tower: the cosine of mean-centred vectors (vectors of one encoder share a large part, which
would make any two look alike), and the share of each item's ten nearest that stay its ten nearest.
"""

import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clipcore.runtimes.base import Vectors

CHECK_SET = Path(__file__).resolve().parents[1] / "data" / "check.tar"
NEAREST = 10
SMALLEST_COSINE = 0.999
SMALLEST_SHARED = 0.99


@dataclass(frozen=True)
class Agreement:
    """Both figures, 1 where nothing differs."""

    cosine: float  # mean over the items, of mean-centred vectors
    shared: float  # of the ten nearest, mean over the items

    @property
    def holds(self) -> bool:
        """Whether the faster tower may stand for the exact one."""
        return self.cosine >= SMALLEST_COSINE and self.shared >= SMALLEST_SHARED

    def __str__(self) -> str:
        return f"cosine {self.cosine:.5f}, {self.shared:.1%} of the ten nearest"


def agreement(exact: Vectors, other: Vectors) -> Agreement:
    """Of two towers' vectors of the same items, float32 (n, dim), n > 10."""
    a, b = _centred(exact), _centred(other)
    cosine = float((a * b).sum(axis=1).mean())
    pairs = zip(_nearest(a), _nearest(b), strict=True)
    return Agreement(cosine, float(np.mean([len(np.intersect1d(p, q)) / NEAREST for p, q in pairs])))


def _centred(vectors: Vectors) -> NDArray[np.float64]:
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True) + 1e-12
    return centred


def _nearest(vectors: NDArray[np.float64]) -> NDArray[np.intp]:
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    return np.argsort(-cosines, axis=1, kind="stable")[:, :NEAREST]


@cache
def check_set() -> tuple[list[Image.Image], list[str]]:
    """128 paintings at 224 pixels, and their captions (CC0; data/check_pictures.py made them)."""
    pictures, captions = [], []
    with tarfile.open(CHECK_SET) as tar:
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            if member.name.endswith(".jpg"):
                with Image.open(file) as image:
                    pictures.append(image.convert("RGB"))
            else:
                captions.append(file.read().decode())
    return pictures, captions
