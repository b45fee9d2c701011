"""Whole runs: what they learn, what they leave, and what stops them."""

import json
import math
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from clipcore.checkpoints import save_clip
from clipcore.clip import CLIP
from clipcore.errors import TrainingError
from clipcore.evaluation.datasets import DataSet
from clipcore.training.board import read_metrics
from clipcore.training.checkpoint import checkpoint_path, load_checkpoint, steps_saved
from clipcore.training.loop import train
from clipcore.training.recipe import Recipe
from clipcore.training.run import Run
from clipcore.training.step import Taken
from clipcore.training.trained import RECIPE, trained
from tests.clipcore.tars import write_tar
from tests.clipcore.training.conftest import SMALL, MakeGiven, pair_files, picture

MakeRecipe = Callable[..., Recipe]


def test_it_learns_and_says_so(
    pairs_tar: Path, given: MakeGiven, small_recipe: MakeRecipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unseen pictures of sixteen kinds; captions name the kind, and guessing would be right in 1 of 16."""
    dev = write_tar(tmp_path / "dev.tar", pair_files(16, first=64))
    for number in range(64, 96):
        encoded, caption = picture(number)
        (tmp_path / "classes" / caption.split()[0]).mkdir(parents=True, exist_ok=True)
        (tmp_path / "classes" / caption.split()[0] / f"{number}.png").write_bytes(encoded)
    out = tmp_path / "run"
    recipe = small_recipe(batch_size=16, steps=150, warmup_steps=5, average=0.9, evaluate_every=75)
    train(recipe, given(pairs_tar, out, dev, classify=DataSet(tmp_path / "classes")))
    lines = read_metrics(out / "metrics.jsonl")
    steps, held_out = ([line for line in lines if line["kind"] == kind] for kind in ("step", "held_out"))
    assert len(steps) == 150
    assert steps[0]["chance"] == pytest.approx(math.log(16))
    assert steps[-1]["loss"] < 0.6 * math.log(16)
    assert [line["step"] for line in held_out] == [0, 75, 150]
    assert held_out[-1]["t2i@5"] > 0.8 > 0.5 > held_out[0]["t2i@5"]
    zero_shot = [line["zero_shot"] for line in lines if line["kind"] == "classes"]
    assert len(zero_shot) == 3
    assert zero_shot[-1] > 0.5, "of four colours, asked in words that no caption has around them"
    assert {"logit_scale", "learning_rate", "samples_per_second", "data_share", "gradient_norm"} <= set(steps[0])
    said = capsys.readouterr().err
    assert "step 150/150" in said and "(ln N 2.77)" in said and "waiting for data" in said
    assert Recipe.from_mapping(json.loads((out / RECIPE).read_text())).batch_size == 16
    assert steps_saved(out) == [75, 150]
    assert trained(out).clip.architecture.name == "small"


def test_more_pairs_are_asked_for_than_there_are(
    pairs_tar: Path, given: MakeGiven, small_recipe: MakeRecipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(small_recipe(batch_size=32_768, steps=1), given(pairs_tar, tmp_path / "run"))
    assert "40 pairs do not fill a batch of 32,768: training with 40 a step" in capsys.readouterr().err


def test_a_batch_of_one_is_one_line(given: MakeGiven, small_recipe: MakeRecipe, tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "one.tar", pair_files(1))
    with pytest.raises(TrainingError, match="a batch of one has nothing to tell its pair from"):
        train(small_recipe(), given(tar, tmp_path / "run"))


def test_damage_is_named_and_counted(
    given: MakeGiven, small_recipe: MakeRecipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = pair_files(8) | {"0003.png": b"not a picture", "lone.png": picture(9)[0]}
    train(small_recipe(steps=2), given(write_tar(tmp_path / "a.tar", files), tmp_path / "run"))
    said = capsys.readouterr().err
    assert "left out: 1 pictures without a caption: a.tar:lone" in said
    assert "skipped 0003: 0003 is not a picture" in said
    assert "2 pairs could not be used, and others took their places" in said


def test_not_a_number_stops_and_names_the_pairs(
    pairs_tar: Path, given: MakeGiven, small_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a rate of a million the weights leave what floats can hold; nothing that is not finite is ever saved."""
    out = tmp_path / "run"
    with pytest.raises(TrainingError, match="stopped before the weights took it") as caught:
        train(small_recipe(learning_rate=1e30, steps=40, save_every=1), given(pairs_tar, out))
    (report,) = out.glob("not-a-number-*.json")
    assert str(report) in str(caught.value)
    values = json.loads(report.read_text())
    assert len(values["pairs"]) == 8
    assert all(pair["caption"].startswith(picture(int(pair["key"]))[1]) for pair in values["pairs"])
    assert values["step"] == steps_saved(out)[-1] + 1


def test_asked_to_stop_it_saves_and_the_same_command_goes_on(
    pairs_tar: Path, given: MakeGiven, small_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_to, recipe = given(pairs_tar, tmp_path / "run"), small_recipe(evaluate_every=100)
    take = Run.take

    def take_and_be_stopped(run: Run, batch: object) -> Taken:
        if run.step == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return take(run, batch)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Run, "take", take_and_be_stopped)
        with pytest.raises(TrainingError, match="stopped at step 5 of 12 and saved: the same command goes on"):
            train(recipe, given_to)
    assert steps_saved(given_to.out) == [5]
    train(recipe, given_to)
    lines = read_metrics(given_to.out / "metrics.jsonl")
    assert [line["step"] for line in lines] == list(range(1, 13))


def test_a_full_disk_stops_with_one_line_and_with_room_it_goes_on(
    given: MakeGiven, pairs_tar: Path, small_recipe: MakeRecipe, small_disk: Callable[..., Path]
) -> None:
    out = small_disk("2m") / "run"
    with pytest.raises(
        TrainingError, match="No space left on device; .* is whole: make room and run the same"
    ) as caught:
        train(small_recipe(save_every=1, keep_last=100), given(pairs_tar, out))
    assert "\n" not in str(caught.value)
    saved = steps_saved(out)
    assert 1 <= len(saved) < 12
    for step in saved:
        assert load_checkpoint(checkpoint_path(out, step))["step"] == step
    for step in saved[:-1]:
        checkpoint_path(out, step).unlink()
    train(small_recipe(save_every=1, keep_last=1), given(pairs_tar, out))
    assert steps_saved(out)[-1] == 12


def test_a_folder_keeps_to_one_recipe_and_one_set_of_pairs(
    pairs_tar: Path, given: MakeGiven, small_recipe: MakeRecipe, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    train(small_recipe(), given(pairs_tar, out))
    with pytest.raises(TrainingError, match="another recipe .learning_rate was 0.003, is 0.1.: choose another --out"):
        train(small_recipe(learning_rate=0.1), given(pairs_tar, out))
    more = write_tar(tmp_path / "more.tar", pair_files(41))
    with pytest.raises(TrainingError, match="was trained on 40 pairs and there are 41 now"):
        train(small_recipe(), given(more, out))


def test_weights_of_another_architecture_are_one_line(
    pairs_tar: Path, given: MakeGiven, small_recipe: MakeRecipe, tmp_path: Path
) -> None:
    other = replace(SMALL, name="other", embed_dim=24)
    save_clip(CLIP(other), tmp_path / "other.safetensors")
    given_to = given(pairs_tar, tmp_path / "run", start=str(tmp_path / "other.safetensors"))
    with pytest.raises(
        TrainingError, match="is other, and the recipe is for small: give --architecture other"
    ) as caught:
        train(small_recipe(), given_to)
    assert "\n" not in str(caught.value)
    with pytest.raises(TrainingError, match="the recipe starts from given weights: name them with --from"):
        train(small_recipe(architecture=""), replace(given_to, start=None))


def test_it_starts_from_weights_and_at_another_resolution(
    pairs_tar: Path, given: MakeGiven, small_recipe: MakeRecipe, tmp_path: Path
) -> None:
    """The extra epoch of section 2.5: position embeddings are resized, all else is what it was."""
    first = tmp_path / "first"
    train(small_recipe(), given(pairs_tar, first))
    larger = replace(SMALL, name="small-48", vision=replace(SMALL.vision, image_size=48))
    recipe = small_recipe(architecture=larger, steps=1, learning_rate=1e-9, weight_decay=0.0)
    train(recipe, given(pairs_tar, tmp_path / "second", start=str(first)))
    before, after = trained(first).clip.state_dict(), trained(tmp_path / "second").clip.state_dict()
    assert after["visual.positional_embedding"].shape == (10, 32)
    for name, tensor in before.items():
        if name != "visual.positional_embedding":
            assert torch.allclose(after[name], tensor, atol=1e-6), name
    assert trained(tmp_path / "second").preprocessing.size == 48
