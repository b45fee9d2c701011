"""What a batch is drawn from."""

import numpy as np
import pytest
import torch

from clipcore.training.dataset import Source, TrainingSet, paraphrased, shares
from clipcore.training.locked_recipe import LockedRecipe


def source(name: str, texts: list[tuple[int, ...]]) -> Source:
    """A source whose maps tell which picture and view they are of."""
    maps = np.arange(len(texts) * 2, dtype=np.float16).reshape(len(texts), 2, 1, 1, 1)
    return Source(name, maps, tuple(texts))


def test_a_source_counts_for_what_it_says_not_for_its_pictures() -> None:
    captioned = source("captioned", [(i,) for i in range(100)])
    labelled = source("labelled", [(100 + i % 4,) for i in range(1000)])
    assert (captioned.variety, labelled.variety) == (100, 4)
    even = shares((captioned, labelled), LockedRecipe(phases=(), balance=0.5))
    assert even.tolist() == pytest.approx([10 / 12, 2 / 12])
    weighted = shares((captioned, labelled), LockedRecipe(phases=(), balance=0.5, weights={"labelled": 5.0}))
    assert weighted.tolist() == pytest.approx([0.5, 0.5])


def test_a_batch_follows_the_shares_and_keeps_pictures_with_their_texts() -> None:
    first, second = source("a", [(0, 1), (2,)]), source("b", [(3,)] * 50)
    data = TrainingSet((first, second), ("a", "b", "c", "d"), torch.tensor([0.75, 0.25], dtype=torch.float64))
    batch = data.draw(4000, np.random.default_rng(0))
    assert (batch.sources == 0).float().mean().item() == pytest.approx(0.75, abs=0.03)
    for number, picture, text in zip(
        batch.sources.tolist(), batch.pictures.tolist(), batch.texts.tolist(), strict=True
    ):
        assert text in data.sources[number].texts[picture]
    assert batch.texts.unique().tolist() == [0, 1, 2, 3]
    maps = data.maps(batch)
    assert maps.shape == (4000, 1, 1, 1)
    assert maps.flatten().tolist() == (batch.pictures * 2 + batch.views).tolist()


def test_a_caption_teaches_its_paraphrase_too() -> None:
    camera = {r"\b(woman|man)\b[^.]*\bcamera|close-up of an? (dog)": ("a portrait of a {}", "portrait of a {}")}
    texts = ["A Woman in red looks at the camera .", "two people"]
    assert paraphrased(texts, camera) == (*texts, "a portrait of a woman", "portrait of a woman")
    assert paraphrased(["a close-up of a dog"], camera)[1:] == ("a portrait of a dog", "portrait of a dog")
    assert paraphrased(["a camera"], camera) == ("a camera",)
