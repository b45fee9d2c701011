"""Logistic regression whose constants were measured for an encoder (Platt scaling)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def constants_of(path: Path, fingerprint: str) -> tuple[dict[str, Any], bool]:
    """An encoder's constants, and whether they are its own.

    Where none were measured they are another's: deviations have no unit, so that is a fair guess.
    """
    known = json.loads(path.read_text("utf-8"))
    return known.get(fingerprint) or next(iter(known.values())), fingerprint in known


def sigmoid(logits: NDArray[Any]) -> NDArray[np.float32]:
    """Probabilities in 0..1, float32, of the same shape."""
    result: NDArray[np.float32] = (1 / (1 + np.exp(-np.clip(logits, -60, 60)))).astype(np.float32)
    return result
