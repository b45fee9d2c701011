"""What runs the two towers. One runtime, one precision; the encoder's fingerprint names both."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from clipcore.preprocess import Pixels
from clipcore.tokenizer import Tokens

Vectors = NDArray[np.float32]  # (n, dim), each of unit length
Features = NDArray[np.float32]  # (n, width), of any length


class Runtime(Protocol):
    """Both towers behind two calls; a tower that is never called is never loaded where that can be avoided."""

    precision: str

    def encode_pixels(self, pixels: Pixels) -> Vectors:
        """uint8 (n, size, size, 3) -> float32 (n, dim), L2-normalised."""
        ...

    def encode_tokens(self, tokens: Tokens) -> Vectors:
        """int64 (n, length) -> float32 (n, dim), L2-normalised."""
        ...


@runtime_checkable
class FeatureRuntime(Runtime, Protocol):
    """A runtime that can also look into the image tower; a graph that gives vectors alone cannot."""

    def pixel_features(self, pixels: Pixels) -> Features:
        """uint8 (n, size, size, 3) -> float32 (n, width), before the projection to the shared space."""
        ...
