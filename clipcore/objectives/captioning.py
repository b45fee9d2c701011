"""Predicting the caption: an image tower and a language model that attends to it (Radford et al., section 2.3).

The paper's first approach "jointly trained an image CNN and text transformer from scratch to predict the caption of an
image", "similar to VirTex" (Desai and Johnson, arXiv:2006.06666). Zero-shot, a class is as likely as its caption is,
given the picture.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clipcore.architectures import Architecture, ViTShape
from clipcore.clip import image_tower
from clipcore.objectives.sharding import in_full_precision
from clipcore.towers.decoder import CaptionDecoder

PAIRS_AT_ONCE = 512  # pictures with a caption each whose logits are held when scoring


def is_text(tokens: Tensor) -> Tensor:
    """Which tokens stand for something, up to and with the end token: int64 (batch, length) -> bool.

    The end token has the highest number of the vocabulary; what is behind it is padding.
    """
    end = tokens.argmax(dim=-1, keepdim=True)
    return torch.arange(tokens.shape[-1], device=tokens.device) <= end


def token_log_likelihoods(logits: Tensor, tokens: Tensor) -> Tensor:
    """The log-probability of each token after the start, 0 for padding: (batch, length - 1).

    Args:
        logits: (batch, length, vocabulary), position i's of the token after it.
        tokens: int64 (batch, length), from the start token on.
    """
    (logits,) = in_full_precision(logits)
    lost = F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
    return -lost * is_text(tokens)[:, 1:]


def captioning_loss(logits: Tensor, tokens: Tensor) -> Tensor:
    """The mean cross-entropy of a batch's tokens, each counting the same; a scalar. Shapes as above."""
    return -token_log_likelihoods(logits, tokens).sum() / is_text(tokens)[:, 1:].sum()


class Captioner(nn.Module):
    """CLIP's image tower with a language model, of the text tower's shape, in the place of the text tower."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = architecture
        self.visual = image_tower(a)
        seen_width = a.vision.width if isinstance(a.vision, ViTShape) else 32 * a.vision.width
        self.decoder = CaptionDecoder(a.text, seen_width, a.activation)

    def loss(self, pixels: Tensor, tokens: Tensor) -> Tensor:
        """Of normalised pixels (batch, 3, size, size) with their captions, int64 (batch, length)."""
        memory = self.decoder.memory(self.visual.tokens(pixels))
        return captioning_loss(self.decoder(tokens, memory), tokens)

    def scores(self, pixels: Tensor, tokens: Tensor, candidates: Tensor) -> Tensor:
        """The log-likelihood of each picture's candidate captions: (pictures, candidates).

        Args:
            pixels: float (pictures, 3, size, size), normalised.
            tokens: int64 (texts, length).
            candidates: int64 (pictures, candidates), which texts.
        """
        memory = self.decoder.memory(self.visual.tokens(pixels))
        pictures = torch.arange(len(pixels), device=pixels.device).repeat_interleave(candidates.shape[1])
        scores = []
        for which, texts in zip(
            *(torch.split(t, PAIRS_AT_ONCE) for t in (pictures, candidates.flatten())), strict=True
        ):
            logits = self.decoder(tokens[texts], [(k[which], v[which]) for k, v in memory])
            scores.append(token_log_likelihoods(logits, tokens[texts]).sum(dim=-1))
        return torch.cat(scores).view(candidates.shape)
