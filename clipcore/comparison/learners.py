"""The three objectives as things that learn from a batch and say which text fits a picture best.

Each is an image tower (`visual`) with what its objective puts beside it, and has

- ``loss(pixels, tokens)``: of pictures with their captions, a scalar;
- ``scores(pixels, tokens, candidates)``: how well each picture's candidate texts fit it, (pictures, candidates).
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from clipcore.architectures import Architecture
from clipcore.clip import CLIP
from clipcore.objectives.bag_of_words import BagOfWords
from clipcore.objectives.captioning import Captioner
from clipcore.objectives.contrastive import contrastive_loss


class Contrastive(CLIP):
    """CLIP: a text fits as well as the cosine says."""

    def loss(self, pixels: Tensor, tokens: Tensor) -> Tensor:
        """Of normalised pixels (batch, 3, size, size) with their captions, int64 (batch, length)."""
        return contrastive_loss(*self(pixels, tokens))

    def scores(self, pixels: Tensor, tokens: Tensor, candidates: Tensor) -> Tensor:
        """The cosine of each picture with its candidate texts: (pictures, candidates).

        Args:
            pixels: float (pictures, 3, size, size), normalised.
            tokens: int64 (texts, length).
            candidates: int64 (pictures, candidates), which texts.
        """
        by_text = self.encode_image(pixels) @ self.encode_text(tokens).T  # (pictures, texts)
        return by_text.gather(1, candidates)


Learner = Contrastive | BagOfWords | Captioner

# In the order that the paper found, the most efficient first.
OBJECTIVES: Mapping[str, Callable[[Architecture], Learner]] = {
    "contrastive": Contrastive,
    "bag of words": BagOfWords,
    "caption prediction": Captioner,
}


def untrained(objective: str, architecture: Architecture, seed: int) -> Learner:
    """Random weights; those of the image tower, which each builds first, are the same for every objective."""
    torch.manual_seed(seed)
    return OBJECTIVES[objective](architecture)
