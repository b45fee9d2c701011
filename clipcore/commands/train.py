"""``python -m clipcore train``: an encoder from pictures with captions, by a recipe."""

from pathlib import Path
from typing import Any

import click

TAR = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(path_type=Path)


class SpreadCommand(click.Command):
    """A command whose repeatable options take several values at once: ``--pairs A.tar B.tar``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        repeatable = {name for p in self.params if isinstance(p, click.Option) and p.multiple for name in p.opts}
        return super().parse_args(ctx, _spread(args, repeatable))


def _spread(args: list[str], repeatable: set[str]) -> list[str]:
    """``--pairs A B`` as ``--pairs A --pairs B``."""
    spread: list[str] = []
    current = None
    for arg in args:
        if arg.startswith("-"):
            current = arg if arg in repeatable else None
            spread += [] if current else [arg]
        else:
            spread += [current, arg] if current else [arg]
    return spread


def recipe_options(command: Any) -> Any:
    """One option for each plain field of a recipe, so that ``--help`` lists them and any other key is an error."""
    from dataclasses import fields

    from clipcore.training.recipe import LockedRecipe

    for field in reversed(fields(LockedRecipe)):
        if field.type in (int, float):
            option = click.option(f"--{field.name.replace('_', '-')}", type=field.type, help="Overrides the recipe.")
            command = option(command)
    return command


@click.command(cls=SpreadCommand)
@click.argument("recipe")
@click.option(
    "--pairs", type=TAR, multiple=True, required=True, help="WebDataset tars to train on: --pairs A.tar B.tar"
)
@click.option("--eval", "evaluate_on", type=TAR, help="A tar of captioned pictures to measure on; never trained on.")
@click.option("--out", type=FOLDER, required=True, help="Where weights, the effective recipe and metrics.jsonl go.")
@click.option("--from", "start", type=FOLDER, help="Go on from the weights of an earlier run.")
@click.option("--cache", type=FOLDER, help="Where the locked tower's features are kept. [default: OUT/features]")
@recipe_options
def train(
    recipe: str,
    pairs: tuple[Path, ...],
    evaluate_on: Path | None,
    out: Path,
    cache: Path | None,
    start: Path | None,
    **overrides: Any,
) -> None:
    """Train an encoder by RECIPE: the name of one that comes with clipcore ("starter"), or a Python file.

    The metrics are JSON lines in OUT/metrics.jsonl; progress is on stderr.
    """
    from clipcore.training.locked import train as run
    from clipcore.training.recipe import load_recipe

    given = {name: value for name, value in overrides.items() if value is not None}
    run(load_recipe(recipe, given), pairs, evaluate_on, out, cache, start)
