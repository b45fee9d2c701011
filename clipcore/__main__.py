"""python -m clipcore: train, export and evaluate encoders, and classify pictures with them."""

import logging
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from clipcore.commands.classify import classify
from clipcore.commands.evaluate import evaluate
from clipcore.commands.vocabulary import vocabulary
from clipcore.errors import ClipcoreError, PromptError

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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """CLIP: two encoders, one space.

    \b
    Make the starter encoder from pictures with captions (WebDataset tars), look at it, ship it:
      python -m clipcore train starter --pairs A.tar B.tar --eval DEV.tar --out runs/starter
      python -m clipcore export runs/starter --out data/starter
      python -m clipcore evaluate data/starter --pairs DEV.tar

    \b
    Say what is in pictures:
      python -m clipcore classify cat.jpg ~/Pictures --labels cat,dog,bird
    """


main.add_command(classify)
main.add_command(evaluate)
main.add_command(vocabulary)


def recipe_options(command: Any) -> Any:
    """One option for each plain field of a recipe, so that ``--help`` lists them and any other key is an error."""
    from dataclasses import fields

    from clipcore.training.recipe import LockedRecipe

    for field in reversed(fields(LockedRecipe)):
        if field.type in (int, float):
            option = click.option(f"--{field.name.replace('_', '-')}", type=field.type, help="Overrides the recipe.")
            command = option(command)
    return command


@main.command(cls=SpreadCommand)
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


@main.command()
@click.argument("run", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="The folder of the bundle; it must not exist yet.")
@click.option("--name", default="starter", show_default=True, help="What the encoder calls itself.")
def export(run: Path, out: Path, name: str) -> None:
    """Write the encoder that RUN trained as a bundle: two ONNX graphs, a tokenizer and a manifest."""
    from clipcore.export_locked import export_run

    bundle = export_run(run, out, name)
    click.echo(f"{bundle.folder} {bundle.precision} {bundle.fingerprint}", err=True)


def run(args: Sequence[str] | None = None) -> None:
    """The command line; a mistake of the user's is one line on stderr and exit status 2, a failure 1."""
    logging.getLogger("PIL").setLevel(logging.CRITICAL)  # a damaged picture is reported by us, once
    warnings.filterwarnings("ignore", module="PIL")
    try:
        main(args, prog_name="python -m clipcore")
    except ClipcoreError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2 if isinstance(error, PromptError) else 1)


if __name__ == "__main__":
    run()
