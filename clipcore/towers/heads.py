"""Trained projections from borrowed towers into one space."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class HeadShape:
    """Widths in features, dropout as a share of them."""

    embed_dim: int
    hidden: int
    dropout: float


class ImageHead(nn.Module):
    """Image features and ImageNet logits to the shared space, two answers added.

    The first is learned from pairs: standardised features through a linear layer and a small MLP. The second is the
    mean of the class names' text vectors, weighted by how likely the backbone finds each class (ConSE, Norouzi et al.,
    arXiv:1312.5650); it knows nouns that no caption in the training data has. `class_vectors` starts as those text
    vectors and is trained on from there.
    """

    feature_mean: Tensor
    feature_std: Tensor

    def __init__(self, shape: HeadShape, feature_dim: int, classes: int) -> None:
        super().__init__()
        self.register_buffer("feature_mean", torch.zeros(feature_dim))
        self.register_buffer("feature_std", torch.ones(feature_dim))
        self.linear = nn.Linear(feature_dim, shape.embed_dim)
        self.mlp = _mlp(feature_dim, shape)
        self.dropout = nn.Dropout(shape.dropout)
        self.class_vectors = nn.Parameter(torch.randn(classes, shape.embed_dim) * shape.embed_dim**-0.5)
        self.class_gain = nn.Parameter(torch.tensor(1.0))
        self.class_sharpness = nn.Parameter(torch.tensor(1.0))

    def forward(self, features: Tensor, class_logits: Tensor) -> Tensor:
        """(batch, feature_dim) and (batch, classes) -> (batch, embed_dim), L2-normalised."""
        x = self.dropout((features - self.feature_mean) / self.feature_std)
        learned = F.normalize(self.linear(x) + self.mlp(x), dim=-1)
        likely = (self.class_sharpness * class_logits).softmax(dim=-1) @ self.class_vectors
        return F.normalize(learned + self.class_gain * F.normalize(likely, dim=-1), dim=-1)

    @torch.no_grad()
    def start_from(self, features: Tensor, class_vectors: Tensor) -> None:
        """Takes the statistics of `features` (n, feature_dim), and the text vectors of the classes, as they begin."""
        self.feature_mean.copy_(features.mean(dim=0))
        self.feature_std.copy_(features.std(dim=0) + 1e-3)
        self.class_vectors.copy_(class_vectors)


class TextHead(nn.Module):
    """Sentence features (batch, width) to the shared space, L2-normalised; begins as the identity on them."""

    def __init__(self, shape: HeadShape, width: int) -> None:
        super().__init__()
        self.width = width
        self.linear = nn.Linear(width, shape.embed_dim)
        self.mlp = _mlp(width, shape)
        self.dropout = nn.Dropout(shape.dropout)
        nn.init.eye_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: Tensor) -> Tensor:
        x = self.dropout(F.normalize(features, dim=-1) * self.width**0.5)  # entries of about unit size
        return F.normalize(self.linear(x) + self.mlp(x), dim=-1)


def _mlp(width: int, shape: HeadShape) -> nn.Sequential:
    """Two layers whose output begins at zero, so that training begins at the linear layer beside them."""
    last = nn.Linear(shape.hidden, shape.embed_dim)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    layers: Sequence[nn.Module] = (nn.Linear(width, shape.hidden), nn.GELU(), nn.Dropout(shape.dropout), last)
    return nn.Sequential(*layers)
