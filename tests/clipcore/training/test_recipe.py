import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from clipcore.__main__ import main
from clipcore.architectures import PUBLISHED
from clipcore.errors import TrainingError
from clipcore.training.locked_recipe import LockedRecipe, Phase
from clipcore.training.recipe import LEARNING_RATES, RECIPES, Recipe, load_recipe, recipe_names
from clipcore.training.schedule import warmup_cosine


def test_the_starters_recipe_and_an_override() -> None:
    recipe = load_recipe("starter", {"seed": 7})
    assert recipe.seed == 7
    assert recipe.phases == load_recipe("starter").phases


def test_a_recipe_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from clipcore.training.locked_recipe import LockedRecipe, Phase\n"
        "RECIPE = LockedRecipe(phases=(Phase(1, 2, 1e-3),), embed_dim=8)\n"
    )
    assert load_recipe(str(path)) == LockedRecipe(phases=(Phase(1, 2, 1e-3),), embed_dim=8)


@pytest.mark.parametrize("name", ["no-such-recipe", "/no/such/file.py"])
def test_no_such_recipe(name: str) -> None:
    with pytest.raises(TrainingError, match="no recipe .* or one of .*starter"):
        load_recipe(name)


def test_a_file_that_defines_none(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("x = 1\n")
    with pytest.raises(TrainingError, match="defines no RECIPE"):
        load_recipe(str(tmp_path / "empty.py"))


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(TrainingError, match="the recipe has no 'learning_rat'; the nearest is 'learning_rate'"):
        load_recipe("tiny", {"learning_rat": 1})
    with pytest.raises(TrainingError, match="the recipe has no 'lora_rank'"):
        load_recipe("starter", {"lora_rank": 1})


def test_the_command_line_refuses_an_unknown_key(tmp_path: Path) -> None:
    tar = tmp_path / "a.tar"
    tar.touch()
    result = CliRunner().invoke(main, ["train", "starter", "--pairs", str(tar), "--out", "x", "--learning-rat", "1"])
    assert result.exit_code == 2
    assert "No such option" in result.output and "--learning-rate" in result.output, "the nearest is named"


def test_pairs_takes_several_tars(tmp_path: Path) -> None:
    """The second is not there, and that is what the command complains about."""
    names = [str(tmp_path / name) for name in ("a.tar", "b.tar")]
    (tmp_path / "a.tar").touch()
    result = CliRunner().invoke(main, ["train", "starter", "--pairs", *names, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "b.tar' does not exist" in result.output


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_opens_with_its_command_and_what_it_gives(name: str) -> None:
    recipe = load_recipe(name)
    text = (RECIPES / f"{name}.py").read_text("utf-8")
    assert f"python -m clipcore train {name} " in text.partition('"""')[2].partition('"""')[0]
    if isinstance(recipe, Recipe):
        assert Recipe.from_mapping(json.loads(json.dumps(recipe.to_mapping()))) == recipe


def test_the_defaults_are_the_papers() -> None:
    """Appendix F, tables 18 to 20."""
    recipe = Recipe()
    assert (recipe.batch_size, recipe.epochs, recipe.weight_decay, recipe.warmup_steps) == (32_768, 32, 0.2, 2000)
    assert recipe.adam == (0.9, 0.98, 1e-6)
    assert Recipe("RN50").adam == (0.9, 0.999, 1e-8)
    rates = {name: Recipe(name).peak_rate for name in PUBLISHED}
    assert (
        rates
        == LEARNING_RATES
        == {
            **dict.fromkeys(("RN50", "RN101", "RN50x4", "ViT-B-32", "ViT-B-16"), 5e-4),
            **{"RN50x16": 4e-4, "RN50x64": 3.6e-4, "ViT-L-14": 4e-4, "ViT-L-14-336": 2e-5},
        }
    )
    with pytest.raises(TrainingError, match="no learning rate for ViT-H-14: give one"):
        _ = Recipe("ViT-H-14").peak_rate


def test_help_lists_plain_fields_and_what_they_are() -> None:
    text = CliRunner().invoke(main, ["train", "--help"]).output
    assert "--batch-size INTEGER            pairs in a step, over all machines" in text
    assert "--architecture TEXT" in text and "--objective [contrastive|sigmoid]" in text
    assert "--templates" not in text and "--phases" not in text, "what is no plain value stands in a recipe file"


def test_an_override_from_the_command_line_keeps_its_type(tmp_path: Path) -> None:
    arguments = ["train", "tiny", "--pairs", str(tmp_path), "--out", str(tmp_path), "--checkpointing", "perhaps"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "'perhaps' is not a valid boolean" in result.output


def test_warmup_then_cosine() -> None:
    factors = [warmup_cosine(step, steps=100, warmup=10) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1 * k for k in range(1, 11)])
    assert factors[10] == 1.0
    assert all(a >= b for a, b in zip(factors[10:], factors[11:], strict=False))
    assert factors[55] == pytest.approx(0.5, abs=0.02)
    assert 0 < factors[-1] < 0.01
