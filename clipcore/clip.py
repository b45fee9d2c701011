"""CLIP: two towers, one space (Radford et al., arXiv:2103.00020, figure 3)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clipcore.architectures import Architecture, ResNetShape
from clipcore.towers.resnet import ModifiedResNet
from clipcore.towers.text import TextTransformer
from clipcore.towers.vit import VisionTransformer

INITIAL_TEMPERATURE = 0.07  # section 2.5
MAX_LOGIT_SCALE = 100.0  # section 2.5: the logits are never scaled by more


class CLIP(nn.Module):
    """An image tower, a text tower and the learned logit scale.

    The text tower's parameters stand under ``text.``; published state dicts keep them at the top level, and
    `clipcore.checkpoints` translates that one prefix both ways. Every other name is the published one.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = architecture
        self.architecture = a
        self.visual = image_tower(a)
        self.text = TextTransformer(a.text, a.embed_dim, a.activation)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / INITIAL_TEMPERATURE)))

    def encode_image(self, pixels: Tensor) -> Tensor:
        """Normalised float pixels (batch, 3, size, size) -> unit vectors (batch, embed_dim)."""
        return F.normalize(self.visual(pixels), dim=-1)

    def image_features(self, pixels: Tensor) -> Tensor:
        """Normalised float pixels (batch, 3, size, size) -> what the paper's linear probes see (batch, features)."""
        return self.visual.features(pixels)

    def encode_text(self, tokens: Tensor) -> Tensor:
        """int64 tokens (batch, length) -> unit vectors (batch, embed_dim)."""
        return F.normalize(self.text(tokens), dim=-1)

    def forward(self, pixels: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Image and text vectors, and the logit scale as a factor (exp, capped at 100)."""
        return self.encode_image(pixels), self.encode_text(tokens), self.logit_scale.exp().clamp(max=MAX_LOGIT_SCALE)


def image_tower(architecture: Architecture) -> ModifiedResNet | VisionTransformer:
    """The image tower of that shape, untrained."""
    a = architecture
    if isinstance(a.vision, ResNetShape):
        return ModifiedResNet(a.vision, a.embed_dim)
    return VisionTransformer(a.vision, a.embed_dim, a.activation)
