"""sightline pause, resume, cancel: what other processes that index should do."""

import click

from app.commands.options import command
from app.services import Services
from indexer import control


@click.command()
@click.pass_obj
@command
def pause(services: Services) -> None:
    """Let whoever indexes this library wait (`index`, `watch`, `serve --watch`) until `sightline resume`."""
    control.pause(services.library.catalog)
    click.echo("indexing is paused from the next batch on; sightline resume goes on", err=True)


@click.command()
@click.pass_obj
@command
def resume(services: Services) -> None:
    """Take `sightline pause` back."""
    control.resume(services.library.catalog)
    click.echo("indexing goes on", err=True)


@click.command()
@click.pass_obj
@command
def cancel(services: Services) -> None:
    """End the runs under way after the batch at hand. What they did is kept; the next run goes on from there."""
    control.cancel(services.library.catalog)
    click.echo("runs under way end after their batch at hand", err=True)
