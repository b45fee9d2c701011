"""sightline describe: what is in a photo."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from app.commands.options import as_json, command
from app.commands.photo import vector_of
from app.services import Services
from app.vocabularies import DEFAULT_VOCABULARY


@click.command()
@click.argument("photo")
@click.option("-c", "--caption", "captions", multiple=True, help="Choose among these instead (give it several times).")
@click.option("--captions-from", type=click.File("r", encoding="utf-8"), help="Choose among the lines of a file.")
@click.option("--vocabulary", default=DEFAULT_VOCABULARY, show_default=True, help="Choose among its tags.")
@click.option("-k", "--top", default=5, show_default=True, type=click.IntRange(1, 100), help="How many.")
@as_json
@click.pass_obj
@command
def describe(
    services: Services,
    photo: str,
    captions: Sequence[str],
    captions_from: Any,
    vocabulary: str,
    top: int,
    as_json: bool,
) -> None:
    """Say what is in PHOTO (a file, or an id): the likeliest tags of a vocabulary, or of your own captions.

    \b
      sightline describe holiday.jpg
      sightline describe holiday.jpg -c "a sunset" -c "a birthday party"
    """
    offered = [*captions, *(captions_from or ())]
    vector = vector_of(services, photo)
    if offered:
        found = services.describe.by_captions(vector, offered, top)
    else:
        found = services.describe.by_vocabulary(vector, vocabulary, top)
    if as_json:
        click.echo(json.dumps([asdict(item) for item in found]))
    else:
        for item in found:
            click.echo(f"{item.probability:6.1%}  {item.text}")
