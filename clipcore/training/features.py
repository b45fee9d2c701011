"""What the locked part of the image tower says of every view of every picture, computed once and kept on disk.

A locked trunk gives the same maps in every pass over the data, so training reads them from a file: at two cores this
turns hours into minutes. The file's name is a hash of the tar, the trunk's weights and the views.
"""

import hashlib
import json
import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from clipcore.batches import batched
from clipcore.checkpoints import sha256_of
from clipcore.export import write_graph
from clipcore.pairs.pair import Pair
from clipcore.preprocess import Pixels, Preprocessing
from clipcore.training.report import Report
from clipcore.training.views import views

Maps = NDArray[np.float16]  # (pictures, views, channels, height, width)


BATCH = 16  # pictures, with all their views, through the trunk at once


@dataclass(frozen=True)
class Trunk:
    """The locked part: normalised pixels (batch, 3, size, size) to maps; how it wants pixels; its weights' name."""

    module: nn.Module
    preprocessing: Preprocessing
    identity: str


@dataclass(frozen=True)
class Reader:
    """Reads the maps of a tar's pictures: from `cache` when they are there, else through the trunk."""

    trunk: Trunk
    cache: Path
    report: Report

    def maps(self, tar: Path, pairs: list[Pair], count: int) -> Maps:
        """The maps of `count` views of each picture of `tar`; memory-mapped.

        Raises:
            ImageError: one of the pictures cannot be decoded.
        """
        preprocessing = asdict(self.trunk.preprocessing)
        what = [sha256_of(tar), self.trunk.identity, preprocessing, count, [pair.key for pair in pairs]]
        path = self.cache / f"{tar.stem}-{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]}.npy"
        if not path.is_file():
            self.cache.mkdir(parents=True, exist_ok=True)
            self._write(pairs, count, path)
        return np.load(path, mmap_mode="r")

    def _write(self, pairs: list[Pair], count: int, path: Path) -> None:
        size = self.trunk.preprocessing.size
        example = torch.zeros(2, size, size, 3, dtype=torch.uint8)
        session = LockedSession(FromBytes(self.trunk.module, self.trunk.preprocessing), example)
        temporary = path.with_suffix(".partial")
        maps: Maps | None = None
        done = 0
        for batch in batched(decoded(self.trunk.preprocessing, pairs, count), BATCH):
            part = session(np.concatenate([np.stack(looks) for looks in batch]))
            part = part.reshape(len(batch), count, *part.shape[1:])  # (pictures, views, channels, height, width)
            if maps is None:
                shape = (len(pairs), *part.shape[1:])
                maps = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float16, shape=shape)
            maps[done : done + len(batch)] = part
            done += len(batch)
            self.report.progress(f"{path.stem}: views", done * count, len(pairs) * count)
        temporary.replace(path)


def decoded(preprocessing: Preprocessing, pairs: list[Pair], count: int) -> Iterator[list[Pixels]]:
    """`count` views of each picture, as `views` makes them, in the pictures' order.

    Raises:
        ImageError: one of them cannot be decoded.
    """

    def look(pair: Pair) -> list[Pixels]:
        return views(pair.open(), count, preprocessing, random.Random(pair.key))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for chunk in batched(pairs, 64):
            yield from pool.map(look, chunk)


class LockedSession:
    """A locked module in ONNX Runtime, which runs convolutions on a CPU several times faster than eager torch."""

    def __init__(self, module: nn.Module, example: Tensor) -> None:
        import onnxruntime

        with TemporaryDirectory() as folder:
            path = Path(folder) / "locked.onnx"
            write_graph(module, example, path, "given", {0: "n"})
            self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def __call__(self, given: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float16]:
        """One batch through the module; the answer in half precision."""
        (answer,) = self._session.run(None, {"given": given})
        return np.asarray(answer, dtype=np.float16)


class FromBytes(nn.Module):
    """Raw uint8 pixels (n, size, size, 3) into a module that wants normalised float (n, 3, size, size)."""

    scale: Tensor
    shift: Tensor

    def __init__(self, module: nn.Module, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.module = module
        mean, std = torch.tensor(preprocessing.mean), torch.tensor(preprocessing.std)
        self.register_buffer("scale", (1 / (255 * std)).view(1, 3, 1, 1))
        self.register_buffer("shift", (-mean / std).view(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.module(pixels.permute(0, 3, 1, 2).float() * self.scale + self.shift)
