"""What changed on disk since last time: a walk compared with the catalog. Reads no file, writes nothing."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer.catalog import Folder, Photo, PhotoState, Vector
from indexer.errors import FolderError
from indexer.photo import EXTENSIONS

EXCLUDED_FOLDERS = frozenset(("@eaDir", "node_modules", "System Volume Information", "$RECYCLE.BIN", "lost+found"))


@dataclass(frozen=True)
class FoundFile:
    """A file that may be a photo, as the walk saw it."""

    path: str
    size: int
    mtime_ns: int


@dataclass
class Changes:
    """What a pass has to do."""

    to_read: list[FoundFile] = field(default_factory=list)  # new or changed, or without a vector of this encoder
    returned: list[int] = field(default_factory=list)  # ids of photos that were missing and are as they were
    missing: list[int] = field(default_factory=list)  # ids of photos whose file is gone
    unchanged: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)  # folders that could not be listed: path to reason

    @property
    def nothing_to_do(self) -> bool:
        return not (self.to_read or self.returned or self.missing)


def walk(root: Path, unreadable: dict[str, str]) -> Iterator[FoundFile]:
    """Files below `root` that look like photos by their extension, in no order that matters.

    Hidden and system folders are left out and links to folders are not followed. A folder that cannot be listed is
    added to `unreadable`, with the reason.
    """
    pending = [str(root)]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if not entry.name.startswith(".") and entry.name not in EXCLUDED_FOLDERS:
                            pending.append(entry.path)
                    elif found := _candidate(entry):
                        yield found
        except (FileNotFoundError, NotADirectoryError):  # removed since its parent was listed
            continue
        except OSError as error:
            unreadable[folder] = error.strerror or str(error)


def _candidate(entry: os.DirEntry[str]) -> FoundFile | None:
    if entry.name.startswith(".") or os.path.splitext(entry.name)[1].lower() not in EXTENSIONS:
        return None
    try:
        if not entry.is_file():
            return None
        status = entry.stat()
    except OSError:  # gone since the folder was listed, or a link to nowhere
        return None
    return FoundFile(entry.path, status.st_size, status.st_mtime_ns)


def is_empty_or_absent(root: Path) -> bool:
    """Whether a folder looks unplugged: not there, or there without a single entry, as a mount point is."""
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def find_changes(
    session: Session, folder: Folder, encoder_id: int, *, below: Path | None = None, retry_failed: bool = False
) -> Changes:
    """Compares what is below `folder` (or below one of its subfolders) with what the catalog knows of it.

    A known file is unchanged while its size and modification time are, and a vector of this encoder is there. One that
    failed is not read again until it changes, or `retry_failed`. What lies below an unreadable folder stays as it is.

    Raises:
        FolderError: `below` is not inside the folder.
    """
    start = below or Path(folder.path)
    if not start.is_relative_to(folder.path):
        raise FolderError(f"{start} is not inside {folder.path}")
    known = {row.path: row for row in _known(session, folder, encoder_id) if _is_below(row.path, start)}
    changes = Changes()
    for found in walk(start, changes.unreadable):
        row = known.pop(found.path, None)
        settled = row is not None and (row.size, row.mtime_ns) == (found.size, found.mtime_ns)
        if row is None or not settled or not (row.has_vector or (row.error and not retry_failed)):
            changes.to_read.append(found)
        elif row.state == PhotoState.MISSING:
            changes.returned.append(row.id)
        else:
            changes.unchanged += 1
    hidden = tuple(os.path.join(folder, "") for folder in changes.unreadable)
    changes.missing = [
        row.id for path, row in known.items() if row.state == PhotoState.PRESENT and not path.startswith(hidden)
    ]
    return changes


@dataclass(frozen=True)
class _Known:
    id: int
    path: str
    size: int
    mtime_ns: int
    state: PhotoState
    error: str | None
    has_vector: bool


def _known(session: Session, folder: Folder, encoder_id: int) -> Iterator[_Known]:
    query = (
        select(
            Photo.id, Photo.path, Photo.size, Photo.mtime_ns, Photo.state, Photo.error, Vector.content_id.is_not(None)
        )
        .outerjoin(Vector, (Vector.content_id == Photo.content_id) & (Vector.encoder_id == encoder_id))
        .where(Photo.folder_id == folder.id)
    )
    for row in session.execute(query):
        yield _Known(*row)


def _is_below(path: str, start: Path) -> bool:
    return path.startswith(os.path.join(start, ""))
