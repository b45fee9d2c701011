"""sightline status: what is indexed, and what could not be."""

import json
from dataclasses import asdict

import click

from app.commands.options import as_json, command
from app.counts import count_of
from app.services import Services
from app.status import read_failures, read_status
from indexer.catalog import FolderState
from indexer.control import is_paused


@click.command()
@click.option("--failures", is_flag=True, help="List the files that could not be read, with the reason.")
@as_json
@click.pass_obj
@command
def status(services: Services, failures: bool, as_json: bool) -> None:
    """What is indexed, what is missing, what could not be read, and where it is all kept."""
    now, failed = read_status(services.library), read_failures(services.library) if failures else []
    if as_json:
        content = asdict(now) | ({"failures": [asdict(f) for f in failed]} if failures else {})
        click.echo(json.dumps(content, default=str))
        return
    for folder in now.folders:
        counts = f"{count_of(folder.photos, 'photo')}, {folder.missing:,} missing, {folder.failed:,} unreadable"
        click.echo(f"{folder.path}  {counts}{'' if folder.state == FolderState.ONLINE else f'  ({folder.state})'}")
    if not now.folders:
        click.echo("no folder is indexed yet: sightline index FOLDER")
    click.echo(
        f"searchable: {now.searchable:,}   "
        f"encoder: {now.encoder} ({now.encoder_dim}-d, {now.encoder_precision}, {now.encoder_fingerprint})"
    )
    click.echo(f"vectors: {now.vectors}")
    if is_paused(services.library.catalog):
        click.echo("indexing is paused: sightline resume goes on")
    click.echo(f"kept in: {now.data_folder}")
    for failure in failed:
        click.echo(f"{failure.path}\t{failure.reason}")
