"""A bundle's two graphs in ONNX Runtime on the CPU. Each is loaded at its first use and needs no torch."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from clipcore.bundle import Bundle
from clipcore.preprocess import Pixels
from clipcore.runtimes.base import Vectors
from clipcore.tokenizer import Tokens

if TYPE_CHECKING:
    from pathlib import Path

    from onnxruntime import InferenceSession


IMAGES_AT_ONCE = 8  # as fast as more, and the activations of 32 would take half a gigabyte


class OnnxRuntime:
    """Runs a bundle's image and text graphs."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self.precision = bundle.precision

    @cached_property
    def _image_session(self) -> "InferenceSession":
        return _session(self._bundle.verified("image.onnx"))

    @cached_property
    def _text_session(self) -> "InferenceSession":
        return _session(self._bundle.verified("text.onnx"))

    def encode_pixels(self, pixels: Pixels) -> Vectors:
        parts = [pixels[start : start + IMAGES_AT_ONCE] for start in range(0, len(pixels), IMAGES_AT_ONCE)]
        vectors = [self._image_session.run(["vectors"], {"pixels": part})[0] for part in parts]
        return np.concatenate(vectors, dtype=np.float32)

    def encode_tokens(self, tokens: Tokens) -> Vectors:
        (vectors,) = self._text_session.run(["vectors"], {"tokens": tokens})
        return np.asarray(vectors, dtype=np.float32)


def _session(path: "Path") -> "InferenceSession":
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)  # warnings about graph details are for whoever exports
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # decoding needs the cores meanwhile
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
