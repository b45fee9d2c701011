"""The one command that makes the starter again, with something else in place of Python: what it runs, in what order."""

import os
import subprocess
from pathlib import Path

DATA = Path(__file__).parents[2] / "data"
RECIPES = {path.stem for path in (DATA.parent / "clipcore" / "recipes").glob("*.py")}


def test_each_step_uses_what_the_ones_before_made_and_none_is_made_twice(tmp_path: Path) -> None:
    """It stands in for a quarter of an hour of a GPU: each command is written down, and what it would make is there."""
    log, python, runs = tmp_path / "log", tmp_path / "python", tmp_path / "runs"
    python.write_text(
        f'#!/bin/sh\necho "$@" >> {log}\nfor last; do :; done\ncase "$last" in *.part) mkdir "$last";; esac\n'
    )
    python.chmod(0o755)
    command = [DATA / "starter" / "make.sh", "tars", runs]
    environment = os.environ | {"PYTHON": str(python), "NPM": "true"}
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)
    lines = log.read_text().splitlines()
    trained = [line.split()[3] for line in lines if line.startswith("-m clipcore train")]
    assert trained == ["starter", "starter_slow", "starter_fast", "starter_kinds"] and set(trained) <= RECIPES
    there: set[str] = set()
    for line in lines:
        words = line.split()
        used = {word for word in words if word.startswith(f"{runs}/") and "packages" not in word}
        made = {word for word in used if word.endswith(".part")}
        assert used - made <= there, line
        there |= {word.removesuffix(".part") for word in made}
    assert f"{runs}/bundle" in there
    log.unlink()
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)
    assert [line.split()[2] for line in log.read_text().splitlines()] == ["evaluate", "evaluate"]
