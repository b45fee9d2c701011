"""sightline name: names of persons, pets and things, taught on a few photos."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from app.commands.options import as_json, command, listing
from app.commands.photo import ids_of
from app.counts import count_of
from app.errors import QueryError
from app.services import Services

if TYPE_CHECKING:
    from app.names import Taught


@click.command()
@click.argument("name", required=False)
@click.argument("photos", nargs=-1)
@click.option("--list", "listed", is_flag=True, help="List all names, with the photos each was taught on.")
@click.option("--forget", is_flag=True, help="Forget NAME; or, with PHOTOS, that they show it.")
@as_json
@click.pass_obj
@command
def name(
    services: Services, name: str | None, photos: Sequence[str], listed: bool, forget: bool, as_json: bool
) -> None:
    """Teach NAME, of a person, a pet or a thing, on a few PHOTOS (files, or ids) that show it.

    From then on every description understands it. Three to five photos, as different as can be, are best; the name
    stays when photos move and when the library goes over to another encoder.

    \b
      sightline name Rex IMG_1.jpg IMG_2.jpg IMG_3.jpg
      sightline search Rex on the beach
      sightline name --list
      sightline name --forget Rex IMG_2.jpg    not this photo
      sightline name --forget Rex              the whole name
    """
    from app.names import find_name, forget_name, list_names, teach

    library = services.library
    if listed or name is None:
        if name is not None or forget:
            raise QueryError("--list takes no name")
        listing(
            list_names(library),
            as_json,
            lambda taught: f"{_told(taught)}: {' '.join(map(str, taught.photos))}",
            none="no name yet: sightline name NAME PHOTO...",
        )
    elif forget:
        forget_name(library, find_name(library, name).id, ids_of(services, photos))
        click.echo(f"forgotten: {name}", err=True)
    else:
        taught = teach(library, name, ids_of(services, photos)) if photos else find_name(library, name)
        click.echo(json.dumps(asdict(taught)) if as_json else _told(taught))


def _told(taught: "Taught") -> str:
    return f"{taught.name}: taught on {count_of(len(taught.photos), 'photo')}"
