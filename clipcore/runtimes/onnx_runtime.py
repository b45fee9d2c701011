"""A bundle's two graphs in ONNX Runtime on the CPU. Each is loaded at its first use and needs no torch."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clipcore.bundle import Bundle
from clipcore.preprocess import Pixels
from clipcore.runtimes.base import Vectors
from clipcore.tokenizer import Tokens

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


IMAGES_AT_ONCE = 8  # as fast as more, and the activations of 32 would take half a gigabyte
TEXTS_AT_ONCE = 256


class Graph:
    """One tower's graph: an array of n inputs to n unit vectors.

    A run holds `at_once` of them at most. Where that is one, as many run side by side as there are cores; otherwise a
    run has all cores.
    """

    def __init__(self, path: Path, at_once: int) -> None:
        self._session = _session(path, threads=1 if at_once == 1 else 0)
        self._input = self._session.get_inputs()[0].name
        self._at_once = at_once

    def run(self, inputs: Pixels | Tokens) -> Vectors:
        """uint8 pixels (n, size, size, 3) or int64 tokens (n, length) -> float32 (n, dim)."""
        parts = (inputs[start : start + self._at_once] for start in range(0, len(inputs), self._at_once))
        return np.concatenate(list(self._runs(parts)), dtype=np.float32)

    def _runs(self, parts: Iterator[Pixels | Tokens]) -> Iterator[Vectors]:
        if self._at_once > 1:
            return map(self._once, parts)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return iter(list(pool.map(self._once, parts)))

    def _once(self, part: Pixels | Tokens) -> Vectors:
        (vectors,) = self._session.run(["vectors"], {self._input: part})
        return np.asarray(vectors, dtype=np.float32)


class OnnxRuntime:
    """Runs a bundle's image and text graphs."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self.precision = bundle.precision

    @cached_property
    def _image(self) -> Graph:
        return Graph(self._bundle.verified("image.onnx"), 1 if self._bundle.one_picture_a_run else IMAGES_AT_ONCE)

    @cached_property
    def _text(self) -> Graph:
        return Graph(self._bundle.verified("text.onnx"), TEXTS_AT_ONCE)

    def encode_pixels(self, pixels: Pixels) -> Vectors:
        return self._image.run(pixels)

    def encode_tokens(self, tokens: Tokens) -> Vectors:
        return self._text.run(tokens)


def _session(path: Path, threads: int) -> "InferenceSession":
    """`threads`: for one run; 0 for as many as there are cores."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)  # warnings about graph details are for whoever exports
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # decoding needs the cores meanwhile
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
