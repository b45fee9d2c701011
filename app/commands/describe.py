"""sightline describe: what is in a photo."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from app.commands.options import as_json, command
from app.commands.photo import vector_of
from app.describe import Description
from app.services import Services
from app.vocabularies import DEFAULT_VOCABULARY

_WORTH_SAYING = 0.2  # of what a tag's probability is: less likely kinds of it are not shown


@click.command()
@click.argument("photo")
@click.option("-c", "--caption", "captions", multiple=True, help="Choose among these instead (give it several times).")
@click.option("--captions-from", type=click.File("r", encoding="utf-8"), help="Choose among the lines of a file.")
@click.option("--library-captions", is_flag=True, help="Choose among the captions of the photos nearest to this one.")
@click.option(
    "--vocabulary",
    default=DEFAULT_VOCABULARY,
    show_default=True,
    help="Choose among its tags: a name, your own list (a file), or a folder of lists.",
)
@click.option("-k", "--top", default=5, show_default=True, type=click.IntRange(1, 100), help="How many.")
@as_json
@click.pass_obj
@command
def describe(
    services: Services,
    photo: str,
    captions: Sequence[str],
    captions_from: Any,
    library_captions: bool,
    vocabulary: str,
    top: int,
    as_json: bool,
) -> None:
    """Say what is in PHOTO (a file, or an id): the likeliest tags of a vocabulary, or of your own captions.

    A tag comes with the probability that it holds, and its likelier kinds below it (dog, then which dog); captions
    share 100%, as one of them is taken to be right.

    \b
      sightline describe holiday.jpg
      sightline describe holiday.jpg --vocabulary ~/birds.txt
      sightline describe holiday.jpg -c "a sunset" -c "a birthday party"
      sightline describe holiday.jpg --library-captions
    """
    offered = [*captions, *(captions_from or ())]
    vector = vector_of(services, photo)
    if offered:
        found = services.describe.by_captions(vector, offered, top)
    elif library_captions:
        found = services.describe.by_library(vector, top)
    else:
        found = services.describe.by_tags(vector, services.describe.tags_at(vocabulary), top)
    if as_json:
        click.echo(json.dumps([asdict(item) for item in found]))
    else:
        for item in found:
            _show(item)


def _show(item: Description) -> None:
    click.echo(f"{item.probability:6.1%}  {item.text}")
    for kind in item.kinds:
        if kind.probability >= _WORTH_SAYING * item.probability:
            click.echo(f"{kind.probability:6.1%}    {kind.text}")
