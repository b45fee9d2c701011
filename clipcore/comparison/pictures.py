"""Pictures held in memory as bytes, with their captions: what the comparison trains on, and asks about."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from clipcore.compositional.generated import CompositionalSet
from clipcore.errors import ImageError, TrainingError
from clipcore.evaluation.datasets import DataSet, Example
from clipcore.pairs.skipped import Skipped
from clipcore.photos import register_heif
from clipcore.preprocess import Pixels, Preprocessing, decode_small
from clipcore.progress import Progress
from clipcore.stream import decode_ahead

MEAN, STD = 127.5, 73.0  # about those of 8-bit values; every objective is given the same


@dataclass(frozen=True)
class CaptionedPictures:
    """Training pairs.

    Attributes:
        pixels: uint8 (pictures, side, side, 3).
        captions: of each picture, one or more.
    """

    pixels: Pixels
    captions: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.captions)

    def corpus(self) -> Iterator[str]:
        """Every caption."""
        return (caption for captions in self.captions for caption in captions)


def generated_pictures(generated: CompositionalSet, count: int) -> CaptionedPictures:
    """The first `count` pictures of the compositional set's training split."""
    progress = Progress("drawing", count)
    pixels = np.empty((count, generated.size, generated.size, 3), np.uint8)
    captions = []
    for index in range(count):
        sample = generated.sample("train", index)
        pixels[index] = np.asarray(sample.image)
        captions.append((sample.caption,))
        progress(index + 1)
    return CaptionedPictures(pixels, tuple(captions))


def captioned_pictures(sources: Sequence[DataSet], side: int, skipped: Skipped) -> CaptionedPictures:
    """Every captioned picture of `sources`, the short side scaled to `side` and the centre cut.

    Raises:
        TrainingError: there is none.
    """
    examples = [example for source in sources for example in source if example.captions]
    pixels, kept = decoded(examples, side, skipped)
    return CaptionedPictures(pixels, tuple(example.captions for example in kept))


def some_of(examples: Sequence[Example], most: int, seed: int) -> list[Example]:
    """`most` of them drawn at random, in their order; all where there are no more."""
    drawn = np.random.default_rng(seed).permutation(len(examples))[:most]
    return [examples[i] for i in sorted(drawn)]


def decoded(examples: Sequence[Example], side: int, skipped: Skipped) -> tuple[Pixels, list[Example]]:
    """Pixels as uint8 (pictures, side, side, 3), and which examples they are of.

    Args:
        skipped: counts and names the pictures that cannot be read.

    Raises:
        TrainingError: none can.
    """
    register_heif()
    preprocessing, progress = Preprocessing(size=side), Progress("decoding", len(examples))

    def decode(example: Example) -> Pixels:
        image = example.open()
        return preprocessing(image, decode_small(image, side))

    pixels, kept = [], []
    for done, (example, found) in enumerate(decode_ahead(examples, decode), 1):
        progress(done)
        if isinstance(found, ImageError):
            skipped.add("unreadable pictures", f"{example.key} ({found})")
        else:
            pixels.append(found)
            kept.append(example)
    if not kept:
        raise TrainingError(f"none of {len(examples)} pictures can be used: expected captions or labels beside them")
    return np.stack(pixels), kept


def as_input(pixels: Pixels, device: torch.device) -> Tensor:
    """uint8 (batch, side, side, 3) to what towers take: float32 (batch, 3, side, side)."""
    return (torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float() - MEAN) / STD


def random_crops(pixels: Pixels, size: int, rng: np.random.Generator) -> Pixels:
    """A square of `size` from a random place of each picture, as the paper trains (section 2.5)."""
    margin = pixels.shape[1] - size
    if not margin:
        return pixels
    places = rng.integers(margin + 1, size=(len(pixels), 2))
    return np.stack([p[top : top + size, left : left + size] for p, (top, left) in zip(pixels, places, strict=True)])


def centre_crops(pixels: Pixels, size: int) -> Pixels:
    """The middle of each picture, `size` by `size`."""
    start = (pixels.shape[1] - size) // 2
    return np.ascontiguousarray(pixels[:, start : start + size, start : start + size])
