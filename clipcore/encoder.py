"""Encoder: pictures and texts in, unit vectors in one space out. What everything above clipcore uses."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np
from PIL import Image

from clipcore.batches import batched
from clipcore.errors import ImageError, RuntimeLimitError
from clipcore.preprocess import ImageSource, Pixels, Preprocessing, decode_small, open_image
from clipcore.runtimes.base import FeatureRuntime, Features, Runtime, Vectors
from clipcore.stream import decode_ahead
from clipcore.tokenizer import Tokenizer


class Encoder:
    """Both towers of one model.

    Attributes:
        name: what people call it.
        dim: features of a vector.
        fingerprint: differs whenever the vectors would; stored beside every vector.
        logit_scale: the learned factor that turns cosines into logits (section 2.3, figure 3).
        logit_bias: what a model trained with a sigmoid (SigLIP) adds to them; None for one trained with a softmax.
    """

    def __init__(
        self,
        *,
        name: str,
        dim: int,
        fingerprint: str,
        logit_scale: float,
        preprocessing: Preprocessing,
        tokenizer: Tokenizer,
        runtime: Runtime,
        logit_bias: float | None = None,
    ) -> None:
        self.name = name
        self.dim = dim
        self.fingerprint = fingerprint
        self.logit_scale = logit_scale
        self.logit_bias = logit_bias
        self.preprocessing = preprocessing
        self.tokenizer = tokenizer
        self._runtime = runtime

    @property
    def precision(self) -> str:
        """What the towers are computed in: "fp32", "bf16", "image int8, text fp32" ..."""
        return self._runtime.precision

    def __repr__(self) -> str:
        return f"<Encoder {self.name} {self.dim}-d {self.precision} {self.fingerprint}>"

    def encode_images(self, images: Iterable[ImageSource], *, batch_size: int = 32, fast: bool = False) -> Vectors:
        """PIL images or paths -> float32 (n, dim), L2-normalised, in order.

        Args:
            fast: decode JPEG files no larger than needed, as `decode` says.

        Raises:
            ImageError: one of them is not a picture, or cannot be decoded.
        """
        decoded = self._decoded(images, fast)
        parts = [self.encode_pixels(np.stack(batch)) for batch in batched(decoded, batch_size)]
        return np.concatenate(parts) if parts else np.empty((0, self.dim), np.float32)

    def encode_texts(self, texts: Sequence[str], *, batch_size: int = 256) -> Vectors:
        """Texts -> float32 (n, dim), L2-normalised, in order. A text longer than the context is cut."""
        if isinstance(texts, str):
            texts = [texts]
        parts = [self._runtime.encode_tokens(self.tokenizer(batch)) for batch in batched(texts, batch_size)]
        return np.concatenate(parts) if parts else np.empty((0, self.dim), np.float32)

    def encode_pixels(self, pixels: Pixels) -> Vectors:
        """Already preprocessed uint8 (n, size, size, 3) -> float32 (n, dim), L2-normalised."""
        return self._runtime.encode_pixels(np.ascontiguousarray(pixels))

    def _decoded(self, images: Iterable[ImageSource], fast: bool = False) -> Iterator[Pixels]:
        for _, pixels in decode_ahead(images, partial(self.decode, fast=fast)):
            if isinstance(pixels, ImageError):
                raise pixels
            yield pixels

    @property
    def gives_features(self) -> bool:
        """Whether `image_features` can be had: not from a bundle, whose image graph ends in the shared space."""
        return isinstance(self._runtime, FeatureRuntime)

    def image_features(self, images: Iterable[ImageSource], *, batch_size: int = 32) -> Features:
        """PIL images or paths -> float32 (n, width), in order: what the paper's linear probes see (appendix A.3).

        For a Vision Transformer these are the features before the projection to the shared space, for a ResNet the
        attention pool's output; neither is normalised.

        Raises:
            RuntimeLimitError: the encoder's runtime cannot give them.
            ImageError: one of them is not a picture, or cannot be decoded.
        """
        parts = [self.pixel_features(np.stack(batch)) for batch in batched(self._decoded(images), batch_size)]
        return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)

    def pixel_features(self, pixels: Pixels) -> Features:
        """`image_features` of already preprocessed uint8 (n, size, size, 3).

        Raises:
            RuntimeLimitError: the encoder's runtime cannot give them.
        """
        if not isinstance(self._runtime, FeatureRuntime):
            raise RuntimeLimitError(
                f"{self.name} gives vectors, not the features before the projection: load its weights with torch"
            )
        return self._runtime.pixel_features(np.ascontiguousarray(pixels))

    def decode(self, source: ImageSource, *, fast: bool = False) -> Pixels:
        """uint8 (size, size, 3) of a PIL image or a path: what `encode_pixels` takes a batch of.

        The published transform is exact, and decodes every pixel of a file; with `fast`, a large JPEG is decoded at a
        fraction of its size (`clipcore.preprocess.decode_small`), three times as quickly at 12 megapixels. A PIL image
        is taken as it is.

        Raises:
            ImageError: it is not a picture, or cannot be decoded.
        """
        if isinstance(source, Image.Image):  # the caller's, and not ours to close
            return self.preprocessing(source)
        with open_image(source) as image:
            return self.preprocessing(image, decode_small(image, self.preprocessing.size) if fast else None)
