"""python -m clipcore classify: which of some labels say best what is in each picture."""

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clipcore.commands.options import architecture_option, precision_option, templates_option

if TYPE_CHECKING:
    from clipcore.commands.answers import Answer
    from clipcore.encoder import Encoder
    from clipcore.load import Precision
    from clipcore.runtimes.base import Vectors


@click.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PHOTO...")
@click.option("--labels", help="Class names with commas between them: cat,dog,hot dog")
@click.option(
    "--labels-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Class names, one a line, or the values of a JSON map.",
)
@templates_option
@click.option("--encoder", default="starter", show_default=True, help="A bundle, a weights file, or ViT-B-32/openai.")
@architecture_option
@precision_option
@click.option("-k", "--top", default=5, show_default=True, type=click.IntRange(min=1), help="Labels to show of each.")
@click.option("--format", "format_", default="table", show_default=True, type=click.Choice(["table", "csv", "json"]))
def classify(
    photos: tuple[Path, ...],
    labels: str | None,
    labels_file: Path | None,
    templates: str,
    encoder: str,
    architecture: str | None,
    precision: "Precision",
    top: int,
    format_: str,
) -> None:
    """Zero-shot classification of every PHOTO, and of all pictures below a PHOTO that is a folder.

    \b
      python -m clipcore classify cat.jpg --labels cat,dog,bird
      python -m clipcore classify ~/Pictures --labels-file animals.txt --top 1 --format csv > animals.csv
      python -m clipcore classify cat.jpg --labels tabby,siamese --templates breeds.txt

    where breeds.txt has lines like "a photo of a {}, a breed of cat". The probabilities are those of the labels
    against each other, at the temperature the encoder learned: one of them always wins, so add a label for what else
    there may be.

    Results go to stdout as they are found: a line for each picture (table), a line for each label of it (csv), or one
    JSON object a line (json). A picture that cannot be read is a row with its error, and a line on stderr; the exit
    status is then 1.
    """
    from clipcore.commands.answers import WRITERS
    from clipcore.load import load_encoder
    from clipcore.photos import find_photos, register_heif
    from clipcore.progress import Progress
    from clipcore.prompts import check_labels, load_templates, read_labels
    from clipcore.zeroshot import class_vectors

    if (labels is None) == (labels_file is None):
        raise click.UsageError("expected either --labels or --labels-file")
    names = check_labels(labels.split(","), "--labels") if labels is not None else read_labels(labels_file or Path())
    prompts = load_templates(templates)
    register_heif()
    paths = list(find_photos(photos))
    if not paths:
        raise click.UsageError(f"no pictures below {', '.join(map(str, photos))}")
    loaded = load_encoder(encoder, architecture, precision=precision)
    classes = class_vectors(loaded, names, prompts, Progress("labels", len(names)))

    progress, failed = Progress("pictures", len(paths)), 0
    write = WRITERS[format_](sys.stdout)
    for done, answer in enumerate(_answers(loaded, paths, classes, names, top), 1):
        write(answer)
        if answer.error:
            failed += 1
            click.echo(f"{answer.shown_path}: {answer.error}", err=True)
        progress(done)
    if failed:
        click.echo(f"{failed} of {len(paths)} pictures could not be read", err=True)
        sys.exit(1)


def _answers(
    encoder: "Encoder", paths: Sequence[Path], classes: "Vectors", names: Sequence[str], top: int
) -> Iterator["Answer"]:
    """What each picture is, in order."""
    from clipcore.commands.answers import Answer
    from clipcore.stream import decode_ahead, encode_each

    for path, vector in encode_each(decode_ahead(paths, partial(encoder.decode, fast=True)), encoder.encode_pixels):
        yield Answer.of(path, vector, classes, names, encoder.logit_scale, top)
