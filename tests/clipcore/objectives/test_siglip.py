import pytest
import torch

from clipcore.objectives.siglip import INITIAL_LOGIT_BIAS, INITIAL_LOGIT_SCALE, sigmoid_loss
from tests.clipcore.objectives.test_contrastive import unit


def test_begins_as_if_all_pairs_were_wrong() -> None:
    """The papers' first scale and bias keep the many wrong pairs of a large batch from swamping the first steps."""
    scale, bias = torch.tensor(INITIAL_LOGIT_SCALE).exp(), torch.tensor(INITIAL_LOGIT_BIAS)
    images = unit(64, 512, 0)
    loss = sigmoid_loss(images, unit(64, 512, 1), scale, bias)
    assert loss.item() == pytest.approx(10, abs=0.3)  # the right pair's; the wrong ones add next to nothing


def test_bf16_features_are_compared_in_float32() -> None:
    images, texts = unit(40, 64, 0).bfloat16().requires_grad_(), unit(40, 64, 1).bfloat16()
    scale, bias = torch.tensor(50.0), torch.tensor(-10.0)
    exact = sigmoid_loss(images.detach().double(), texts.double(), scale.double(), bias.double())
    with torch.autocast("cpu", torch.bfloat16):
        loss = sigmoid_loss(images, texts, scale, bias)
    loss.backward()
    assert loss.dtype == torch.float32 and loss.item() == pytest.approx(exact.item(), rel=1e-5)
    assert images.grad is not None and images.grad.dtype == torch.bfloat16


def test_unequal_sides_are_refused() -> None:
    with pytest.raises(ValueError, match="as many images as texts"):
        sigmoid_loss(unit(3, 8, 0), unit(4, 8, 1), torch.tensor(1.0), torch.tensor(0.0))
