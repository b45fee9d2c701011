"""CLIP's ModifiedResNet (section 2.4): ResNet-D's stem and strides, anti-aliased pools, attention for the last one.

Three things differ from a ResNet: three 3 x 3 convolutions and an average pool in the stem; an average pool in place of
every stride of a convolution; and one attention layer, asked by the mean of the map, in place of the last pool.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from clipcore.architectures import ResNetShape

EXPANSION = 4  # a bottleneck's output over its inner width
STRIDE = 32  # pixels of the picture for one place of the last map


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3, 1 x 1 convolutions beside a shortcut: (batch, inputs, h, w) -> (batch, 4 planes, h/s, w/s)."""

    def __init__(self, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        outputs = planes * EXPANSION
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.avgpool: nn.Module = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(planes, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        nn.init.zeros_(self.bn3.weight)  # a block begins as its shortcut
        self.downsample: nn.Module | None = None
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                OrderedDict(
                    [
                        ("-1", nn.AvgPool2d(stride)),
                        ("0", nn.Conv2d(inputs, outputs, 1, bias=False)),
                        ("1", nn.BatchNorm2d(outputs)),
                    ]
                )
            )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = self.bn3(self.conv3(self.avgpool(x)))
        return F.relu(x + shortcut)


class AttentionPool(nn.Module):
    """Multi-head attention over the map's places, asked by their mean: (batch, width, h, w) -> (batch, embed_dim)."""

    def __init__(self, places: int, width: int, heads: int, embed_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(torch.randn(places + 1, width) * width**-0.5)
        self.k_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.c_proj = nn.Linear(width, embed_dim)
        for projection in (self.q_proj, self.k_proj, self.v_proj, self.c_proj):
            nn.init.normal_(projection.weight, std=width**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(2).transpose(1, 2)  # (batch, places, width)
        x = torch.cat([x.mean(dim=1, keepdim=True), x], dim=1) + self.positional_embedding  # (batch, 1 + places, width)
        q, k, v = self.q_proj(x[:, :1]), self.k_proj(x), self.v_proj(x)
        q, k, v = (self._by_head(part) for part in (q, k, v))
        x = F.scaled_dot_product_attention(q, k, v)  # (batch, heads, 1, width / heads)
        return self.c_proj(x.transpose(1, 2).flatten(1))

    def _by_head(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        return x.view(batch, length, self.heads, width // self.heads).transpose(1, 2)


class ModifiedResNet(nn.Module):
    """Pixels to image features: float (batch, 3, size, size), normalised -> (batch, embed_dim), not yet unit length."""

    def __init__(self, shape: ResNetShape, embed_dim: int) -> None:
        super().__init__()
        width = shape.width
        self.conv1 = nn.Conv2d(3, width // 2, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.conv2 = nn.Conv2d(width // 2, width // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width // 2)
        self.conv3 = nn.Conv2d(width // 2, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.avgpool = nn.AvgPool2d(2)
        one, two, three, four = shape.layers
        self.layer1 = _stage(width, width, one, stride=1)
        self.layer2 = _stage(width * EXPANSION, width * 2, two, stride=2)
        self.layer3 = _stage(width * 2 * EXPANSION, width * 4, three, stride=2)
        self.layer4 = _stage(width * 4 * EXPANSION, width * 8, four, stride=2)
        self.checkpointing = False  # in training: keep each block's input alone, and compute the rest again
        places = (shape.image_size // STRIDE) ** 2
        self.attnpool = AttentionPool(places, width * 8 * EXPANSION, shape.heads, embed_dim)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.attnpool(self._map(pixels))

    def tokens(self, pixels: Tensor) -> Tensor:
        """Every place of the last map: (batch, places, 32 width)."""
        return self._map(pixels).flatten(2).transpose(1, 2)

    def _map(self, pixels: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(pixels)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = self.avgpool(F.relu(self.bn3(self.conv3(x))))  # (batch, width, size / 4, size / 4)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = self._through(stage, x)
        return x  # (batch, 32 width, size / 32, size / 32)

    def _through(self, stage: nn.Sequential, x: Tensor) -> Tensor:
        if not (self.checkpointing and torch.is_grad_enabled()):
            return stage(x)
        for block in stage:
            x = checkpoint(block, x, use_reentrant=False)
        return x

    def features(self, pixels: Tensor) -> Tensor:
        """The output itself, (batch, embed_dim): the projection is the last layer of the attention pool.

        The paper takes features from before the projection "for CLIP-ViT models" alone (appendix A.3).
        """
        return self(pixels)


def _stage(inputs: int, planes: int, blocks: int, stride: int) -> nn.Sequential:
    rest = (Bottleneck(planes * EXPANSION, planes, 1) for _ in range(blocks - 1))
    return nn.Sequential(Bottleneck(inputs, planes, stride), *rest)
