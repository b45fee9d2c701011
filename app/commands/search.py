"""sightline search, similar: photos by a description, and photos like one."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from app.commands.options import as_json, command, paths_only
from app.commands.photo import id_of, read
from app.errors import AppError
from app.query import Query
from app.search import MAX_RESULTS, Results
from app.services import Services

top = click.option(
    "-k", "--top", default=20, show_default=True, type=click.IntRange(1, MAX_RESULTS), help="How many results."
)


@click.command()
@click.argument("description", nargs=-1, required=True)
@top
@as_json
@paths_only
@click.pass_obj
@command
def search(services: Services, description: Sequence[str], top: int, as_json: bool, paths: bool) -> None:
    """Find photos by DESCRIPTION, best first, each with its score (cosine).

    \b
      sightline search a dog on the beach
      sightline search -k 5 --paths "birthday cake" | xargs -d '\\n' cp -t ~/party
    """
    _show(services.search(Query(" ".join(description)), top), as_json, paths)


@click.command()
@click.argument("photo")
@top
@as_json
@paths_only
@click.pass_obj
@command
def similar(services: Services, photo: str, top: int, as_json: bool, paths: bool) -> None:
    """Find photos like PHOTO: a file, or the id of a photo in the library."""
    photo_id = id_of(services, photo)
    query = Query(photos=(photo_id,)) if photo_id else Query(images=(read(services, photo),))
    _show(services.search(query, top), as_json, paths)


def _show(results: Results, as_json: bool, paths: bool) -> None:
    if not results.searched:
        raise AppError("the library is empty: sightline index FOLDER")
    if as_json:
        items = [asdict(hit.photo) | {"score": hit.score} for hit in results.hits]
        click.echo(json.dumps({"items": items, "searched": results.searched, "took_ms": results.took_ms}, default=str))
        return
    for hit in results.hits:
        click.echo(hit.photo.path if paths else f"{hit.score:.3f}  {hit.photo.path}")
