"""`sightline`: index, forget, watch, search, similar, describe, serve, status.

Results go to stdout, progress and messages to stderr. Exit status: 0 found or done, 1 failed, 2 misuse.
"""

import json
import logging
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from app.describe import DEFAULT_VOCABULARY
from app.errors import AppError, NotFoundError, QueryError
from app.photos import encode_picture, find_photo, get_photo, stored_vectors
from app.progress import progress_bar, summary
from app.query import Query
from app.search import MAX_RESULTS, Results
from app.services import Services
from app.status import read_failures, read_status
from clipcore import ClipcoreError
from indexer.errors import FolderError, IndexerError
from indexer.folders import add_folder, list_folders
from indexer.follow import FollowedIndex
from indexer.forget import forget_folder
from indexer.ingest import Report, ingest
from indexer.photo import read_file
from indexer.settings import load_settings
from indexer.vectors.base import Vectors
from indexer.watch import Watcher

_MISUSE = (FolderError, QueryError, NotFoundError)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
top = click.option(
    "-k", "--top", default=20, show_default=True, type=click.IntRange(1, MAX_RESULTS), help="How many results."
)
paths_only = click.option("--paths", is_flag=True, help="Print only the paths, one a line, for pipes.")


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Faults of the library as one line on stderr and an exit status; never a traceback for a user's mistake."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except _MISUSE as error:
            _fail(str(error), 2)
        except (AppError, IndexerError, ClipcoreError) as error:
            _fail(str(error), 1)
        except KeyboardInterrupt:
            _fail("stopped; what was done so far is kept, and the same command goes on from there", 130)

    return run


def _fail(message: str, status: int) -> NoReturn:
    click.echo(f"sightline: {message}", err=True)
    sys.exit(status)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--home", type=click.Path(path_type=Path), help="Keep everything in this folder (SIGHTLINE_HOME).")
@click.option("--encoder", help="'starter', an exported bundle, a weights file, or a name like ViT-B-32/openai.")
@click.version_option(package_name="sightline")
@click.pass_context
def main(context: click.Context, home: Path | None, encoder: str | None) -> None:
    """Find any photo on your own disk by describing it.

    \b
      sightline index ~/Pictures          look at every photo once
      sightline search "a dog on the beach"
      sightline similar holiday.jpg       photos like this one
      sightline describe holiday.jpg      what is in it
      sightline serve                     the same in a browser, and an API

    Nothing leaves this machine. Photos are only ever read.
    """
    logging.basicConfig(format="sightline: %(message)s", level=logging.WARNING)
    logging.getLogger("app").setLevel(logging.INFO)
    logging.getLogger("PIL").setLevel(logging.CRITICAL)  # a damaged photo is reported by us, once
    warnings.filterwarnings("ignore", module="PIL")

    @command
    def open_library() -> None:
        if home is not None:
            os.environ["SIGHTLINE_HOME"] = str(home)  # config.toml is looked for there too
        context.obj = Services(load_settings(home=home, encoder=encoder))

    if context.invoked_subcommand is not None and not {"-h", "--help"} & set(sys.argv[1:]):
        open_library()


@main.command()
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
        FollowedIndex(library).catch_up()  # now, not at the first search
    if as_json:
        click.echo(json.dumps([asdict(report) for report in reports]))


@main.command()
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


@main.command()
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

    click.echo("watching; Ctrl-C stops it", err=True)
    Watcher(services.library, say).run(stop)


@main.command()
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


@main.command()
@click.argument("photo")
@top
@as_json
@paths_only
@click.pass_obj
@command
def similar(services: Services, photo: str, top: int, as_json: bool, paths: bool) -> None:
    """Find photos like PHOTO: a file, or the id of a photo in the library."""
    photo_id = _id_of(services, photo)
    query = Query(photos=(photo_id,)) if photo_id else Query(images=(_read(services, photo),))
    _show(services.search(query, top), as_json, paths)


@main.command()
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
    vector = _vector(services, photo)
    if offered:
        found = services.describe.by_captions(vector, offered, top)
    else:
        found = services.describe.by_vocabulary(vector, vocabulary, top)
    if as_json:
        click.echo(json.dumps([asdict(item) for item in found]))
    else:
        for item in found:
            click.echo(f"{item.probability:6.1%}  {item.text}")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option("--port", default=8501, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--browser/--no-browser", default=None, help="Open a browser; by default when there is a display.")
@click.option("--watch", "follow", is_flag=True, help="Also follow the indexed folders, as `sightline watch` does.")
@click.pass_obj
@command
def serve(services: Services, host: str, port: int, browser: bool | None, follow: bool) -> None:
    """Search in a browser, and answer the API, on this machine only."""
    from app.server import serve as run

    if browser is None:
        browser = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin")
    stop = threading.Event()
    if follow:
        threading.Thread(target=Watcher(services.library, lambda _: None).run, args=(stop,), daemon=True).start()
    try:
        run(services, host, port, open_browser=browser)
    except KeyboardInterrupt:
        pass  # the way to end it
    finally:
        stop.set()


@main.command()
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
        counts = f"{folder.photos:,} photos, {folder.missing:,} missing, {folder.failed:,} unreadable"
        click.echo(f"{folder.path}  {counts}{'  (offline)' if folder.state == 'offline' else ''}")
    if not now.folders:
        click.echo("no folder is indexed yet: sightline index FOLDER")
    click.echo(
        f"searchable: {now.searchable:,}   "
        f"encoder: {now.encoder} ({now.encoder_dim}-d, {now.encoder_precision}, {now.encoder_fingerprint})"
    )
    click.echo(f"kept in: {now.data_folder}")
    for failure in failed:
        click.echo(f"{failure.path}\t{failure.reason}")


def _show(results: Results, as_json: bool, paths: bool) -> None:
    if not results.searched:
        raise AppError("the library is empty: sightline index FOLDER")
    if as_json:
        items = [asdict(hit.photo) | {"score": hit.score} for hit in results.hits]
        click.echo(json.dumps({"items": items, "searched": results.searched, "took_ms": results.took_ms}, default=str))
        return
    for hit in results.hits:
        click.echo(hit.photo.path if paths else f"{hit.score:.3f}  {hit.photo.path}")


def _id_of(services: Services, photo: str) -> int | None:
    """The id of a photo given by id or by path; None for a file that is not in the library."""
    if os.path.exists(photo):
        found = find_photo(services.library, os.path.abspath(photo))
        return found.id if found else None
    if photo.isdecimal():
        return get_photo(services.library, int(photo)).id
    raise NotFoundError(f"no such file: {photo}")


def _read(services: Services, path: str) -> bytes:
    return read_file(path, services.library.limits)[0]


def _vector(services: Services, photo: str) -> Vectors:
    photo_id = _id_of(services, photo)
    if photo_id:
        return stored_vectors(services.library, [photo_id])[1][0]
    return encode_picture(services.library, _read(services, photo))


if __name__ == "__main__":
    main()
