"""What is compared, and when a faster tower may stand for the exact one."""

import numpy as np
import pytest

from clipcore import load_encoder
from clipcore.agreement import Agreement, agreement, check_set


def vectors(count: int, dim: int = 64, seed: int = 0) -> np.ndarray:
    made = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_the_check_set_is_of_real_pictures_and_their_captions() -> None:
    pictures, captions = check_set()
    assert len(pictures) == len(captions) == 128
    assert len(set(captions)) > 120
    assert all(min(picture.size) == 224 and picture.mode == "RGB" for picture in pictures)
    assert "Wheat Field with Cypresses - Vincent van Gogh" in captions


def test_the_starter_tells_them_apart() -> None:
    """Real pictures: their vectors are not all alike, nor are those of their captions."""
    pictures, captions = check_set()
    starter = load_encoder("starter")
    for given in (starter.encode_images(pictures[:20]), starter.encode_texts(captions[:20])):
        assert (given @ given.T)[~np.eye(20, dtype=bool)].mean() < 0.7


def test_the_same_vectors_agree_wholly() -> None:
    same = agreement(vectors(40), vectors(40))
    assert same.cosine == pytest.approx(1) and same.shared == 1 and same.holds


def test_a_shared_part_hides_nothing() -> None:
    """Vectors that have most in common: the plain cosine of two unrelated sets is near one, the centred one is not."""
    common = np.full(64, 3, np.float32)
    one, other = vectors(40, seed=1) + common, vectors(40, seed=2) + common
    plain = (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    assert plain.mean() > 0.98
    assert agreement(one, other).cosine < 0.5 and not agreement(one, other).holds


def test_neighbours_are_counted() -> None:
    """Two of twelve change places with each other's neighbours: each loses one or none of its ten."""
    exact = vectors(12)
    swapped = exact.copy()
    swapped[[0, 1]] = exact[[1, 0]]
    found = agreement(exact, swapped)
    nearest = [set(np.argsort(-row)[:10]) for row in _cosines(exact)]
    others = [set(np.argsort(-row)[:10]) for row in _cosines(swapped)]
    assert found.shared == pytest.approx(np.mean([len(a & b) / 10 for a, b in zip(nearest, others, strict=True)]))
    assert 0.8 < found.shared < 1


def _cosines(given: np.ndarray) -> np.ndarray:
    centred = given - given.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    cosines = centred @ centred.T
    np.fill_diagonal(cosines, -np.inf)
    return cosines


@pytest.mark.parametrize(("cosine", "shared", "holds"), [(0.999, 0.99, True), (0.9989, 1, False), (1, 0.98, False)])
def test_both_figures_must_hold(cosine: float, shared: float, holds: bool) -> None:
    assert Agreement(cosine, shared).holds is holds
