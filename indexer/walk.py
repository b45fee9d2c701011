"""The files on disk that may be photos, in the order of their paths. Reads no file, follows no link to a folder."""

import errno
import os
from bisect import bisect_left
from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from pathlib import Path
from stat import S_ISREG
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
    place: str  # what its files' paths begin with
    path: str
    excludes: Excludes


def walk(start: str, excludes: Excludes, unreadable: dict[str, str]) -> Iterator[FoundFile]:
    """Files below a folder that look like photos by their extension, in the order the catalog keeps paths in.

    What `excludes`, the rules that hold in `start`, and the ignore files on the way leave out is not looked at. A
    folder or file that the system will not tell about (no permission, a path too long for it) is added to
    `unreadable`, with the reason.
    """
    return chain.from_iterable(walk_runs(start, excludes, unreadable))


def walk_runs(start: str, excludes: Excludes, unreadable: dict[str, str]) -> Iterator[list[FoundFile]]:
    """As `walk`, in lists of files that stand side by side in one folder: most folders are one list."""
    pending = [_runs(_listed(start, excludes, unreadable, entered=True))]
    while pending:
        item = next(pending[-1], None)
        if item is None:
            pending.pop()
        elif isinstance(item, _Folder):
            pending.append(_runs(_listed(item.path, item.excludes, unreadable)))
        else:
            yield item


def _runs(listed: tuple[list[FoundFile], list[_Folder]]) -> Iterator[list[FoundFile] | _Folder]:
    """A folder's files and folders in the order of their paths, the files between two folders together."""
    files, folders = listed
    at = 0
    for folder in folders:
        behind = bisect_left(files, stored_text(folder.place), lo=at, key=_stored_path)
        if behind > at:
            yield files[at:behind]
            at = behind
        yield folder
    if at < len(files):
        yield files[at:] if at else files


def _listed(
    folder: str, excludes: Excludes, unreadable: dict[str, str], *, entered: bool = False
) -> tuple[list[FoundFile], list[_Folder]]:
    """The photos in one folder and the folders in it, each sorted by path. Here a pass spends its time."""
    try:
        with os.scandir(folder) as scanned:
            entries = {entry.name: entry for entry in scanned}
    except OSError as error:
        _note(unreadable, folder, error)
        return [], []
    if not entered and IGNORE_FILE in entries:
        try:
            excludes = excludes.entering(folder)
        except OSError as error:  # nobody knows what is to be left out
            _note(unreadable, folder, error)
            return [], []
    folders: list[_Folder] = []
    files: list[FoundFile] = []
    companions = False
    unknown: list[str] = []
    layers = excludes.layers
    plain = folder.isascii() and "".join(entries).isascii()
    for name in sorted(entries) if plain else sorted(entries, key=stored_text):
        entry = entries[name]
        try:
            if entry.is_dir(follow_symlinks=False):
                if not excludes.match(entry.path, name, is_folder=True):
                    folders.append(_Folder(entry.path + os.sep, entry.path, excludes))
                continue
            stem, _, suffix = name.rpartition(".")
            suffix = suffix.lower()
            if suffix not in _LOOKED_AT or not stem or name[0] == ".":
                continue
            if layers and excludes.match(entry.path, name, is_folder=False):
                continue
            status = entry.stat()
        except OSError as error:
            _note(unreadable, entry.path, error)
            if entry.path in unreadable:
                unknown.append(entry.path)
            continue
        if S_ISREG(status.st_mode):
            files.append(_found(FoundFile, (entry.path, status.st_size, status.st_mtime_ns, None, None)))
            if suffix in _COMPANIONS:
                companions = True
    photos = list(photos_of_folder(files)) if companions else files
    if unknown:
        photos = list(_without_companions_of(unknown, photos, unreadable))
    folders.sort(key=_path if plain else _stored_path)
    return photos, folders


def _without_companions_of(
    unknown: list[str], photos: list[FoundFile], unreadable: dict[str, str]
) -> Iterator[FoundFile]:
    """Leaves a photo as it is known where the system will not tell about a file that may be its side-car or clip."""
    stems = {os.path.splitext(path)[0].casefold(): path for path in unknown}
    for photo in photos:
        name = photo.path.casefold()
        path = stems.get(name) or stems.get(os.path.splitext(name)[0])
        if path is None:
            yield photo
        else:
            unreadable[photo.path] = unreadable[path]


_found = tuple.__new__  # of a named tuple, without the step through Python that its own takes
_path = itemgetter(0)


def _stored_path(item: FoundFile | _Folder) -> str:
    return stored_text(item[0])


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
