"""``python -m clipcore train``: an encoder from pictures with captions, by a recipe."""

from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

import click

if TYPE_CHECKING:
    from clipcore.training.locked_recipe import LockedRecipe
    from clipcore.training.recipe import Recipe

FOLDER = click.Path(path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


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


def recipe_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """One option for each plain field of a recipe, so that ``--help`` lists them and any other key is an error."""
    from clipcore.training.locked_recipe import LockedRecipe
    from clipcore.training.recipe import Recipe

    hints = get_type_hints(Recipe, include_extras=True)
    hints |= {name: hint for name, hint in get_type_hints(LockedRecipe).items() if name not in hints}
    for name, hint in reversed(hints.items()):
        kind, text = (get_args(hint)[0], get_args(hint)[1]) if hasattr(hint, "__metadata__") else (hint, "")
        option_type = _option_type(kind)
        if option_type is not None:
            only_locked = "" if name in Recipe.__dataclass_fields__ else "Of locked-tower recipes. "
            option = click.option(f"--{name.replace('_', '-')}", type=option_type, help=only_locked + text)
            command = option(command)
    return command


def _option_type(kind: Any) -> Any:
    if get_origin(kind) is Literal:
        return click.Choice(get_args(kind))
    if kind in (int, float, bool):
        return kind
    return str if get_origin(kind) in (UnionType, Union) and str in get_args(kind) else None


@click.command(cls=SpreadCommand)
@click.argument("recipe")
@click.option(
    "--pairs",
    multiple=True,
    required=True,
    metavar="DATA...",
    help="Pictures with captions: tars, folders, tables; 'shards/{0000..0099}.tar' and '*' for many.",
)
@click.option("--eval", "evaluate_on", metavar="DATA", help="Captioned pictures to measure on; never trained on.")
@click.option("--general", metavar="DATA", help="Captioned pictures of another kind: what does fine-tuning forget?")
@click.option("--classify", metavar="DATA", help="Labelled pictures, for zero-shot accuracy during the run.")
@click.option("--out", type=FOLDER, required=True, help="The run's folder; a run that was stopped there goes on.")
@click.option(
    "--from", "start", metavar="WEIGHTS", help="Start from a run's folder, a weights file, ViT-B-32/openai ..."
)
@click.option(
    "--vocabulary", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="One's own merges file."
)
@click.option("--device", help="cuda or cpu; the best there is, when not given.")
@click.option("--cache", type=FOLDER, help="Of locked-tower recipes: where features are kept. [default: OUT/features]")
@recipe_options
def train(
    recipe: str,
    pairs: tuple[str, ...],
    evaluate_on: str | None,
    general: str | None,
    classify: str | None,
    out: Path,
    start: str | None,
    vocabulary: Path | None,
    device: str | None,
    cache: Path | None,
    **overrides: Any,
) -> None:
    """Train an encoder by RECIPE: the name of one that comes with clipcore, or a Python file.

    \b
    See one learn, on a laptop, in a minute:
      python -m clipcore train tiny --pairs data/check.tar --out runs/tiny
    Your own photos and captions (a column of paths, one of captions), held-out ones to measure on:
      python -m clipcore train fine_tune --from ViT-B-32/openai --pairs captions.csv --eval dev.csv --out runs/mine
      python -m clipcore export runs/mine --out my-encoder
    The paper's recipe, on eight GPUs:
      torchrun --nproc-per-node 8 -m clipcore train vit_b_32 --pairs 'shards/{00000..41455}.tar' --out runs/b32

    \b
    DATA is a WebDataset tar (KEY.jpg beside KEY.txt or KEY.json), a folder with NAME.txt or NAME.json beside each
    picture, or a table (.csv, .tsv, .parquet) with a column of paths, relative to it, and one of captions.

    Everything a recipe sets can be given as --key value. The run's folder holds recipe.json, metrics.jsonl,
    TensorBoard's events, checkpoints, and report.html; Ctrl-C saves, and the same command goes on.
    """
    from clipcore.training.recipe import Recipe, load_recipe

    values = {name: value for name, value in overrides.items() if value is not None}
    chosen = load_recipe(recipe, values)
    if isinstance(chosen, Recipe):
        _train(chosen, pairs, (evaluate_on, general, classify), out, start, vocabulary, device)
    else:
        _train_locked(chosen, pairs, (evaluate_on, classify), out, start, cache, device)


def _train(
    recipe: "Recipe",
    pairs: tuple[str, ...],
    held_out: tuple[str | None, str | None, str | None],
    out: Path,
    start: str | None,
    vocabulary: Path | None,
    device: str | None,
) -> None:
    from clipcore.evaluation.datasets import DataSet
    from clipcore.photos import register_heif
    from clipcore.training.loop import train as run
    from clipcore.training.run import Given

    register_heif()
    evaluate_on, general, classify = (DataSet.parse(text) if text else None for text in held_out)
    run(recipe, Given(pairs, out, evaluate_on, general, classify, start, vocabulary), device)


def _train_locked(
    recipe: "LockedRecipe",
    pairs: tuple[str, ...],
    measured_on: tuple[str | None, str | None],
    out: Path,
    start: str | None,
    cache: Path | None,
    device: str | None,
) -> None:
    from clipcore.evaluation.datasets import DataSet
    from clipcore.training.end_to_end import MeasuredOn
    from clipcore.training.end_to_end import train as run_end_to_end
    from clipcore.training.locked import train as run

    tars, begin = [_tar(path) for path in pairs], Path(start) if start else None
    if recipe.end_to_end:
        captioned, labelled = (DataSet.parse(text) if text else None for text in measured_on)
        run_end_to_end(recipe, tars, MeasuredOn(captioned, labelled), out, device, begin)
        return
    evaluate_on, _ = measured_on
    run(recipe, tars, _tar(evaluate_on) if evaluate_on else None, out, cache, begin)


def _tar(text: str) -> Path:
    if not Path(text).is_file():
        raise click.BadParameter(f"File '{text}' does not exist.", param_hint="--pairs or --eval")
    return Path(text)
