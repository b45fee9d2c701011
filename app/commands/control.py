"""sightline pause, resume, cancel: what other processes that index should do."""

import shlex

import click

from app.commands.folder import indexed_folder
from app.commands.options import command
from app.services import Services
from indexer import control
from indexer.folders import set_paused


@click.command()
@click.argument("folder", required=False, type=click.Path())
@click.pass_obj
@command
def pause(services: Services, folder: str | None) -> None:
    """Let whoever indexes this library wait (`index`, `watch`, `serve --watch`) until `sightline resume`.

    With FOLDER, an indexed one, only that is left alone: a pass over it ends after the batch at hand, and others go on.

    \b
      sightline pause
      sightline pause ~/Scans
    """
    catalog = services.library.catalog
    if folder is None:
        control.pause(catalog)
        click.echo("indexing is paused from the next batch on; sightline resume goes on", err=True)
        return
    known = indexed_folder(services, folder)
    set_paused(catalog, known.id, True)
    click.echo(f"{known.path} is paused; sightline resume {shlex.quote(known.path)} goes on", err=True)


@click.command()
@click.argument("folder", required=False, type=click.Path())
@click.pass_obj
@command
def resume(services: Services, folder: str | None) -> None:
    """Take `sightline pause` back; with FOLDER, `sightline pause FOLDER`.

    \b
      sightline resume
      sightline resume ~/Scans
    """
    catalog = services.library.catalog
    if folder is None:
        control.resume(catalog)
        click.echo("indexing goes on", err=True)
        return
    known = indexed_folder(services, folder)
    set_paused(catalog, known.id, False)
    whole = "; indexing as a whole is still paused: sightline resume" if control.is_paused(catalog) else ""
    click.echo(f"{known.path} is no longer paused: the next pass takes in what changed{whole}", err=True)


@click.command()
@click.pass_obj
@command
def cancel(services: Services) -> None:
    """End the runs under way after the batch at hand. What they did is kept; the next run goes on from there."""
    control.cancel(services.library.catalog)
    click.echo("runs under way end after their batch at hand", err=True)
