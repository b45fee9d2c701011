import math

import pytest
import torch
from torch.nn import functional as F

from clipcore.objectives.contrastive import contrastive_loss


def unit(rows: int, dim: int, seed: int) -> torch.Tensor:
    return F.normalize(torch.randn(rows, dim, generator=torch.Generator().manual_seed(seed)), dim=-1)


def figure_3(images: torch.Tensor, texts: torch.Tensor, scale: float) -> float:
    """The paper's pseudo-code in float64, one term at a time."""
    total = 0.0
    logits = (scale * images.double() @ texts.double().T).tolist()
    n = len(logits)
    for i in range(n):
        row = [logits[i][j] for j in range(n)]
        column = [logits[j][i] for j in range(n)]
        for line in (row, column):
            total += math.log(sum(math.exp(x) for x in line)) - logits[i][i]
    return total / (2 * n)


@pytest.mark.parametrize("scale", [1.0, 1 / 0.07, 100.0])
def test_equals_figure_3(scale: float) -> None:
    images, texts = unit(17, 8, 0), unit(17, 8, 1)
    loss = contrastive_loss(images, texts, torch.tensor(scale))
    assert loss.item() == pytest.approx(figure_3(images, texts, scale), rel=1e-5)


def test_is_symmetric_in_its_two_sides() -> None:
    images, texts, scale = unit(9, 8, 0), unit(9, 8, 1), torch.tensor(20.0)
    assert contrastive_loss(images, texts, scale).item() == pytest.approx(contrastive_loss(texts, images, scale).item())


def test_matching_pairs_cost_less_than_shuffled_ones() -> None:
    images, scale = unit(9, 8, 0), torch.tensor(20.0)
    assert contrastive_loss(images, images, scale) < contrastive_loss(images, images.roll(1, 0), scale)


def test_gradient_pulls_pairs_together() -> None:
    images, texts = unit(6, 8, 0).requires_grad_(), unit(6, 8, 1)
    contrastive_loss(images, texts, torch.tensor(10.0)).backward()
    assert images.grad is not None
    moved = F.normalize(images.detach() - 0.5 * images.grad, dim=-1)
    assert (moved * texts).sum() > (images.detach() * texts).sum()


def test_bf16_features_are_compared_in_float32() -> None:
    images, texts, scale = unit(40, 64, 0).bfloat16(), unit(40, 64, 1).bfloat16(), torch.tensor(100.0)
    images.requires_grad_()
    exact = contrastive_loss(images.detach().double(), texts.double(), scale.double())
    with torch.autocast("cpu", torch.bfloat16):
        loss = contrastive_loss(images, texts, scale)
    loss.backward()
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(exact.item(), rel=1e-5)
    assert images.grad is not None and images.grad.dtype == torch.bfloat16


def test_unequal_sides_are_refused() -> None:
    with pytest.raises(ValueError, match="as many images as texts"):
        contrastive_loss(unit(3, 8, 0), unit(4, 8, 1), torch.tensor(1.0))


def test_a_batch_of_one_costs_nothing() -> None:
    images = unit(1, 8, 0).requires_grad_()
    loss = contrastive_loss(images, unit(1, 8, 1), torch.tensor(50.0))
    loss.backward()
    assert loss.item() == 0 and images.grad is not None and images.grad.abs().max() < 1e-5
