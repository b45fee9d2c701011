"""Low-rank adapters (LoRA, Hu et al., arXiv:2106.09685): W + (alpha / rank) B A, of which only A and B are trained.

They are torch parametrizations of the weights, so the towers know nothing of them; merged, what is left is an ordinary
CLIP with ordinary names.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from clipcore.clip import CLIP
from clipcore.towers.transformer import Attention


class LowRank(nn.Module):
    """A weight (outputs, inputs) with its low-rank change; begins as the weight itself."""

    def __init__(self, weight: Tensor, rank: int, alpha: float) -> None:
        super().__init__()
        outputs, inputs = weight.shape
        self.scale = alpha / rank
        self.a = nn.Parameter(weight.new_empty(rank, inputs))
        self.b = nn.Parameter(weight.new_zeros(outputs, rank))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))  # as torch's linear layers begin, and the paper's code

    def forward(self, weight: Tensor) -> Tensor:
        return torch.addmm(weight, self.b, self.a, alpha=self.scale)


def add_lora(clip: CLIP, rank: int, alpha: float) -> None:
    """Locks everything but the logit scale, and gives every linear layer that was trainable a low-rank change."""
    adapted = [(module, name) for module, name in _matrices(clip) if getattr(module, name).requires_grad]
    clip.requires_grad_(False)
    clip.logit_scale.requires_grad_(True)
    for module, name in adapted:
        change = LowRank(getattr(module, name), rank, alpha)
        parametrize.register_parametrization(module, name, change)


def merge_lora(clip: CLIP) -> CLIP:
    """Puts the changes into the weights; the same object, a plain CLIP again."""
    for module, name in _matrices(clip):
        if parametrize.is_parametrized(module, name):
            parametrize.remove_parametrizations(module, name, leave_parametrized=True)
    return clip


def _matrices(clip: CLIP) -> list[tuple[nn.Module, str]]:
    """Every linear layer's weight, and the three that attention keeps in one."""
    found: list[tuple[nn.Module, str]] = []
    for module in clip.modules():
        if isinstance(module, nn.Linear):
            found.append((module, "weight"))
        elif isinstance(module, Attention):
            found.append((module, "in_proj_weight"))
    return found
