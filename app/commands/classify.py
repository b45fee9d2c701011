"""sightline classify: which of some labels every picture of a folder is, as a table."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from app.commands.options import as_json, command
from app.errors import NotFoundError, QueryError
from app.services import Services


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FOLDER...", type=click.Path(path_type=Path))
@click.option("--labels", help="With commas between them: cat,dog,something else")
@click.option(
    "--labels-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="One a line, or a JSON map."
)
@click.option("--templates", default="default", show_default=True, metavar="SET|FILE", help="How each label is asked.")
@click.option(
    "-k", "--top", default=1, show_default=True, type=click.IntRange(1), help="Labels to show of each picture."
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV: path, rank, label, probability, error.")
@as_json
@click.pass_obj
@command
def classify(
    services: Services,
    paths: Sequence[Path],
    labels: str | None,
    labels_file: Path | None,
    templates: str,
    top: int,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Say which label each picture below FOLDER is. Indexed pictures are not looked at again.

    The probabilities are those of the labels against each other: one of them always wins, so add one for what else
    there may be. JSON is one object a line. Exit status 1 when a picture could not be read.

    \b
      sightline classify ~/Scans --labels "a receipt,a letter,a photo" --csv > scans.csv
      sightline classify ~/Pictures --labels-file animals.txt -k 3 --json
    """
    from app.bars import counted
    from app.classify import classify as answers
    from clipcore.commands.answers import WRITERS
    from clipcore.photos import find_photos, register_heif
    from clipcore.prompts import check_labels, load_templates, read_labels
    from clipcore.zeroshot import class_vectors

    if (labels is None) == (labels_file is None):
        raise QueryError("expected either --labels or --labels-file")
    if as_csv and as_json:
        raise QueryError("expected --csv or --json, not both")
    if missing := [path for path in paths if not path.exists()]:
        raise NotFoundError(f"no such file: {missing[0]}")
    names = check_labels(labels.split(","), "--labels") if labels is not None else read_labels(labels_file or Path())
    register_heif()
    found = [path.absolute() for path in find_photos(paths)]
    if not found:
        raise NotFoundError(f"no pictures below {', '.join(map(str, paths))}")
    classes = class_vectors(services.library.encoder, names, load_templates(templates))
    write = WRITERS["csv" if as_csv else "json" if as_json else "table"](sys.stdout)
    failed = 0
    with counted("Classifying") as progress:
        for done, answer in enumerate(answers(services.library, found, names, classes, top), 1):
            write(answer)
            failed += bool(answer.error)
            progress(done, len(found))
    if failed:
        click.echo(f"{failed:,} of {len(found):,} pictures could not be read", err=True)
        sys.exit(1)
