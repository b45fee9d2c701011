"""CLIP's Vision Transformer: ViT (arXiv:2010.11929) with one more layer norm before the blocks (CLIP, section 2.4)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clipcore.architectures import Activation, ViTShape
from clipcore.towers.transformer import Transformer


class VisionTransformer(nn.Module):
    """Pixels to image features: float (batch, 3, size, size), normalised -> (batch, embed_dim), not yet unit length."""

    def __init__(self, shape: ViTShape, embed_dim: int, activation: Activation) -> None:
        super().__init__()
        width, scale = shape.width, shape.width**-0.5
        self.conv1 = nn.Conv2d(3, width, shape.patch_size, stride=shape.patch_size, bias=False)
        self.class_embedding = nn.Parameter(scale * torch.randn(width))
        self.positional_embedding = nn.Parameter(scale * torch.randn(shape.patches + 1, width))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Transformer(width, shape.layers, shape.heads, shape.mlp_width, activation)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(scale * torch.randn(width, embed_dim))
        self.patch_dropout = 0.0  # in training: the share of patches left out of each picture (arXiv:2212.00794)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.features(pixels) @ self.proj

    def features(self, pixels: Tensor) -> Tensor:
        """What the projection is given, (batch, width): I_f of the paper's figure 3."""
        return self.ln_post(self.transformer.of_first(self._embedded(pixels)))

    def tokens(self, pixels: Tensor) -> Tensor:
        """The class token and every patch after the last block: (batch, 1 + patches, width)."""
        return self.ln_post(self.transformer(self._embedded(pixels)))

    def _embedded(self, pixels: Tensor) -> Tensor:
        """What the blocks are given: (batch, 1 + patches, width)."""
        x = F.linear(
            self._patches(pixels), self.conv1.weight.reshape(self.conv1.out_channels, -1)
        )  # (batch, patches, width)
        class_token = self.class_embedding.expand(x.shape[0], 1, -1)
        x = torch.cat([class_token, x], dim=1) + self.positional_embedding  # (batch, 1 + patches, width)
        if self.training and self.patch_dropout:
            x = self._without_some(x)
        return self.ln_pre(x)

    def _without_some(self, x: Tensor) -> Tensor:
        """(batch, 1 + patches, width) -> (batch, 1 + fewer, width): the class token, and some patches, drawn anew."""
        batch, patches = x.shape[0], x.shape[1] - 1
        kept = max(1, round(patches * (1 - self.patch_dropout)))
        drawn = torch.rand(batch, patches, device=x.device).argsort(dim=1)[:, :kept]  # (batch, kept)
        some = x[:, 1:].gather(1, drawn[..., None].expand(-1, -1, x.shape[2]))  # (batch, kept, width)
        return torch.cat([x[:, :1], some], dim=1)

    def _patches(self, pixels: Tensor) -> Tensor:
        """(batch, 3, size, size) -> (batch, patches, 3 * side * side), for what is a convolution in the published code.

        One whose windows do not overlap is a matrix product, and those are what runs fast in 8 bits.
        """
        side = self.conv1.kernel_size[0]
        batch, channels, height, width = pixels.shape
        grid = pixels.reshape(batch, channels, height // side, side, width // side, side)
        return grid.permute(0, 2, 4, 1, 3, 5).reshape(batch, -1, channels * side * side)
