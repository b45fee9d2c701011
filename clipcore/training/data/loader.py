"""Pairs to batches: pictures decoded by processes that work ahead, captions drawn and tokenised beside them.

What a pair becomes depends on the seed, the pass and its number alone, not on who decodes it: one machine or eight,
stopped or not, train on the same pixels. A pair that cannot be used is named, and another takes its place.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from clipcore.batches import batched
from clipcore.errors import ImageError, TrainingError
from clipcore.pairs.pair import Pair
from clipcore.preprocess import Pixels, Preprocessing, decode_small
from clipcore.stream import attempt
from clipcore.tokenizer import BytePairTokenizer
from clipcore.training.data.order import batches
from clipcore.training.data.pairs import TrainingPairs

CHUNK = 256  # pairs that one worker decodes at a time
PADDED_TO = 8  # tokens: a caption's length is rounded up, so that few shapes occur
TRIES = 100  # pairs in a row that cannot be used, before it is not the pairs that are to blame

Skipped = tuple[str, str]  # a key and why


@dataclass(frozen=True)
class Batch:
    """One step's pairs, or this process's share of them.

    Attributes:
        pixels: uint8 (batch, size, size, 3).
        tokens: int64 (batch, length), zeros behind each end token.
        skipped: what could not be used on the way.
    """

    keys: tuple[str, ...]
    captions: tuple[str, ...]
    pixels: torch.Tensor
    tokens: torch.Tensor
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Share:
    """Which part of every batch this process has."""

    rank: int = 0
    of: int = 1


@dataclass(frozen=True)
class Reader(Dataset[tuple[str, str, Pixels, NDArray[np.int64], list[Skipped]]]):
    """(epoch, number) to a key, a caption, pixels, tokens, and what was skipped on the way to them."""

    pairs: TrainingPairs
    preprocessing: Preprocessing
    tokenizer: BytePairTokenizer
    seed: int
    random_crop: bool

    def __getitem__(self, place: tuple[int, int]) -> tuple[str, str, Pixels, NDArray[np.int64], list[Skipped]]:
        epoch, number = place
        rng = np.random.default_rng((self.seed, epoch, number))
        skipped: list[Skipped] = []
        for _ in range(TRIES):
            pair = self.pairs[number]
            pixels = attempt(partial(self._pixels, rng=rng), pair)
            if not isinstance(pixels, ImageError):
                caption = pair.captions[rng.integers(len(pair.captions))]
                return pair.key, caption, pixels, self.tokenizer([caption])[0], skipped
            skipped.append((pair.key, " ".join(str(pixels).split())))
            number = int(rng.integers(len(self.pairs)))
        key, reason = skipped[-1]
        raise TrainingError(f"{TRIES} pairs one after another cannot be used, the last one {key}: {reason}")

    def _pixels(self, pair: Pair, rng: np.random.Generator) -> Pixels:
        with pair.open() as image:
            covered = decode_small(image, self.preprocessing.size)
            return self.preprocessing(image, covered, rng.random() if self.random_crop else 0.5)


@dataclass(frozen=True)
class Loader:
    """A run's batches, from any step on."""

    reader: Reader
    batch_size: int  # over all processes
    window: int
    workers: int
    share: Share = Share()

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """This process's share of batch `start` and of every later one, for ever."""
        own = self.batch_size // self.share.of
        chunks = -(-own // CHUNK)
        loader = DataLoader(
            self.reader,
            batch_sampler=_Forever(self, start),
            num_workers=self.workers,
            collate_fn=partial(collate, longest=self.reader.tokenizer.context_length),
            generator=torch.Generator(),  # its seeds are not taken from the run's own random numbers
            prefetch_factor=max(2, -(-2 * chunks // self.workers)) if self.workers else None,
        )
        try:
            decoded = iter(loader)
            while parts := tuple(islice(decoded, chunks)):
                yield joined(parts)
        except TrainingError as error:  # from a process it comes with that one's traceback, the message last
            raise TrainingError(str(error).strip().splitlines()[-1].rpartition("TrainingError: ")[2]) from error


@dataclass(frozen=True)
class _Forever:
    """The places that a worker is to decode together, chunk after chunk."""

    loader: Loader
    start: int

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        loader, share = self.loader, self.loader.share
        parts, seed = loader.reader.pairs.parts, loader.reader.seed
        for epoch, numbers in batches(parts, loader.batch_size, loader.window, seed, self.start):
            for chunk in batched(numbers[share.rank :: share.of].tolist(), CHUNK):
                yield [(epoch, number) for number in chunk]


def collate(pairs: list[tuple[str, str, Pixels, NDArray[np.int64], list[Skipped]]], longest: int) -> Batch:
    """Decoded pairs as a batch; `longest` is how many tokens the text tower takes."""
    keys, captions, pixels, tokens, skipped = zip(*pairs, strict=True)
    stacked = torch.from_numpy(np.stack(pixels))
    return Batch(keys, captions, stacked, _padded(tokens, longest), tuple(one for each in skipped for one in each))


def joined(parts: tuple[Batch, ...]) -> Batch:
    """Chunks as one batch."""
    if len(parts) == 1:
        return parts[0]
    length = max(part.tokens.shape[1] for part in parts)
    tokens = [torch.nn.functional.pad(part.tokens, (0, length - part.tokens.shape[1])) for part in parts]
    flat: Any = {name: tuple(x for p in parts for x in getattr(p, name)) for name in ("keys", "captions", "skipped")}
    return Batch(pixels=torch.cat([part.pixels for part in parts]), tokens=torch.cat(tokens), **flat)


def _padded(rows: tuple[NDArray[np.int64], ...], longest: int) -> torch.Tensor:
    length = min(longest, -(-max(map(len, rows)) // PADDED_TO) * PADDED_TO)
    tokens = np.zeros((len(rows), length), np.int64)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = row
    return torch.from_numpy(tokens)


def worker_count(asked: int) -> int:
    """Processes: what was asked for, or with -1 one a core, up to 16."""
    return asked if asked >= 0 else min(os.cpu_count() or 1, 16)
