"""The parts of a comparison: fair questions, equal starts and batches, and what the figure is read off from."""

import numpy as np
import pytest
import torch

from clipcore.comparison.learners import OBJECTIVES, untrained
from clipcore.comparison.pictures import CaptionedPictures, centre_crops, random_crops
from clipcore.comparison.questions import Questions, caption_questions, compositional_questions, label_questions
from clipcore.comparison.report import accuracy_rows, efficiencies
from clipcore.comparison.run import Budget, Curve, Point, train
from clipcore.comparison.task import learn_tokenizer, small_architecture, small_vit
from clipcore.compositional.generated import FACTORS, CompositionalSet
from clipcore.errors import TrainingError

PIXELS = np.zeros((3, 8, 8, 3), np.uint8)


def questions(factors: tuple[str, ...] = ()) -> Questions:
    return Questions(PIXELS, ("a", "b", "c"), np.tile(np.arange(3), (3, 1)), np.zeros(3, np.int64), factors)


def test_a_tie_is_worth_its_share() -> None:
    scores = np.array([[2, 1, 0], [2, 2, 0], [0, 1, 2]], np.float32)
    assert questions().accuracy(scores) == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert questions().accuracy(np.zeros((3, 3), np.float32)) == pytest.approx(questions().chance) == 1 / 3


def test_factors_are_told_one_by_one() -> None:
    scores = np.array([[2, 1, 2], [2, 3, 2], [2, 1, 2]], np.float32)
    asked = questions(("colour", "binding"))
    assert asked.by_factor(scores) == {"colour": pytest.approx(2 / 3), "binding": 0.5}
    assert asked.accuracy(scores) == pytest.approx((2 / 3 + 0.5) / 2)
    assert asked.accuracy(np.zeros((3, 3), np.float32)) == asked.chance == 0.5


def test_scores_that_are_no_numbers_are_said() -> None:
    with pytest.raises(TrainingError, match="not numbers"):
        questions().accuracy(np.full((3, 3), np.nan, np.float32))


def test_compositional_questions_put_the_right_sentence_first() -> None:
    generated = CompositionalSet(32)
    asked = compositional_questions(generated, "held-out", 4)
    sample = generated.sample("held-out", 2)
    texts = [asked.texts[i] for i in asked.candidates[2]]
    assert texts == [sample.caption, *(sample.distractors[f] for f in FACTORS)]
    assert np.array_equal(asked.pixels[2], np.asarray(sample.image))


def test_label_questions_ask_for_all_classes() -> None:
    asked = label_questions(PIXELS, ["n2", "n1", "n2"], {"n1": "cat", "n2": "dog", "n3": "owl"}, "a photo of a {}")
    assert asked.texts == ("a photo of a cat", "a photo of a dog", "a photo of a owl")
    assert asked.answers.tolist() == [1, 0, 1] and asked.candidates.shape == (3, 3)


def test_caption_questions_have_others_captions() -> None:
    pixels = np.zeros((6, 8, 8, 3), np.uint8)
    asked = caption_questions(pixels, [[f"caption {i}", "another"] for i in range(6)], 4, seed=0)
    for i, row in enumerate(asked.candidates):
        assert asked.texts[row[0]] == f"caption {i}"
        assert len(set(row.tolist())) == 4
    with pytest.raises(TrainingError, match="expected 2 to 6"):
        caption_questions(pixels, [["a"]] * 6, 7, seed=0)


def test_crops() -> None:
    pixels = np.arange(2 * 10 * 10 * 3, dtype=np.uint16).reshape(2, 10, 10, 3).astype(np.uint8)
    assert np.array_equal(centre_crops(pixels, 8), pixels[:, 1:9, 1:9])
    drawn = [random_crops(pixels, 8, np.random.default_rng(seed)) for seed in range(5)]
    assert all(crop.shape == (2, 8, 8, 3) for crop in drawn)
    assert len({crop.tobytes() for crop in drawn}) > 1


@pytest.fixture(scope="module")
def pictures() -> CaptionedPictures:
    """Three plain colours and what they are called."""
    colours = np.array([[220, 30, 30], [30, 200, 40], [30, 40, 220]], np.uint8)
    names = ("red", "green", "blue")
    pixels = np.repeat(np.repeat(colours[:, None, None], 16, 1), 16, 2)
    return CaptionedPictures(np.tile(pixels, (4, 1, 1, 1)), tuple((f"a {name} wall",) for name in names * 4))


def colour_questions(pictures: CaptionedPictures) -> Questions:
    names = {"r": "red", "g": "green", "b": "blue"}
    return label_questions(pictures.pixels[:3], list(names), names, "a {} wall")


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_each_objective_learns_and_repeats_itself(
    objective: str, pictures: CaptionedPictures, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tokenizer = learn_tokenizer(pictures, 300, tmp_path_factory.mktemp("vocabulary"))
    architecture = small_architecture(small_vit(size=16, patch_size=8, width=32, layers=1), 1, tokenizer)
    budget = Budget(images=480, batch_size=12, rate=5e-3, points=3)
    told: list[int] = []

    def run() -> Curve:
        return train(
            *(objective, architecture, pictures, tokenizer, {"classes": colour_questions(pictures)}, budget),
            progress=lambda images, loss, pace: told.append(images),
        )

    curve = run()
    assert [point.images for point in curve.points] == [120, 240, 480]
    assert told == list(range(12, 481, 12))
    assert curve.points[-1].accuracy["classes"] == 1.0
    again = run()
    assert [p.loss for p in again.points] == [p.loss for p in curve.points]


def test_image_towers_start_with_the_same_weights(
    pictures: CaptionedPictures, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tokenizer = learn_tokenizer(pictures, 300, tmp_path_factory.mktemp("vocabulary"))
    architecture = small_architecture(small_vit(size=16, patch_size=8, width=32, layers=1), 1, tokenizer)
    first, *others = (untrained(name, architecture, 3).visual.state_dict() for name in OBJECTIVES)
    for other in others:
        assert all(torch.equal(tensor, other[name]) for name, tensor in first.items())


def test_a_loss_that_is_no_number_stops_the_run(
    pictures: CaptionedPictures, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tokenizer = learn_tokenizer(pictures, 300, tmp_path_factory.mktemp("vocabulary"))
    architecture = small_architecture(small_vit(size=16, patch_size=8, width=32, layers=1), 1, tokenizer)
    budget = Budget(images=480, batch_size=12, rate=1e30)
    with pytest.raises(TrainingError, match="try a lower --rate"):
        train(
            *("contrastive", architecture, pictures, tokenizer, {"x": colour_questions(pictures)}, budget),
            progress=lambda *_: None,
        )


def curve(*accuracy: float) -> Curve:
    return Curve(1, tuple(Point(100 * 2**i, 1.0, 0.0, {"classes": a}) for i, a in enumerate(accuracy)))


def test_efficiency_is_read_off_between_points() -> None:
    curves = {
        "contrastive": curve(0.1, 0.3, 0.5),
        "bag of words": curve(0.1, 0.2, 0.4),
        "caption": curve(0.1, 0.1, 0.1),
    }
    found = efficiencies(curves, "classes", chance=0.05)
    assert found["contrastive / bag of words"] == pytest.approx(400 / 200 / 2**0.5)  # half way from 200 to 400
    assert found["bag of words / caption"] == pytest.approx(4)  # from the first point on
    behind = efficiencies({"caption": curve(0.1, 0.2), "contrastive": curve(0.3, 0.4)}, "classes", chance=0.05)
    assert behind == {"caption / contrastive": None}
    assert efficiencies(curves, "classes", chance=0.1)["bag of words / caption"] is None  # which learned nothing


def test_rows_of_accuracy() -> None:
    rows = accuracy_rows({"contrastive": curve(0.125, 1.0)}, "classes")
    assert rows == [["accuracy after images", "100", "200"], ["contrastive", "12.5%", "100.0%"]]


def test_questions_are_asked_at_each_doubling() -> None:
    assert Budget(images=1000, batch_size=10, rate=1.0, points=4).asked_after() == [12, 25, 50, 100]
    assert Budget(images=5, batch_size=10, rate=1.0, points=4).asked_after() == [1]


@pytest.mark.parametrize(("wrong", "said"), [({"patch_size": 7}, "patches of 7"), ({"width": 40}, "multiple of 32")])
def test_shapes_that_cannot_be(wrong: dict[str, int], said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        small_vit(**{"size": 16, "patch_size": 8, "width": 32, "layers": 1, **wrong})
