import math

import pytest
import torch

from clipcore.objectives.contrastive import contrastive_loss
from clipcore.objectives.multi_positive import multi_positive_loss, same_group_targets
from tests.clipcore.objectives.test_contrastive import unit


def test_one_right_answer_each_is_the_contrastive_loss() -> None:
    images, texts, scale = unit(9, 8, 0), unit(9, 8, 1), torch.tensor(20.0)
    loss = multi_positive_loss(images, texts, scale, torch.eye(9))
    assert loss.item() == pytest.approx(contrastive_loss(images, texts, scale).item())


def test_a_repeated_picture_is_no_mistake() -> None:
    targets = same_group_targets(torch.tensor([5, 5, 6, 7]), torch.tensor([0, 1, 2, 2]))
    expected = [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]
    assert targets.tolist() == expected
    images = unit(2, 8, 0).repeat_interleave(2, 0)  # two pictures, each twice
    right = same_group_targets(torch.tensor([0, 0, 1, 1]), torch.arange(4))
    images.requires_grad_()
    loss = multi_positive_loss(images, images.detach(), torch.tensor(100.0), right)
    assert loss.item() == pytest.approx(math.log(2), abs=1e-3)  # either of the two texts is right


def test_a_repeated_picture_is_pushed_less() -> None:
    texts = torch.eye(3, 8)
    pushes = []
    for groups in ([0, 0, 1], [0, 1, 2]):
        images = texts[[0, 0, 2]].clone().requires_grad_()  # the second picture looks like the first
        targets = same_group_targets(torch.tensor(groups), torch.arange(3))
        multi_positive_loss(images, texts, torch.tensor(50.0), targets).backward()
        assert images.grad is not None
        pushes.append(images.grad[1, 0].item())  # away from the first one's text
    # Of its row's softmax 1 lies there where 1/2 is wanted, or 0; of the column's 1/2 where 1/2 is wanted, or 0.
    assert pushes[0] == pytest.approx(pushes[1] / 3)
