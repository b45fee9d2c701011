"""The folders that are indexed: adding one, finding the one that covers a path."""

import os
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from indexer.catalog import Catalog, Folder, FolderState, Photo
from indexer.errors import FolderError


def add_folder(catalog: Catalog, path: str | Path) -> tuple[Folder, Path]:
    """The indexed folder that covers `path`, added when there is none, and the absolute path to scan inside it.

    A subfolder of an indexed folder is part of it. A folder around indexed ones takes their photos over.

    Raises:
        FolderError: `path` does not exist, is not a folder, or cannot be listed.
    """
    start = Path(os.path.abspath(Path(path).expanduser()))
    with catalog.reading() as session:
        covering = covering_folder(session, start)
    if covering is None or covering.path != str(start):  # one that is known may be unplugged
        _check_listable(start)
    if covering is not None:
        return covering, start
    with catalog.writing() as (session, _):
        if (covering := covering_folder(session, start)) is not None:
            return covering, start
        folder = Folder(path=str(start), state=FolderState.ONLINE)
        session.add(folder)
        session.flush()
        for inner in list_folders(session):
            if inner.id != folder.id and Path(inner.path).is_relative_to(start):
                session.execute(update(Photo).where(Photo.folder_id == inner.id).values(folder_id=folder.id))
                session.delete(inner)
        return folder, start


def list_folders(session: Session) -> list[Folder]:
    """Every indexed folder, by path."""
    return list(session.scalars(select(Folder).order_by(Folder.path)))


def covering_folder(session: Session, path: Path) -> Folder | None:
    """The indexed folder that `path` is, or lies in."""
    return next((folder for folder in list_folders(session) if path.is_relative_to(folder.path)), None)


def _check_listable(path: Path) -> None:
    if not path.exists():
        raise FolderError(f"no such folder: {path}")
    if not path.is_dir():
        raise FolderError(f"not a folder: {path}")
    try:
        os.scandir(path).close()
    except OSError as error:
        raise FolderError(f"cannot list {path}: {error.strerror}") from error
