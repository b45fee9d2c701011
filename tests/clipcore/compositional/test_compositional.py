"""The generated set: what is said is what is drawn, held out is held out, and a picture depends on its place alone."""

from dataclasses import replace

import numpy as np
import pytest

from clipcore.compositional.drawing import draw
from clipcore.compositional.generated import FACTORS, CompositionalSet, Sample
from clipcore.compositional.scenes import COLOURS, SHAPES, Compositions, Kind, Scene
from clipcore.compositional.sentences import FORMS, distractors, sentence

SCENE = Scene(2, Kind("red", "cross", "plain", "small"), "above", Kind("blue", "star", "dotted", "large"))


@pytest.fixture(scope="module")
def generated() -> CompositionalSet:
    return CompositionalSet(size=48)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (0, "two small plain red crosses above a large dotted blue star"),
        (1, "there are two small plain red crosses above a large dotted blue star"),
        (2, "two small plain red crosses are above a large dotted blue star"),
        (3, "a large dotted blue star below two small plain red crosses"),
    ],
)
def test_sentences(form: int, said: str) -> None:
    assert sentence(SCENE, form) == said
    assert sentence(replace(SCENE, count=1), 1).startswith("there is a small plain red cross above")


def test_each_distractor_is_wrong_in_one_thing() -> None:
    form = 0
    right = sentence(SCENE, form).split()
    wrong = {f: d.split() for f, d in distractors(SCENE, form, np.random.default_rng(0)).items()}
    assert tuple(wrong) == FACTORS
    changed = {f: [i for i, (a, b) in enumerate(zip(right, w, strict=True)) if a != b] for f, w in wrong.items()}
    assert changed["colour"] == [3] and changed["shape"] == [4] and changed["texture"] == [2]
    assert changed["size"] == [1] and changed["relation"] == [5] and changed["binding"] == [3, 9]
    assert changed["count"] in ([0], [0, 4])  # one has no plural
    assert sorted(wrong["binding"]) == sorted(right)  # the same words


def test_compositions_are_held_out_of_training_and_their_parts_are_not(generated: CompositionalSet) -> None:
    held_out = set(generated.compositions.held_out)
    assert len(held_out) == 16 and len(generated.compositions.trained) == 48
    trained, asked = set(), set()
    for index in range(400):
        scene = generated.sample("train", index).scene
        trained |= {(k.colour, k.shape) for k in (scene.first, scene.second)}
    for index in range(60):
        scene = generated.sample("held-out", index).scene
        asked.add((scene.first.colour, scene.first.shape))
    assert trained == set(generated.compositions.trained)
    assert asked <= held_out
    assert {c for c, _ in trained} == set(COLOURS) and {s for _, s in trained} == set(SHAPES)


def test_another_seed_holds_out_others() -> None:
    assert Compositions.of_seed(0).held_out != Compositions.of_seed(1).held_out


def same(one: Sample, other: Sample) -> bool:
    pixels = np.array_equal(np.asarray(one.image), np.asarray(other.image))
    return pixels and (one.caption, one.distractors) == (other.caption, other.distractors)


def test_a_picture_depends_on_seed_split_and_place_alone(generated: CompositionalSet) -> None:
    sample = generated.sample("train", 7)
    assert same(sample, CompositionalSet(size=48).sample("train", 7))
    assert not same(sample, generated.sample("train", 8))
    assert not same(sample, generated.sample("familiar", 7))
    assert not same(sample, CompositionalSet(size=48, seed=1).sample("train", 7))


def test_the_picture_shows_what_is_said() -> None:
    """Red things above a blue one, more of them where more are said, in edges that are smooth."""
    rng = np.random.default_rng(0)
    plain = replace(SCENE.second, texture="plain")
    areas = {}
    for count in (1, 2, 4):
        pixels = np.asarray(draw(replace(SCENE, count=count, second=plain), 128, rng)).astype(int)
        red = (pixels[..., 0] > 150) & (pixels[..., 1:] < 110).all(axis=-1)
        blue = (pixels[..., 2] > 150) & (pixels[..., :2] < 130).all(axis=-1)
        assert red.any() and blue.any()
        assert np.nonzero(red)[0].max() < np.nonzero(blue)[0].min()
        areas[count] = red.sum()
    assert areas[1] < 0.7 * areas[2] and areas[2] < 0.7 * areas[4]


@pytest.mark.parametrize("relation", ["below", "to the left of", "to the right of"])
def test_relations_are_where_they_say(relation: str) -> None:
    scene = replace(SCENE, relation=relation, second=replace(SCENE.second, texture="plain"))
    pixels = np.asarray(draw(scene, 128, np.random.default_rng(1))).astype(int)
    red = np.argwhere((pixels[..., 0] > 150) & (pixels[..., 1:] < 110).all(axis=-1)).mean(axis=0)
    blue = np.argwhere((pixels[..., 2] > 150) & (pixels[..., :2] < 130).all(axis=-1)).mean(axis=0)
    axis, sign = {"below": (0, 1), "to the left of": (1, -1), "to the right of": (1, 1)}[relation]
    assert sign * (red[axis] - blue[axis]) > 20


def test_textures_and_sizes_differ() -> None:
    def reddish(kind: Kind) -> int:
        pixels = np.asarray(draw(replace(SCENE, first=kind, count=1), 128, np.random.default_rng(2))).astype(int)
        return int(((pixels[..., 0] > 150) & (pixels[..., 1:] < 110).all(axis=-1)).sum())

    plain = Kind("red", "square", "plain", "large")
    assert reddish(replace(plain, size="small")) < 0.6 * reddish(plain)
    for texture in ("striped", "dotted", "checked"):
        assert reddish(replace(plain, texture=texture)) < 0.9 * reddish(plain)


def test_forms_are_all_used(generated: CompositionalSet) -> None:
    starts = {generated.sample("train", i).caption.split()[0] for i in range(60)}
    assert "there" in starts and len(starts) > 2 and FORMS == 4
