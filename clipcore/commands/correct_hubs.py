"""``python -m clipcore correct-hubs``: a bundle whose vectors know which of them are found too often."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from clipcore.commands.evaluate import DATA

if TYPE_CHECKING:
    from clipcore.evaluation.datasets import DataSet

TAR = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("correct-hubs")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--pairs", "tars", type=TAR, multiple=True, required=True, help="A WebDataset tar of captioned pictures.")
@click.option("--labelled", type=DATA, help="Pictures with labels that it was trained on: TAR[@PREFIX] or FOLDER.")
@click.option("--bank", default=2048, show_default=True, help="Pictures, and captions, that stand for all others.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Its folder; it must not exist yet.")
def correct_hubs(source: Path, tars: tuple[Path, ...], labelled: "DataSet | None", bank: int, out: Path) -> None:
    """Write SOURCE, a bundle's folder, anew with CSLS in its vectors: recall rises, nothing is trained.

    Some pictures lie near every text and are found too often. Here each vector takes along how near it is to some
    thousand captions (or pictures) that you give, and the cosine of two becomes CSLS / 4: docs/encoders.md says how.
    Give captions like the questions that will be asked, of pictures that you will not measure on. Labels that it was
    trained on take the pictures of others: --labelled gives pictures by which their names are found less often.

    \b
      python -m clipcore correct-hubs my-encoder --pairs photos.tar --pairs more.tar --out my-encoder-csls
      python -m clipcore evaluate my-encoder-csls --pairs other-photos.tar
    """
    from clipcore import hubness
    from clipcore.bundle import Bundle

    bundle = hubness.correct_hubs(Bundle.read(source), tars, out, bank, labelled)
    click.echo(f"{bundle.folder} {bundle.dim} features {bundle.fingerprint}", err=True)
