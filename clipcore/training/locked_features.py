"""What the borrowed towers say of the whole training set: the inputs of the heads while both are locked."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from clipcore.batches import batched
from clipcore.one_way import OneWay
from clipcore.tokenizer import Tokenizer
from clipcore.towers.borrowed import BorrowedImageTower, BorrowedTextTower
from clipcore.training.features import LockedSession, Maps

BATCH = 128
CHUNK = 64  # texts of like length that run together


def pooled_features(tower: BorrowedImageTower, maps: Maps) -> Tensor:
    """Maps (pictures, views, channels, height, width) -> float16 (pictures, views, feature_dim)."""
    flat = maps.reshape(-1, *maps.shape[2:])
    session = LockedSession(OneWay(tower, BorrowedImageTower.pool), torch.zeros(2, *flat.shape[1:]))
    parts = [session(flat[i : i + BATCH].astype(np.float32)) for i in range(0, len(flat), BATCH)]
    return torch.from_numpy(np.concatenate(parts)).view(*maps.shape[:2], -1)


@torch.no_grad()
def class_probabilities(tower: BorrowedImageTower, features: Tensor) -> Tensor:
    """Features (pictures, views, feature_dim) -> ImageNet probabilities, float16 (pictures, views, classes)."""
    return torch.cat([tower.class_logits(part.float()).softmax(dim=-1).half() for part in torch.split(features, BATCH)])


@dataclass(frozen=True)
class TextStates:
    """What the text tower's locked layers say of every token of many texts."""

    flat: Tensor  # float16 (tokens of all texts, width)
    starts: Tensor  # int64 (texts + 1,), where each text begins in `flat`

    def __len__(self) -> int:
        return len(self.starts) - 1

    def pooled(self, tower: BorrowedTextTower, numbers: Tensor) -> Tensor:
        """The texts called `numbers` (batch,) through the upper layers: (batch, width).

        They run in chunks of like length, so that little is padding.
        """
        lengths = self.starts[numbers + 1] - self.starts[numbers]
        order = lengths.argsort()
        parts = [tower.pool(*self._padded(chunk)) for chunk in numbers[order].split(CHUNK)]  # type: ignore[no-untyped-call]
        return torch.cat(parts)[order.argsort()]

    def _padded(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """States (batch, longest, width) in float32 and their mask (batch, longest)."""
        texts = [self.flat[self.starts[n] : self.starts[n + 1]] for n in numbers.tolist()]
        mask = pad_sequence([torch.ones(len(text), dtype=torch.bool) for text in texts], batch_first=True)
        return pad_sequence(texts, batch_first=True).float(), mask


@torch.no_grad()
def text_states(tower: BorrowedTextTower, tokenizer: Tokenizer, texts: Sequence[str]) -> TextStates:
    """Every text through the tower's locked layers."""
    states: list[Tensor] = [torch.empty(0)] * len(texts)
    for numbers in batched(sorted(range(len(texts)), key=lambda i: len(texts[i])), BATCH):
        tokens = torch.from_numpy(tokenizer([texts[i] for i in numbers]))
        for number, text, mask in zip(numbers, tower.locked_states(tokens).half(), tower.mask(tokens), strict=True):
            states[number] = text[mask]
    starts = torch.tensor([0, *accumulate(len(text) for text in states)])
    return TextStates(torch.cat(states), starts)


@torch.no_grad()
def sentence_features(tower: BorrowedTextTower, states: TextStates) -> Tensor:
    """All texts through the upper layers too: float32 (texts, width)."""
    order = (states.starts[1:] - states.starts[:-1]).argsort()
    parts = [states.pooled(tower, numbers) for numbers in order.split(BATCH)]  # type: ignore[no-untyped-call]
    return torch.cat(parts)[order.argsort()]
