"""The development pairs: watched during a run, never trained on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from clipcore.batches import batched
from clipcore.errors import TrainingError
from clipcore.evaluation.retrieval import Retrieval, evaluate_retrieval
from clipcore.locked_pair import LockedPair
from clipcore.pairs.webdataset import read_pairs
from clipcore.tokenizer import Tokenizer
from clipcore.towers.borrowed import BorrowedTextTower
from clipcore.training.features import Maps, Reader
from clipcore.training.locked_features import TextStates, sentence_features, text_states


@dataclass(frozen=True)
class DevelopmentSet:
    """Maps of whole pictures, states of their captions, and whose each caption is."""

    maps: Maps  # (pictures, 1, channels, height, width)
    texts: TextStates
    owners: NDArray[np.int64]  # (captions,)

    @classmethod
    def read(cls, tar: Path, tower: BorrowedTextTower, tokenizer: Tokenizer, reader: Reader) -> "DevelopmentSet":
        """The captioned pictures of `tar`, as the locked towers see them.

        Raises:
            TrainingError: it has none.
        """
        pairs = [pair for pair in read_pairs(tar) if pair.captions]
        if not pairs:
            raise TrainingError(f"{tar} has no captions to evaluate on")
        owners = np.array([i for i, pair in enumerate(pairs) for _ in pair.captions], dtype=np.int64)
        texts = text_states(tower, tokenizer, [text for pair in pairs for text in pair.captions])
        return cls(reader.maps(tar, pairs, 1), texts, owners)

    @torch.no_grad()
    def evaluate(self, model: LockedPair) -> Retrieval:
        """Retrieval in both directions."""
        model.eval()
        parts = batched(self.maps[:, 0], 256)
        images = torch.cat([model.encode_maps(torch.from_numpy(np.stack(part)).float()) for part in parts])
        texts = model.text_head(sentence_features(model.text_tower, self.texts))
        return evaluate_retrieval(images.numpy(), texts.numpy(), self.owners)
