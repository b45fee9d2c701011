"""sightline index --dry-run: what a run would do, file by file."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from app.counts import count_of
from indexer.catalog import Folder, FolderState, Photo
from indexer.excludes import compile_patterns
from indexer.folders import find_folder, list_folders
from indexer.ingest import Options, preview
from indexer.library import Library
from indexer.scan import Changes
from indexer.spool import Spool


def show_plans(
    library: Library, folders: Sequence[str], exclude: Sequence[str] | None, options: Options, as_json: bool
) -> None:
    """Prints ``ACTION  PATH`` lines, or JSON lines, and a summary for each folder on stderr. Writes nothing.

    Raises:
        FolderError: a folder cannot be indexed, or a pattern is none.
        DisappearedError: too many photos are gone.
    """
    compile_patterns(tuple(exclude or ()))
    for folder, start in _targets(library, folders):
        if exclude is not None:
            folder = _with_exclude(folder, exclude)
        changes = preview(library, folder, start, options)
        if changes is None:
            click.echo(f"{folder.path} is not there, or empty: its photos would be kept", err=True)
            continue
        for action, path in _lines(library, changes):
            click.echo(json.dumps({"action": action, "path": path}) if as_json else f"{action:8}  {path}")
        click.echo(f"{start}: {_counts(changes)}", err=True)
        for path, reason in changes.unreadable.items():
            click.echo(f"  could not list {path}: {reason}", err=True)


def _targets(library: Library, folders: Sequence[str]) -> Iterator[tuple[Folder, Path]]:
    for path in folders:
        folder, start = find_folder(library.catalog, path)
        yield folder or Folder(path=str(start), state=FolderState.ONLINE, exclude="", mounts=""), start
    if not folders:
        with library.catalog.reading() as session:
            known = list_folders(session)
        for folder in known:
            yield folder, Path(folder.path)


def _with_exclude(folder: Folder, exclude: Sequence[str]) -> Folder:
    return Folder(
        id=folder.id,
        path=folder.path,
        state=folder.state,
        mounts=folder.mounts,
        exclude="\n".join(filter(None, exclude)),
    )


def _lines(library: Library, changes: Changes) -> Iterator[tuple[str, str]]:
    yield from (("read", file.path) for file in changes.to_read)
    yield from (("missing", photo.path) for photo in changes.missing)
    yield from (("exclude", path) for path in _paths(library, changes.excluded))
    yield from (("return", path) for path in _paths(library, changes.returned))


def _paths(library: Library, photo_ids: Spool[int]) -> Iterator[str]:
    for photo_id in photo_ids:
        with library.catalog.reading() as session:
            photo = session.get(Photo, photo_id)
        if photo is not None:
            yield photo.path


def _counts(changes: Changes) -> str:
    if changes.nothing_to_do:
        return f"nothing to do, {count_of(changes.unchanged, 'photo')} unchanged"
    named = {
        "to read": len(changes.to_read),
        "missing": len(changes.missing),
        "to leave out": len(changes.excluded),
        "back again": len(changes.returned),
        "unchanged": changes.unchanged,
    }
    return "dry run, nothing was changed: " + ", ".join(f"{count:,} {name}" for name, count in named.items() if count)
