"""The disk against the catalog: folders, files, room and rights."""

import os
import shutil
from collections.abc import Iterator, Sized
from pathlib import Path

from sqlalchemy import func, select

from indexer.catalog import Folder, FolderState, Photo, PhotoState
from indexer.database import network_under
from indexer.doctor.check import Check, Finding
from indexer.errors import DisappearedError
from indexer.folders import list_folders
from indexer.ingest import preview
from indexer.library import Library
from indexer.scan import Changes

_LITTLE_ROOM = 500 << 20  # bytes


def _folders(library: Library) -> list[Folder]:
    with library.catalog.reading() as session:
        return list_folders(session)


def _there(folder: Folder) -> bool:
    return os.path.isdir(folder.path)


def _offline(library: Library) -> Iterator[Finding]:
    for folder in _folders(library):
        if not _there(folder) or folder.state == FolderState.OFFLINE:
            yield Finding(folder.path, "not there, or empty, at the last look: its photos are kept")


def _closed(library: Library) -> Iterator[Finding]:
    for folder in filter(_there, _folders(library)):
        changes = _changes(library, folder)
        if isinstance(changes, Changes):
            for path, reason in changes.unreadable.items():
                yield Finding(path, f"may not be listed: {reason}")


def _changes(library: Library, folder: Folder) -> Changes | str | None:
    """What the next pass would do, or why it would refuse; None for a folder that is offline."""
    try:
        return preview(library, folder)
    except DisappearedError as error:
        return str(error)


def _allowed(path: str, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _unreadable(library: Library) -> Iterator[Finding]:
    query = select(Photo.path).where(Photo.state == PhotoState.PRESENT)
    with library.catalog.reading() as session:
        for path in session.scalars(query).yield_per(10_000):
            if os.path.exists(path) and not _allowed(path, os.R_OK):
                yield Finding(path, "may not be read")


def _changed(library: Library) -> Iterator[Finding]:
    for folder in filter(_there, _folders(library)):
        changes = _changes(library, folder)
        if isinstance(changes, str):
            yield Finding(folder.path, changes)
        elif changes is not None and not changes.nothing_to_do:
            named: dict[str, Sized] = {
                "to read": changes.to_read,
                "gone": changes.missing,
                "back again": changes.returned,
                "left out now": changes.excluded,
            }
            yield Finding(folder.path, ", ".join(f"{len(what):,} {name}" for name, what in named.items() if what))


def _failed(library: Library) -> Iterator[Finding]:
    query = select(func.count()).where(Photo.error.is_not(None), Photo.state == PhotoState.PRESENT)
    with library.catalog.reading() as session:
        count = session.execute(query).scalar_one()
    if count:
        yield Finding("files", f"{count:,} could not be read")


def _no_room(library: Library) -> Iterator[Finding]:
    folder = library.settings.data_folder
    if not folder.exists():  # nothing was indexed yet, and the catalog is elsewhere
        return
    free = shutil.disk_usage(folder).free
    if free < _LITTLE_ROOM:
        yield Finding(str(folder), f"{free >> 20:,} MB free")


def _read_only(library: Library) -> Iterator[Finding]:
    settings = library.settings
    for folder in (settings.data_folder, settings.thumbnails_folder, settings.vectors_folder):
        if folder.exists() and not _writable(folder):
            yield Finding(str(folder), "cannot be written")


def _on_network(library: Library) -> Iterator[Finding]:
    if kind := network_under(library.catalog.engine):
        yield Finding(str(library.catalog.engine.url.database), f"on {kind}, where SQLite may lose what was committed")


def _writable(folder: Path) -> bool:
    probe = folder / f".doctor-{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


DISK_CHECKS = (
    Check("disk-read-only", "folders of Sightline's own that cannot be written", "give back the right to", _read_only),
    Check("disk-full", "little room where the library is kept", "make room", _no_room),
    Check("catalog-on-network", "a SQLite catalog on a network file system",
          "move SIGHTLINE_HOME to a disk of this machine, or use PostgreSQL", _on_network, serious=False),
    Check("folder-closed", "folders that may not be listed: what lies in them is not indexed", "change their rights",
          _closed),
    Check("file-closed", "photos that may no longer be read", "change their rights", _unreadable),
    Check("folder-offline", "folders that are unplugged", "plug them in, or forget them: sightline forget", _offline,
          serious=False),
    Check("folder-changed", "folders with changes since the last pass", "run: sightline index", _changed,
          serious=False),
    Check("file-failed", "files that could not be read", "see them, with reasons: sightline status --failures", _failed,
          serious=False),
)  # fmt: skip
