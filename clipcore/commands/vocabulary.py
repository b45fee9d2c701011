"""``python -m clipcore vocabulary``: learn a tokenizer's vocabulary from captions."""

from pathlib import Path

import click

from clipcore.tokenizer import UNITS

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("captions", nargs=-1, required=True, type=FILE)
@click.option("--units", default=UNITS, show_default=True, help="Bytes, merges, start and end, as the paper counts.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="For example merges.txt.gz")
def vocabulary(captions: tuple[Path, ...], units: int, out: Path) -> None:
    """Learn a vocabulary from CAPTIONS: text files with one caption a line, or WebDataset tars.

    \b
      python -m clipcore vocabulary captions.txt photos.tar --out merges.txt.gz

    The model must then be trained with it; load_encoder(weights, vocabulary="merges.txt.gz") reads both.
    """
    from clipcore.vocabulary import learn_merges, read_captions, write_merges

    merges = learn_merges(read_captions(captions), units)
    write_merges(merges, out)
    made = len(merges) + 256 + 2
    few = "" if made == units else f" (the captions hold no more; {units} were asked for)"
    click.echo(f"{out}: {made} units{few}", err=True)
