"""sightline index, forget, watch: folders into the library, out of it, and followed."""

import json
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from app.commands.options import as_json, command
from app.progress import progress_bar, summary
from app.services import Services
from indexer.errors import FolderError
from indexer.folders import add_folder, list_folders
from indexer.forget import forget_folder
from indexer.ingest import Report, ingest


@click.command()
@click.argument("folders", nargs=-1, type=click.Path())
@click.option("--retry-failed", is_flag=True, help="Read files again that could not be read before.")
@click.option("--accept-missing", is_flag=True, help="Go on although most of a folder is gone.")
@as_json
@click.pass_obj
@command
def index(services: Services, folders: Sequence[str], retry_failed: bool, accept_missing: bool, as_json: bool) -> None:
    """Index FOLDERS, or bring every indexed folder up to date.

    Only new and changed photos are looked at; moved and copied ones are recognised by their content. Interrupt it
    when you like: the next run goes on from there. A file that cannot be read is reported and never stops the run.
    """
    library = services.library
    targets = [add_folder(library.catalog, folder) for folder in folders]
    if not folders:
        with library.catalog.reading() as session:
            targets = [(folder, Path(folder.path)) for folder in list_folders(session)]
        if not targets:
            raise FolderError("no folder is indexed yet: sightline index FOLDER")
    reports: list[Report] = []
    for folder, start in targets:
        began = time.perf_counter()
        with progress_bar(str(start)) as progress:
            report = ingest(
                library,
                folder,
                below=start,
                retry_failed=retry_failed,
                accept_missing=accept_missing,
                progress=progress,
            )
        reports.append(report)
        click.echo(summary(report, time.perf_counter() - began), err=True)
    if not all(report.nothing_to_do for report in reports):
        from indexer.follow import FollowedIndex

        FollowedIndex(library).settle()  # now, not at the first search
    if as_json:
        click.echo(json.dumps([asdict(report) for report in reports]))


@click.command()
@click.argument("folder", type=click.Path())
@click.pass_obj
@command
def forget(services: Services, folder: str) -> None:
    """Take FOLDER out of the library. The photos themselves are not touched."""
    path = os.path.abspath(os.path.expanduser(folder))
    with services.library.catalog.reading() as session:
        known = {found.path: found for found in list_folders(session)}
    if path not in known:
        raise FolderError(f"{path} is not an indexed folder: expected one of {', '.join(known) or 'none'}")
    count = forget_folder(services.library.catalog, known[path])
    click.echo(f"{path}: {count:,} photos taken out of the library", err=True)


@click.command()
@click.argument("folders", nargs=-1, type=click.Path())
@click.pass_obj
@command
def watch(services: Services, folders: Sequence[str]) -> None:
    """Follow the indexed folders (and FOLDERS) and index what changes, until stopped.

    Folders that are unplugged are waited for; their photos are kept.
    """
    for folder in folders:
        add_folder(services.library.catalog, folder)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def say(report: Report) -> None:
        click.echo(f"{time.strftime('%H:%M:%S')}  {summary(report, 0)}", err=True)

    from indexer.watch import Watcher

    click.echo("watching; Ctrl-C stops it", err=True)
    Watcher(services.library, say).run(stop)
