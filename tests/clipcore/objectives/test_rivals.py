"""The rivals of section 2.3: what they lose, how they score, and that they learn."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clipcore.architectures import Architecture, ResNetShape
from clipcore.objectives import captioning
from clipcore.objectives.bag_of_words import BagOfWords, bag_of_words_loss, bags_of_words
from clipcore.objectives.captioning import Captioner, captioning_loss, token_log_likelihoods
from tests.clipcore.objectives.batches import SMALL

START, END = 48, 49
RESNET = replace(SMALL, vision=ResNetShape(32, 4, (1, 1, 1, 1)))


def captions(*texts: list[int]) -> Tensor:
    """Start, the text, end, and zeros up to the longest."""
    rows = [torch.tensor([START, *text, END]) for text in texts]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True)


def test_a_bag_holds_each_word_once_and_no_padding() -> None:
    bags = bags_of_words(captions([3, 5, 3], [0], []), 50)
    assert [row.nonzero().flatten().tolist() for row in bags] == [[3, 5], [0], []]
    assert bags.max() == 1


def test_bag_of_words_loss_by_hand() -> None:
    logits = torch.randn(2, 50, dtype=torch.float64)
    p = logits.softmax(dim=-1)
    expected = -((p[0, 3].log() + p[0, 5].log()) / 2 + p[1, 7].log()) / 2
    found = bag_of_words_loss(logits, bags_of_words(captions([3, 5, 3], [7]), 50))
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_captioning_loss_is_cross_entropy_without_padding() -> None:
    tokens, logits = captions([3, 5, 0, 9], [0, 7]), torch.randn(2, 6, 50)
    targets = tokens[:, 1:].clone()
    targets[1, 3:] = -100  # behind the second one's end; its text's own 0 stays
    expected = F.cross_entropy(logits[:, :-1].flatten(0, 1), targets.flatten(), ignore_index=-100)
    assert captioning_loss(logits, tokens).item() == pytest.approx(expected.item())


def test_a_captions_likelihood_is_the_product_of_its_tokens() -> None:
    tokens, logits = captions([3, 5], [7]), torch.randn(2, 4, 50)
    p = logits.softmax(dim=-1)
    expected = [(p[0, 0, 3] * p[0, 1, 5] * p[0, 2, END]).item(), (p[1, 0, 7] * p[1, 1, END]).item()]
    assert token_log_likelihoods(logits, tokens).sum(dim=1).exp().tolist() == pytest.approx(expected)


def data(architecture: Architecture) -> tuple[Tensor, Tensor]:
    """Four pictures, each with a caption of its own that shares words with others."""
    size = architecture.vision.image_size
    pixels = torch.randn(4, 3, size, size, generator=torch.Generator().manual_seed(0))
    return pixels, captions([1, 2, 3], [1, 4, 3], [5, 2, 6, 7], [5, 4])


@pytest.mark.parametrize("rival", [BagOfWords, Captioner])
@pytest.mark.parametrize("architecture", [SMALL, RESNET], ids=["ViT", "ResNet"])
def test_learns_which_caption_belongs_to_which_picture(
    rival: type[BagOfWords | Captioner], architecture: Architecture
) -> None:
    torch.manual_seed(0)
    model, (pixels, tokens) = rival(architecture), data(architecture)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = model.loss(pixels, tokens)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    everything = torch.arange(4).expand(4, 4)
    with torch.no_grad():
        assert model.scores(pixels, tokens, everything).argmax(dim=1).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("rival", [BagOfWords, Captioner])
def test_scores_are_of_the_candidates_asked_for(
    rival: type[BagOfWords | Captioner], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    model, (pixels, tokens) = rival(SMALL).eval().requires_grad_(False), data(SMALL)
    all_scores = model.scores(pixels, tokens, torch.arange(4).expand(4, 4))
    candidates = torch.tensor([[3, 0], [1, 1], [0, 2], [2, 3]])
    monkeypatch.setattr(captioning, "PAIRS_AT_ONCE", 3)
    torch.testing.assert_close(model.scores(pixels, tokens, candidates), all_scores.gather(1, candidates))


def test_a_bag_has_no_order_and_a_caption_has() -> None:
    torch.manual_seed(0)
    pixels, tokens = data(SMALL)[0][:1], captions([1, 2, 3], [3, 1, 2])
    both = torch.tensor([[0, 1]])
    bag, caption = (
        m(SMALL).eval().requires_grad_(False).scores(pixels, tokens, both)[0] for m in (BagOfWords, Captioner)
    )
    assert bag[0] == bag[1]
    assert caption[0] != caption[1]


def test_the_caption_depends_on_the_picture_only_through_attention_to_its_tokens() -> None:
    torch.manual_seed(0)
    model, (pixels, tokens) = Captioner(SMALL).eval().requires_grad_(False), data(SMALL)
    same = torch.zeros(4, 1, dtype=torch.int64)
    assert model.scores(pixels, tokens, same).unique().numel() == 4
    for block in model.decoder.blocks:
        block.cross.kv_proj.weight.zero_()
    assert model.scores(pixels, tokens, same).unique().numel() == 1


@pytest.mark.parametrize("architecture", [SMALL, RESNET], ids=["ViT", "ResNet"])
def test_tokens_hold_what_the_feature_is_made_of(architecture: Architecture) -> None:
    from clipcore.clip import image_tower

    torch.manual_seed(0)
    tower = image_tower(architecture).eval().requires_grad_(False)
    pixels = data(architecture)[0]
    tokens = tower.tokens(pixels)
    if architecture is SMALL:
        assert tokens.shape == (4, 5, 32)
        torch.testing.assert_close(tokens[:, 0], tower.features(pixels))
    else:
        assert tokens.shape == (4, 1, 128)
