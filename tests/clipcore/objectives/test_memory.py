"""No tensor as large as the similarity matrix ever exists, forward or backward."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from clipcore.objectives.contrastive import contrastive_loss
from clipcore.objectives.siglip import sigmoid_loss
from tests.clipcore.objectives.batches import figure_3

PAIRS, DIM, BLOCK = 600, 8, 50


class Largest(TorchDispatchMode):
    """Sees the result of every operation, and keeps the largest one's number of values."""

    values = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(tensor, Tensor):
                self.values = max(self.values, tensor.numel())
        return result


def largest(loss: Callable[..., Tensor]) -> int:
    generator = torch.Generator().manual_seed(0)
    images, texts = (F.normalize(torch.randn(PAIRS, DIM, generator=generator), dim=-1) for _ in range(2))
    scale, bias = torch.tensor(10.0), torch.tensor(-5.0)
    inputs = [tensor.requires_grad_() for tensor in (images, texts, scale, bias)]
    with Largest() as seen:
        loss(*inputs).backward()
    assert images.grad is not None
    return seen.values


@pytest.mark.parametrize(
    "loss",
    [
        lambda images, texts, scale, bias: contrastive_loss(images, texts, scale, block=BLOCK),
        lambda images, texts, scale, bias: sigmoid_loss(images, texts, scale, bias, block=BLOCK),
    ],
    ids=["contrastive", "sigmoid"],
)
def test_only_a_block_of_rows_exists(loss: Callable[..., Tensor]) -> None:
    assert largest(loss) == BLOCK * PAIRS


def test_the_plain_form_holds_the_matrix() -> None:
    assert largest(figure_3) == PAIRS**2
