from pathlib import Path

import pytest
from click.testing import CliRunner

from clipcore.__main__ import main
from clipcore.errors import TrainingError
from clipcore.training.recipe import LockedRecipe, Phase, load_recipe
from clipcore.training.schedule import warmup_cosine


def test_the_starters_recipe_and_an_override() -> None:
    recipe = load_recipe("starter", {"seed": 7})
    assert recipe.seed == 7
    assert recipe.phases == load_recipe("starter").phases


def test_a_recipe_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from clipcore.training.recipe import LockedRecipe, Phase\n"
        "RECIPE = LockedRecipe(phases=(Phase(1, 2, 1e-3),), embed_dim=8)\n"
    )
    assert load_recipe(str(path)) == LockedRecipe(phases=(Phase(1, 2, 1e-3),), embed_dim=8)


@pytest.mark.parametrize("name", ["no-such-recipe", "/no/such/file.py"])
def test_no_such_recipe(name: str) -> None:
    with pytest.raises(TrainingError, match="no recipe .* or one of starter"):
        load_recipe(name)


def test_a_file_that_defines_none(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("x = 1\n")
    with pytest.raises(TrainingError, match="defines no RECIPE"):
        load_recipe(str(tmp_path / "empty.py"))


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(TrainingError, match="the recipe has no 'learning_rat'"):
        load_recipe("starter", {"learning_rat": 1})


def test_the_command_line_refuses_an_unknown_key(tmp_path: Path) -> None:
    tar = tmp_path / "a.tar"
    tar.touch()
    result = CliRunner().invoke(main, ["train", "starter", "--pairs", str(tar), "--out", "x", "--learning-rat", "1"])
    assert result.exit_code == 2
    assert "No such option" in result.output and "--learning-rat" in result.output


def test_pairs_takes_several_tars(tmp_path: Path) -> None:
    """The second is not there, and that is what the command complains about."""
    names = [str(tmp_path / name) for name in ("a.tar", "b.tar")]
    (tmp_path / "a.tar").touch()
    result = CliRunner().invoke(main, ["train", "starter", "--pairs", *names, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "b.tar' does not exist" in result.output


def test_warmup_then_cosine() -> None:
    factors = [warmup_cosine(step, steps=100, warmup=10) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1 * k for k in range(1, 11)])
    assert factors[10] == 1.0
    assert all(a >= b for a, b in zip(factors[10:], factors[11:], strict=False))
    assert factors[55] == pytest.approx(0.5, abs=0.02)
    assert 0 < factors[-1] < 0.01
