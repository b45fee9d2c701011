"""The folders that are indexed: adding one, finding the one that covers a path."""

import os
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from indexer.catalog import Catalog, Folder, FolderState, Photo
from indexer.errors import FolderError
from indexer.excludes import compile_patterns


def add_folder(catalog: Catalog, path: str | Path, exclude: Sequence[str] | None = None) -> tuple[Folder, Path]:
    """The indexed folder that covers `path`, added when there is none, and the absolute path to scan inside it.

    A subfolder of an indexed folder is part of it. A folder around indexed ones takes their photos over. A path that
    leads to an indexed folder by another name (a link, other case on a disk that ignores it) means that folder.
    `exclude`, gitignore's patterns, is kept with the folder in place of what was kept before.

    Raises:
        FolderError: `path` does not exist, is not a folder, or cannot be listed; or a pattern is none.
    """
    if exclude:
        compile_patterns(tuple(exclude))
    found, start = find_folder(catalog, path)
    if found is not None and exclude is None:
        return found, start
    with catalog.writing() as (session, _):
        folder = place_folder(session, start)
        if exclude is not None:
            folder.exclude = "\n".join(pattern for pattern in exclude if pattern)
        return folder, start


def place_folder(session: Session, start: Path) -> Folder:
    """The folder that covers a path, added when there is none; it then takes over the folders inside it."""
    folder = covering_folder(session, start)
    if folder is None:
        folder = Folder(path=str(start), state=FolderState.ONLINE, exclude="", mounts="")
        session.add(folder)
        session.flush()
        _take_over(session, folder, start)
    return folder


def find_folder(catalog: Catalog, path: str | Path) -> tuple[Folder | None, Path]:
    """The indexed folder that covers `path`, None when there is none, and the absolute path to scan inside it.

    Raises:
        FolderError: `path` does not exist, is not a folder, or cannot be listed.
    """
    start = Path(os.path.abspath(Path(path).expanduser()))
    with catalog.reading() as session:
        known = list_folders(session)
        covering = covering_folder(session, start)
    if covering is None:
        covering, start = _by_another_name(known, start)
    if covering is None or covering.path != str(start):  # one that is known may be unplugged
        _check_listable(start)
    return covering, start


def _by_another_name(known: Sequence[Folder], start: Path) -> tuple[Folder | None, Path]:
    """The folder of which `start`, or a folder above it, is another name, and `start` as that folder has it."""
    identities = {identity: folder for folder in known if (identity := _identity(Path(folder.path))) is not None}
    for above in (start, *start.parents):
        folder = identities.get(_identity(above) or (0, 0))
        if folder is not None:
            return folder, Path(folder.path) / start.relative_to(above)
    return None, start


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _take_over(session: Session, folder: Folder, start: Path) -> None:
    for inner in list_folders(session):
        if inner.id != folder.id and Path(inner.path).is_relative_to(start):
            session.execute(update(Photo).where(Photo.folder_id == inner.id).values(folder_id=folder.id))
            session.delete(inner)


def list_folders(session: Session) -> list[Folder]:
    """Every indexed folder, by path."""
    return list(session.scalars(select(Folder).order_by(Folder.path)))


def get_folder(catalog: Catalog, folder_id: int) -> Folder | None:
    """The folder with an id, as it is now."""
    with catalog.reading() as session:
        return session.get(Folder, folder_id)


def set_paused(catalog: Catalog, folder_id: int, paused: bool) -> None:
    """Has passes leave a folder alone, or not any more; one under way ends after the batch at hand."""
    state = FolderState.PAUSED if paused else FolderState.ONLINE
    before = Folder.state != FolderState.PAUSED if paused else Folder.state == FolderState.PAUSED
    with catalog.writing() as (session, _):
        session.execute(update(Folder).where(Folder.id == folder_id, before).values(state=state))


def covering_folder(session: Session, path: Path) -> Folder | None:
    """The indexed folder that `path` is, or lies in."""
    return next((folder for folder in list_folders(session) if path.is_relative_to(folder.path)), None)


def _check_listable(path: Path) -> None:
    try:
        if not path.exists():
            raise FolderError(f"no such folder: {path}")
        if not path.is_dir():
            raise FolderError(f"not a folder: {path}")
        os.scandir(path).close()
    except OSError as error:
        raise FolderError(f"cannot list {path}: {error.strerror}") from error
