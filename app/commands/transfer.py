"""sightline export and import: a library to and from a folder of Parquet files."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from app.commands.options import as_json, command
from app.counts import count_of
from app.errors import QueryError
from app.services import Services
from indexer.export import Progress, export_library
from indexer.take_in import import_library


@contextmanager
def _steps() -> Iterator[Progress]:
    """A listener that draws a bar for the table at hand on stderr, when that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Bars(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:
        task = bars.add_task("", total=None)
        yield lambda what, done, total: bars.update(task, description=what, completed=done, total=total)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--thumbnails/--no-thumbnails", default=True, show_default=True, help="Without, they are made again.")
@as_json
@click.pass_obj
@command
def export(services: Services, folder: Path, thumbnails: bool, as_json: bool) -> None:
    """Write the library to FOLDER as Parquet tables and vectors that any tool can read. The photos stay where they are.

    FOLDER must not exist, or be empty; it appears whole or not at all.

    \b
      sightline export ~/library
      python -c "import pandas; print(pandas.read_parquet('library/photos'))"
    """
    with _steps() as progress:
        manifest = export_library(services.library, folder, thumbnails=thumbnails, progress=progress)
    tables = ("photos", "contents", *(f"vectors/{encoder.fingerprint}" for encoder in manifest.encoders))
    rows = {table: manifest.rows_of(table) for table in tables}
    click.echo(f"{folder}: {', '.join(f'{count:,} {table}' for table, count in rows.items())}", err=True)
    if as_json:
        click.echo(json.dumps(rows))


@click.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--map",
    "moved",
    multiple=True,
    metavar="OLD=NEW",
    help="What lay in OLD lies in NEW (give it several times).",
)
@as_json
@click.pass_obj
@command
def import_(services: Services, folder: Path, moved: Sequence[str], as_json: bool) -> None:
    """Take what `sightline export` wrote to FOLDER into this library, all of it or nothing.

    Nothing is encoded again. What is here already stays as it is, so exports of several machines can follow each other.

    \b
      sightline import ~/library --map /home/me/Pictures=/mnt/photos
      SIGHTLINE_DATABASE_URL=postgresql://me@server/photos sightline import ~/library
    """
    moves = dict(_pair(text) for text in moved)
    with _steps() as progress:
        taken = import_library(services.library, folder, moved=moves, progress=progress)
    click.echo(
        f"{count_of(taken.photos, 'photo')}, {count_of(taken.contents, 'content')} and "
        f"{count_of(taken.vectors + taken.frames, 'vector')} taken in; {taken.known_photos:,} known already",
        err=True,
    )
    if as_json:
        click.echo(json.dumps(asdict(taken)))


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise QueryError(f"--map {text}: expected OLD=NEW, two folders")
    return old, new
