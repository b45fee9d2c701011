"""The precision of an exported CLIP's graphs: 8 bits, tower by tower, where that saves time and vectors stay alike.

A tower's candidates are tried from the fastest on. Each is compared with the float32 graph on the same real pictures or
captions (`clipcore.agreement`); the first that agrees and is faster on this machine takes its place.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from clipcore.agreement import Agreement, agreement, check_set
from clipcore.preprocess import Preprocessing
from clipcore.quantize import quantize_by_block, quantize_products
from clipcore.runtimes.base import Vectors
from clipcore.runtimes.onnx_runtime import IMAGES_AT_ONCE, TEXTS_AT_ONCE, Graph
from clipcore.tokenizer import Tokenizer

GraphPrecision = Literal["auto", "fp32", "int8"]
TIMED = 16  # pictures or texts


@dataclass(frozen=True)
class Candidate:
    """One way to compute a tower in 8 bits."""

    name: str
    quantize: Callable[[Path, Path], None]
    at_once: int  # 1 where its scales come from the run's inputs: no picture may see another's


IMAGE = (
    Candidate("int8", quantize_products, at_once=1),
    Candidate("int8 by block", quantize_by_block, IMAGES_AT_ONCE),
)
TEXT = (Candidate("int8 by block", quantize_by_block, TEXTS_AT_ONCE),)


@dataclass(frozen=True)
class Choice:
    """What a tower is computed in, and how its candidates did."""

    precision: str
    one_a_run: bool = False
    tried: tuple[str, ...] = ()  # a line for each candidate


def choose_image_graph(path: Path, preprocessing: Preprocessing, precision: GraphPrecision) -> Choice:
    """Replaces the float32 image graph at `path` by the chosen one."""
    if precision == "fp32":
        return Choice("fp32")
    pixels = np.stack([preprocessing(picture) for picture in check_set()[0]])

    def a_few(graph: Graph) -> None:
        graph.run(pixels[:TIMED])

    return _choose(path, "image", IMAGE, precision, lambda graph: graph.run(pixels), a_few)


def choose_text_graph(path: Path, tokenizer: Tokenizer, precision: GraphPrecision) -> Choice:
    """Replaces the float32 text graph at `path` by the chosen one."""
    if precision == "fp32":
        return Choice("fp32")
    captions = check_set()[1]
    tokens = tokenizer(captions)

    def one_by_one(graph: Graph) -> None:  # as a search asks them
        for caption in captions[:TIMED]:
            graph.run(tokenizer([caption]))

    return _choose(path, "text", TEXT, precision, lambda graph: graph.run(tokens), one_by_one)


def _choose(
    path: Path,
    tower: str,
    candidates: Sequence[Candidate],
    precision: GraphPrecision,
    encode: Callable[[Graph], Vectors],
    timed: Callable[[Graph], None],
) -> Choice:
    exact_graph = Graph(path, candidates[-1].at_once)
    exact, exact_seconds = encode(exact_graph), _seconds(timed, exact_graph)
    tried = []
    for candidate in candidates:
        smaller = path.with_suffix(".candidate")
        candidate.quantize(path, smaller)
        graph = Graph(smaller, candidate.at_once)
        agrees: Agreement = agreement(exact, encode(graph))
        speed = exact_seconds / _seconds(timed, graph)
        tried.append(f"{tower} {candidate.name}: {agrees}, {speed:.1f}x as fast as fp32")
        if precision == "int8" or (agrees.holds and speed > 1):
            os.replace(smaller, path)
            return Choice(candidate.name, candidate.at_once == 1, tuple(tried))
        smaller.unlink()
    return Choice("fp32", tried=tuple(tried))


def _seconds(timed: Callable[[Graph], None], graph: Graph) -> float:
    """The better of two runs: the first warms up."""
    runs = []
    for _ in range(2):
        start = time.perf_counter()
        timed(graph)
        runs.append(time.perf_counter() - start)
    return min(runs)
