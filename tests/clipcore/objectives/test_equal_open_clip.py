"""The losses, beside open_clip's own on the same features."""

import pytest
import torch
from torch import Tensor

from clipcore.objectives.contrastive import contrastive_loss
from clipcore.objectives.siglip import sigmoid_loss
from clipcore.thirdparty import import_open_clip
from tests.clipcore.objectives.test_contrastive import unit


def inputs() -> tuple[Tensor, ...]:
    made = (unit(33, 16, 0), unit(33, 16, 1), torch.tensor(1 / 0.07), torch.tensor(-10.0))
    return tuple(tensor.double().requires_grad_() for tensor in made)


def assert_same_gradients(ours: tuple[Tensor, ...], theirs: tuple[Tensor, ...]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-9, atol=1e-14)


def test_clip_loss() -> None:
    ours, theirs = inputs(), inputs()
    loss = contrastive_loss(*ours[:3], block=10)
    expected = import_open_clip().loss.ClipLoss()(*theirs[:3])
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    loss.backward()
    expected.backward()
    assert_same_gradients(ours[:3], theirs[:3])


def test_siglip_loss() -> None:
    ours, theirs = inputs(), inputs()
    loss = sigmoid_loss(*ours, block=10)
    expected = import_open_clip().loss.SigLipLoss()(*theirs)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    loss.backward()
    expected.backward()
    assert_same_gradients(ours, theirs)
