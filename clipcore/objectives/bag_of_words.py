"""Predicting the bag of words: which words are in the caption, whatever their order (Radford et al., section 2.3).

The loss is that of Joulin et al. (arXiv:1511.02251), whom the paper follows: one softmax over the vocabulary, and the
mean of the negative log-probabilities of the caption's distinct words. They found it ahead of a yes or no for each
word, nearly all of which are no. "Words" are the tokenizer's units, so that no class name is out of vocabulary; nearly
every frequent word is one. Zero-shot, a class scores the mean log-probability of its words.
"""

import torch
from torch import Tensor, nn

from clipcore.architectures import Architecture, ViTShape
from clipcore.clip import image_tower
from clipcore.objectives.sharding import in_full_precision


def bags_of_words(tokens: Tensor, vocab_size: int) -> Tensor:
    """int64 tokens (batch, length), start token first -> float32 (batch, vocab_size), 1 for each that is there.

    Without start, end, and the padding behind the end token, which has the highest number of the vocabulary.
    """
    end = tokens.argmax(dim=-1, keepdim=True)
    place = torch.arange(tokens.shape[-1], device=tokens.device)
    word = ((place > 0) & (place < end)).float()
    return torch.zeros(len(tokens), vocab_size, device=tokens.device).scatter_reduce(1, tokens, word, "amax")


def bag_of_words_loss(logits: Tensor, bags: Tensor) -> Tensor:
    """The cross-entropy of the softmax over words against each bag scaled to sum to 1, averaged over the batch.

    A caption without words costs nothing, and counts.

    Args:
        logits: (batch, vocabulary).
        bags: float (batch, vocabulary), 0 or 1.
    """
    return -(_wanted(bags) * _log_probabilities(logits)).sum(dim=-1).mean()


def _log_probabilities(logits: Tensor) -> Tensor:
    return in_full_precision(logits)[0].log_softmax(dim=-1)


def _wanted(bags: Tensor) -> Tensor:
    """Each bag scaled to sum to 1, an empty one to 0."""
    return bags / bags.sum(dim=-1, keepdim=True).clamp(min=1)


class BagOfWords(nn.Module):
    """CLIP's image tower with a linear layer over the vocabulary on the features that CLIP would project."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = architecture
        self.visual = image_tower(a)
        self.words = nn.Linear(a.vision.width if isinstance(a.vision, ViTShape) else a.embed_dim, a.text.vocab_size)

    def loss(self, pixels: Tensor, tokens: Tensor) -> Tensor:
        """Of normalised pixels (batch, 3, size, size) with their captions, int64 (batch, length)."""
        return bag_of_words_loss(self._logits(pixels), bags_of_words(tokens, self.words.out_features))

    def scores(self, pixels: Tensor, tokens: Tensor, candidates: Tensor) -> Tensor:
        """The mean log-probability of the words of each picture's candidate texts: (pictures, candidates).

        Args:
            pixels: float (pictures, 3, size, size), normalised.
            tokens: int64 (texts, length).
            candidates: int64 (pictures, candidates), which texts.
        """
        wanted = _wanted(bags_of_words(tokens, self.words.out_features))
        by_text = _log_probabilities(self._logits(pixels)) @ wanted.T  # (pictures, texts)
        return by_text.gather(1, candidates)

    def _logits(self, pixels: Tensor) -> Tensor:
        return self.words(self.visual.features(pixels))
