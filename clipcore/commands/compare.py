"""python -m clipcore compare: the contrastive objective beside its rivals, same tower, data and budget."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clipcore.commands.evaluate import DATA
from clipcore.commands.train import SpreadCommand
from clipcore.commands.writing import writing

if TYPE_CHECKING:
    from clipcore.comparison.task import Task
    from clipcore.evaluation.datasets import DataSet

COUNT = click.IntRange(min=1)
SECONDS_BETWEEN = 5.0


@click.command(cls=SpreadCommand)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where the report goes.")
@click.option("--pairs", type=DATA, multiple=True, help="Captioned pictures to train on.  [default: generated ones]")
@click.option("--labelled", type=DATA, help="Ask for the class of these pictures, among all their classes.")
@click.option(
    "--class-names",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What the classes are called: a JSON map of folder to name, or a name a line in the folders' order.",
)
@click.option("--prompt", default="a photo of a {}", show_default=True, help="What a class's name is put into.")
@click.option("--captioned", type=DATA, help="Ask for the caption of these pictures, among those of others.")
@click.option("--choices", type=click.IntRange(min=2), default=20, show_default=True, help="Captions to choose from.")
@click.option("--generated", type=COUNT, default=10_000, show_default=True, help="Pictures, where they are generated.")
@click.option("--questions", type=COUNT, default=500, show_default=True, help="Pictures to ask about at most.")
@click.option("--images", type=COUNT, default=50_000, show_default=True, help="Processed by each, repeats counted.")
@click.option("--batch-size", type=COUNT, default=64, show_default=True)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-3,
    show_default=True,
    help="The peak learning rate.",
)
@click.option("--size", type=click.IntRange(min=16), default=48, show_default=True, help="Pixels of a side.")
@click.option("--patch-size", type=COUNT, default=8, show_default=True, help="Pixels of a patch's side.")
@click.option("--width", type=COUNT, default=128, show_default=True, help="Features; a multiple of 32.")
@click.option("--layers", type=COUNT, default=3, show_default=True, help="Blocks of the image tower.")
@click.option("--text-layers", type=COUNT, default=2, show_default=True, help="Blocks of what reads or writes texts.")
@click.option("--vocabulary", type=COUNT, default=4096, show_default=True, help="Units, learned from the captions.")
@click.option("--points", type=COUNT, default=7, show_default=True, help="How often to ask, each at twice the images.")
@click.option("--objective", "objectives", multiple=True, help="Only this one; may be repeated.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
def compare(out: Path, pairs: "tuple[DataSet, ...]", **options: Any) -> None:
    """Train three objectives on the same batches and draw the paper's efficiency figure (section 2.3, figure 2).

    \b
    contrastive          CLIP: which text belongs to which picture
    bag of words         which words are in the caption, whatever their order
    caption prediction   the caption itself, by a language model that attends to the picture

    Each has the same image tower with the same first weights, sees the same pictures in the same order, and is asked
    the same questions, zero-shot, as training goes on. OUT gets the figure (accuracy against images processed), a
    page with the tables, and results.json.

    \b
    On generated pictures, whose sentence it must tell from ones that are wrong in one thing; asked of compositions of
    colour and shape that training has, and of held-out ones (see `python -m clipcore compositional --help`):
      python -m clipcore compare --out report
    On your own pairs, asked for the caption of other pictures among 20, and for classes:
      python -m clipcore compare --pairs train.tar more.tar --captioned dev.tar --labelled pets@test/ --out report
    Smaller, to see it work:
      python -m clipcore compare --generated 500 --images 2000 --size 32 --width 64 --layers 2 --out report

    \b
    A data set is a folder, .tar, .csv or .tsv as for `evaluate`. A picture that cannot be read is left out, counted
    and named on stderr.
    """
    from clipcore.comparison.learners import OBJECTIVES
    from clipcore.comparison.report import as_text, write_report
    from clipcore.comparison.run import Budget, Curve, train
    from clipcore.comparison.task import learn_tokenizer, small_architecture, small_vit

    chosen = options["objectives"] or tuple(OBJECTIVES)
    _check(pairs, chosen, options)
    vision = small_vit(**{name: options[name] for name in ("size", "patch_size", "width", "layers")})
    budget = Budget(**{name: options[name] for name in ("images", "batch_size", "rate", "points", "seed")})
    task = _task(pairs, options)
    with writing(out):
        tokenizer = learn_tokenizer(task.pictures, options["vocabulary"], out)
    architecture = small_architecture(vision, options["text_layers"], tokenizer)
    chance = {name: questions.chance for name, questions in task.questions.items()}
    curves: dict[str, Curve] = {}
    for objective in chosen:
        told = _progress(objective, budget.steps * budget.batch_size)
        curves[objective] = train(objective, architecture, task.pictures, tokenizer, task.questions, budget, told)
        with writing(out):
            written = write_report(out, curves, chance, _settings(pairs, options, len(task.pictures)))
    click.echo(as_text(curves, chance))
    for path in written:
        click.echo(f"wrote {path}", err=True)


def _check(pairs: "tuple[DataSet, ...]", chosen: tuple[str, ...], options: Mapping[str, Any]) -> None:
    """Says what is wrong before any picture is read."""
    from clipcore.comparison.learners import OBJECTIVES

    if bool(pairs) != bool(options["labelled"] or options["captioned"]):
        raise click.UsageError("give --pairs to train on, and --captioned or --labelled to ask about; or none of them")
    if unknown := set(chosen) - set(OBJECTIVES):
        raise click.UsageError(f"no objective {unknown.pop()!r}: expected one of {', '.join(OBJECTIVES)}")
    if "{}" not in options["prompt"]:
        raise click.UsageError(f"--prompt {options['prompt']!r} has no {{}} where a class's name goes")


def _settings(pairs: "tuple[DataSet, ...]", options: dict[str, Any], pictures: int) -> dict[str, str]:
    """What ran, as words."""
    given = options | {"pictures": pictures, "pairs": ", ".join(map(str, pairs)) or None}
    return {name: str(value) for name, value in given.items() if value not in (None, ())}


def _task(pairs: "tuple[DataSet, ...]", options: Mapping[str, Any]) -> "Task":
    from clipcore.comparison.task import Asked, compositional_task, pairs_task
    from clipcore.pairs.skipped import Skipped

    size, seed, most = options["size"], options["seed"], options["questions"]
    if not pairs:
        return compositional_task(size, seed, options["generated"], most)
    names = ("captioned", "labelled", "class_names", "prompt", "choices")
    asked, skipped = Asked(**{name: options[name] for name in names}, most=most), Skipped()
    task = pairs_task(pairs, asked, size, seed, skipped)
    for line in skipped.lines():
        click.echo(f"left out: {line}", err=True)
    return task


def _progress(objective: str, of: int) -> Callable[[int, float, float], None]:
    """A line on stderr every few seconds, and at the end."""
    last = time.monotonic()

    def tell(images: int, loss: float, pace: float) -> None:
        nonlocal last
        if images == of or time.monotonic() - last >= SECONDS_BETWEEN:
            last = time.monotonic()
            click.echo(f"{objective} {images:,}/{of:,} images, loss {loss:.3f}, {pace:,.0f} images/s", err=True)

    return tell
