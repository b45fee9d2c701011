"""The files on disk that may be photos, in the order of their paths. Reads no file, follows no link to a folder."""

import errno
import os
import stat
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from indexer.columns import stored_text
from indexer.companions import CLIP, photos_of_folder
from indexer.excludes import IGNORE_FILE, Excludes
from indexer.formats import EXTENSIONS, SIDECAR

_GONE = (errno.ENOENT, errno.ENOTDIR)  # removed since its folder was listed, or a link to nowhere
SUFFIXES = frozenset(extension[1:] for extension in EXTENSIONS)
_LOOKED_AT = SUFFIXES | {SIDECAR[1:]}
_COMPANIONS = (SIDECAR[1:], CLIP[1:])


class FoundFile(NamedTuple):
    """A file that may be a photo, as the walk saw it, and its side-car."""

    path: str
    size: int
    mtime_ns: int
    sidecar: str | None = None  # path
    sidecar_mtime_ns: int | None = None


class _Folder(NamedTuple):
    path: str
    excludes: Excludes


def walk(start: str, excludes: Excludes, unreadable: dict[str, str]) -> Iterator[FoundFile]:
    """Files below a folder that look like photos by their extension, in the order the catalog keeps paths in.

    What `excludes`, the rules that hold in `start`, and the ignore files on the way leave out is not looked at. A
    folder or file that the system will not tell about (no permission, a path too long for it) is added to
    `unreadable`, with the reason.
    """
    pending = [iter(_listed(start, excludes, unreadable, entered=True))]
    while pending:
        for item in pending[-1]:
            if isinstance(item, FoundFile):
                yield item
            else:
                pending.append(iter(_listed(item.path, item.excludes, unreadable)))
                break
        else:
            pending.pop()


def _listed(
    folder: str, excludes: Excludes, unreadable: dict[str, str], *, entered: bool = False
) -> list[FoundFile | _Folder]:
    """The photos and folders in one folder, sorted as their paths are."""
    try:
        with os.scandir(folder) as scanned:
            entries = list(scanned)
    except OSError as error:
        _note(unreadable, folder, error)
        return []
    if not entered and any(entry.name == IGNORE_FILE for entry in entries):
        excludes = excludes.entering(folder)
    keyed: list[tuple[str, FoundFile | _Folder]] = []
    files: list[FoundFile] = []
    companions = False
    for entry in entries:
        name = entry.name
        try:
            if entry.is_dir(follow_symlinks=False):
                if not excludes.match(entry.path, name, is_folder=True):
                    keyed.append((stored_text(name) + os.sep, _Folder(entry.path, excludes)))
                continue
            stem, _, suffix = name.rpartition(".")
            suffix = suffix.lower()
            if not stem or name[0] == "." or suffix not in _LOOKED_AT:
                continue
            if excludes.layers and excludes.match(entry.path, name, is_folder=False):
                continue
            status = entry.stat()
        except OSError as error:
            _note(unreadable, entry.path, error)
            continue
        if stat.S_ISREG(status.st_mode):
            files.append(FoundFile(entry.path, status.st_size, status.st_mtime_ns))
            companions = companions or suffix in _COMPANIONS
    for photo in photos_of_folder(files) if companions else files:
        name = os.path.basename(photo.path)
        keyed.append((name if name.isascii() else stored_text(name), photo))
    keyed.sort(key=itemgetter(0))
    return [item for _, item in keyed]


def _note(unreadable: dict[str, str], path: str, error: OSError) -> None:
    if error.errno not in _GONE:
        unreadable[path] = error.strerror or str(error)


def is_empty_or_absent(root: str | Path) -> bool:
    """Whether a folder looks unplugged: not there, or there without a single entry, as a mount point is."""
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is None
    except OSError:
        return True
