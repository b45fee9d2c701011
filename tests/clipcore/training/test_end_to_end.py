"""Borrowed towers trained end to end, whole, on small towers with random weights and pictures made here."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from clipcore.errors import TrainingError
from clipcore.evaluation.datasets import DataSet
from clipcore.training import soup
from clipcore.training.crops import random_crops
from clipcore.training.dataset import read_training_set, without_names
from clipcore.training.end_to_end import EndToEndRun, MeasuredOn, PixelReader, train_end_to_end
from clipcore.training.locked_recipe import Phase
from clipcore.training.losses import likeness_targets
from clipcore.training.report import Report
from clipcore.training.soup import average_runs
from clipcore.training.state import load_weights, save_run
from tests.clipcore.training.test_locked import PREPROCESSING, WordTokenizer, small_pair, small_recipe, write_tar


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    tar, dev = write_tar(folder / "train.tar", 6, 0), write_tar(folder / "dev.tar", 3, 1)
    phases = (Phase(12, 16, 3e-3), Phase(4, 16, 1e-3, text_rate=1e-3, image_rate=1e-4))
    recipe = replace(small_recipe(end_to_end=True, agreement=1.0, soft_targets=0.1), phases=phases)
    measured_on = MeasuredOn(DataSet.parse(str(dev)))
    train_end_to_end(*(small_pair(), WordTokenizer(), PREPROCESSING, recipe, [tar], measured_on, folder / "out", "cpu"))
    return folder


def test_every_layer_but_the_embeddings_moves(run_folder: Path) -> None:
    fresh, trained = small_pair(), small_pair()
    load_weights(trained, run_folder / "out")
    before, after = fresh.state_dict(), trained.state_dict()
    changed = {".".join(name.split(".")[:2]) for name in before if not before[name].equal(after[name])}
    assert {"image_tower.trunk", "image_tower.last_stage", "text_tower.lower", "text_tower.upper"} <= changed
    assert "text_tower.embeddings" not in changed
    statistics = [name for name in before if "running_" in name]
    assert statistics and all(before[name].equal(after[name]) for name in statistics)


def test_it_learns_and_says_so(run_folder: Path) -> None:
    lines = [json.loads(line) for line in (run_folder / "out" / "metrics.jsonl").read_text().splitlines()]
    assert {"contrastive", "classes", "agreement", "rehearsal", "t2i@10", "i2t@10"} <= set(lines[-1])
    assert lines[-1]["contrastive"] < lines[0]["contrastive"]
    assert not list((run_folder / "out").glob(".*")), "nothing half-written is left"


def test_a_class_that_may_not_be_named_is_not_told(run_folder: Path, tmp_path: Path) -> None:
    recipe = small_recipe(end_to_end=True, unnamed=("goldfish", "green"))
    report = Report(tmp_path / "metrics.jsonl")
    data = read_training_set([run_folder / "train.tar"], recipe, PixelReader(PREPROCESSING, report))
    assert data.corpus and not any("green" in text for text in data.corpus)
    run = EndToEndRun(small_pair(), WordTokenizer(), PREPROCESSING, recipe, data, report)
    assert len(run.named) == 999 and 1 not in run.named  # the goldfish is ImageNet's second class
    pixels = torch.rand(2, 3, 64, 64)
    told = run.model.image_tower.class_logits(run.model.image_tower(pixels)).softmax(dim=-1)
    assert told[:, 1].max() == 0


def test_whole_words_name_a_class() -> None:
    texts = ("A bus waits .", "Busy people", "a school bus", "Crowds")
    assert without_names(texts, ("bus",)) == ("Busy people", "Crowds")
    assert without_names(texts, ()) == texts


def test_crops_stay_pictures_and_differ() -> None:
    pixels = torch.rand(8, 3, 32, 32)
    looks = random_crops(pixels, torch.Generator().manual_seed(0))
    again = random_crops(pixels, torch.Generator().manual_seed(0))
    assert looks.shape == pixels.shape and looks.equal(again)
    assert looks.min() >= 0 and looks.max() <= 1 and looks.isfinite().all()
    assert all(not look.allclose(picture) for look, picture in zip(looks, pixels, strict=True))


def test_like_captions_share_the_answer() -> None:
    sentences = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]])
    targets = likeness_targets(sentences, torch.eye(3), 0.2, 0.05)
    assert targets.sum(dim=1).allclose(torch.ones(3))
    assert targets[0, 1] > 100 * targets[0, 2] and targets[0, 0] > targets[0, 1]


def test_the_average_of_runs_lies_between_them(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe(end_to_end=True)
    first, second = small_pair(), small_pair()
    load_weights(first, run_folder / "out")
    for model, name in ((first, "a"), (second, "b")):
        (tmp_path / name).mkdir()
        save_run(model, recipe, tmp_path / name)

    def load(folder: Path):  # type: ignore[no-untyped-def]  # load_run without the packages of weights
        model = small_pair()
        load_weights(model, folder)
        return model, recipe

    monkeypatch.setattr(soup, "load_run", load)
    average_runs([tmp_path / "a", tmp_path / "b"], tmp_path / "mean")
    mean = small_pair()
    load_weights(mean, tmp_path / "mean")
    weights = "image_head.linear.weight"
    a, b, m = (model.state_dict()[weights].numpy() for model in (first, second, mean))
    assert np.allclose(m, (a + b) / 2, atol=1e-6) and not np.allclose(a, b)
    with pytest.raises(TrainingError, match="exists already"):
        average_runs([tmp_path / "a", tmp_path / "b"], tmp_path / "mean")
