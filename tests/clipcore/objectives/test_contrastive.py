import math

import pytest
import torch
from torch.nn import functional as F

from clipcore.objectives.contrastive import contrastive_loss, same_group_targets


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


def test_a_repeated_picture_is_no_mistake() -> None:
    targets = same_group_targets(torch.tensor([5, 5, 6, 7]), torch.tensor([0, 1, 2, 2]))
    expected = [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]
    assert targets.tolist() == expected
    images = unit(2, 8, 0).repeat_interleave(2, 0)  # two pictures, each twice
    right, strict = (contrastive_loss(images, images, torch.tensor(100.0), t) for t in (targets, None))
    assert right.item() == pytest.approx(math.log(2), abs=1e-3)  # either of the two texts is right
    assert strict.item() == pytest.approx(math.log(2), abs=1e-3)


def test_gradient_pulls_pairs_together() -> None:
    images, texts = unit(6, 8, 0).requires_grad_(), unit(6, 8, 1)
    contrastive_loss(images, texts, torch.tensor(10.0)).backward()
    assert images.grad is not None
    moved = F.normalize(images.detach() - 0.5 * images.grad, dim=-1)
    assert (moved * texts).sum() > (images.detach() * texts).sum()
