"""sightline index, forget, watch: folders into the library, out of it, and followed."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import click

from app.commands.folder import indexed_folder
from app.commands.options import as_json, command
from app.counts import count_of
from app.errors import QueryError
from app.progress import progress_bar, summary
from app.services import Services
from indexer.catalog import Folder
from indexer.errors import FolderError
from indexer.folders import add_folder, list_folders
from indexer.forget import forget_folder
from indexer.ingest import Options, Report, ingest
from indexer.library import Library

_PATIENCE = 1.5  # seconds that a daemon takes to end by itself


@click.command()
@click.argument("folders", nargs=-1, type=click.Path())
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="Leave out what fits this pattern, as in .gitignore: 'Screenshots/', '*.png'. Kept with FOLDERS in place of "
    "earlier ones; --exclude '' takes all in again. A file .sightlineignore in a folder does the same.",
)
@click.option("--retry-failed", is_flag=True, help="Read files again that could not be read before.")
@click.option("--accept-missing", is_flag=True, help="Go on although most of a folder is gone.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, file by file, and do nothing.")
@as_json
@click.pass_obj
@command
def index(
    services: Services,
    folders: Sequence[str],
    exclude: Sequence[str],
    retry_failed: bool,
    accept_missing: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Index FOLDERS, or bring every indexed folder up to date.

    Only new and changed photos are looked at; moved and copied ones are recognised by their content. Interrupt it
    when you like: the next run goes on from there. A file that cannot be read is reported and never stops the run.

    \b
      sightline index ~/Pictures
      sightline index ~/Pictures --exclude Screenshots/ --exclude '*.gif'
      sightline index --dry-run             what a run would do
    """
    if exclude and not folders:
        raise QueryError("--exclude needs the folders that it is for: sightline index FOLDER --exclude PATTERN")
    if dry_run:
        from app.commands.plan import show_plans

        options = Options(retry_failed=retry_failed, accept_missing=accept_missing)
        show_plans(services.library, folders, exclude or None, options, as_json)
        return
    library = services.library
    targets = [add_folder(library.catalog, folder, exclude or None) for folder in folders]
    if not folders:
        targets = [(folder, Path(folder.path)) for folder in _all_folders(library)]
    reports: list[Report] = []
    with stopped_by_signals() as stop:
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
                    stop=stop,
                )
            reports.append(report)
            click.echo(summary(report, time.perf_counter() - began, str(start)), err=True)
            if stop.is_set():
                break
    if not all(report.nothing_to_do for report in reports):
        from indexer.follow import follow

        follow(library).settle()  # now, not at the first search
    if as_json:
        click.echo(json.dumps([asdict(report) for report in reports]))
    if stop.is_set():
        raise KeyboardInterrupt


def _all_folders(library: Library) -> list[Folder]:
    with library.catalog.reading() as session:
        folders = list_folders(session)
    if not folders:
        raise FolderError("no folder is indexed yet: sightline index FOLDER")
    return folders


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets, so that the batch at hand is finished; a second one stops at once."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()
        for other in before:
            signal.signal(other, signal.default_int_handler)
        click.echo("stopping after the photos at hand; Ctrl-C again stops at once", err=True)

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@click.command()
@click.argument("folder", type=click.Path())
@click.pass_obj
@command
def forget(services: Services, folder: str) -> None:
    """Take FOLDER out of the library. The photos themselves are not touched.

    \b
      sightline forget ~/Scans
    """
    known = indexed_folder(services, folder)
    count = forget_folder(services.library.catalog, known)
    click.echo(f"{known.path}: {count_of(count, 'photo')} taken out of the library", err=True)


@click.command()
@click.argument("folders", nargs=-1, type=click.Path())
@click.pass_obj
@command
def watch(services: Services, folders: Sequence[str]) -> None:
    """Follow the indexed folders (and FOLDERS) and index what changes, until stopped.

    Folders that are unplugged are waited for; their photos are kept.

    \b
      sightline watch
      sightline watch ~/Pictures
    """
    for folder in folders:
        add_folder(services.library.catalog, folder)
    stop = threading.Event()

    def end(*_: object) -> None:
        stop.set()
        late = threading.Timer(_PATIENCE, os._exit, args=(0,))  # the photos at hand are looked at again next time
        late.daemon = True
        late.start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)

    def say(report: Report) -> None:
        click.echo(f"{time.strftime('%H:%M:%S')}  {summary(report, 0)}", err=True)

    from indexer.watch import Watcher

    click.echo("watching; Ctrl-C stops it", err=True)
    Watcher(services.library, say).run(stop)
