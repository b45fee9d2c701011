"""LockedPair: two borrowed towers and the projections that join them (LiT, Zhai et al., arXiv:2111.07991)."""

import math
from typing import Self

import torch
from torch import Tensor, nn

from clipcore.clip import INITIAL_TEMPERATURE, MAX_LOGIT_SCALE
from clipcore.towers.borrowed import BorrowedImageTower, BorrowedTextTower
from clipcore.towers.heads import HeadShape, ImageHead, TextHead


class LockedPair(nn.Module):
    """Both towers, both heads and the logit scale."""

    def __init__(self, image_tower: BorrowedImageTower, text_tower: BorrowedTextTower, shape: HeadShape) -> None:
        super().__init__()
        self.shape = shape
        self.image_tower = image_tower
        self.text_tower = text_tower
        self.image_head = ImageHead(shape, image_tower.feature_dim, image_tower.classes)
        self.text_head = TextHead(shape, text_tower.width)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / INITIAL_TEMPERATURE)))

    @classmethod
    def pretrained(cls, shape: HeadShape, text_layers: int) -> Self:
        """The towers as they were borrowed, the text tower's first `text_layers` layers, and untrained heads.

        Raises:
            TrainingError: a package of weights is missing.
        """
        return cls(BorrowedImageTower.pretrained(), BorrowedTextTower.pretrained(text_layers), shape)

    def encode_maps(self, maps: Tensor) -> Tensor:
        """Maps of the locked trunk (batch, 208, 9, 9) -> unit vectors (batch, embed_dim)."""
        features = self.image_tower.pool(maps)
        return self.image_head(features, self.image_tower.class_logits(features))

    def encode_image(self, pixels: Tensor) -> Tensor:
        """Normalised float pixels (batch, 3, 260, 260) -> unit vectors (batch, embed_dim)."""
        return self.encode_maps(self.image_tower.trunk(pixels))

    def encode_text(self, tokens: Tensor) -> Tensor:
        """int64 tokens (batch, length), padded -> unit vectors (batch, embed_dim)."""
        return self.text_head(self.text_tower(tokens))

    @property
    def logit_factor(self) -> Tensor:
        """What cosines are multiplied by; a scalar of at most 100."""
        return self.logit_scale.exp().clamp(max=MAX_LOGIT_SCALE)
