"""sightline album: lists of photos, and saved searches."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from app.commands.options import as_json, command, listing
from app.commands.photo import ids_of
from app.counts import count_of
from app.errors import NotFoundError
from app.services import Services

if TYPE_CHECKING:
    from app.albums import AlbumDetails


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
@command
def album(context: click.Context, as_json: bool) -> None:
    """Put photos together, and save searches as live albums. On its own: all albums.

    `album:` in a search finds what an album holds.

    \b
      sightline album add Italy IMG_1.jpg IMG_2.jpg
      sightline album save Beaches a beach date:2019..
      sightline search 'album:Italy' --paths
      sightline search a dog album:Beaches
      sightline album remove Italy IMG_2.jpg
      sightline album delete Beaches
    """
    if context.invoked_subcommand is not None:
        return
    from app.albums import list_albums

    listing(
        list_albums(context.obj.library),
        as_json,
        lambda one: f"{one.name}  ({_holds(one)})",
        none="no album yet: sightline album add NAME PHOTO..., or sightline album save NAME QUERY",
    )


@album.command()
@click.argument("name")
@click.argument("photos", nargs=-1, required=True)
@click.pass_obj
@command
def add(services: Services, name: str, photos: Sequence[str]) -> None:
    """Put PHOTOS (files, or ids) into the album NAME, which is made where there is none."""
    from app.albums import change_photos, find_album, make_album

    library, ids = services.library, ids_of(services, photos)
    try:
        changed = change_photos(library, find_album(library, name).id, add=ids)
    except NotFoundError:
        changed = make_album(library, name, photo_ids=ids)
    click.echo(f"{changed.name}: {_holds(changed)}", err=True)


@album.command()
@click.argument("name")
@click.argument("photos", nargs=-1, required=True)
@click.pass_obj
@command
def remove(services: Services, name: str, photos: Sequence[str]) -> None:
    """Take PHOTOS out of the album NAME."""
    from app.albums import change_photos, find_album

    library = services.library
    changed = change_photos(library, find_album(library, name).id, remove=ids_of(services, photos))
    click.echo(f"{changed.name}: {_holds(changed)}", err=True)


@album.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("query", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
@command
def save(services: Services, name: str, query: Sequence[str]) -> None:
    """Save a search as the live album NAME; one of this name gets the new search."""
    from app.albums import change_album, find_album, make_album

    library, line = services.library, " ".join(query)
    try:
        saved = change_album(library, find_album(library, name).id, query=line)
    except NotFoundError:
        saved = make_album(library, name, query=line)
    click.echo(f"{saved.name}: {saved.query}", err=True)


@album.command()
@click.argument("name")
@click.argument("new")
@click.pass_obj
@command
def rename(services: Services, name: str, new: str) -> None:
    """Give the album NAME a NEW name."""
    from app.albums import change_album, find_album

    library = services.library
    click.echo(change_album(library, find_album(library, name).id, name=new).name, err=True)


@album.command()
@click.argument("name")
@click.pass_obj
@command
def delete(services: Services, name: str) -> None:
    """Forget the album NAME. Its photos stay."""
    from app.albums import delete_album, find_album

    delete_album(services.library, find_album(services.library, name).id)
    click.echo(f"forgotten: {name}", err=True)


def _holds(album: "AlbumDetails") -> str:
    """How many photos an album has; of a live one, its search."""
    return count_of(album.photos, "photo") if album.photos is not None else str(album.query)
