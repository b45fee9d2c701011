"""The daemon: follows the indexed folders and brings the catalog up to date soon after anything changes.

watchdog tells which folders changed; a short quiet lets a burst of files settle, and files that were written to a
moment ago are left for a later look; then one ordinary pass over what changed does the work. Because a pass compares
with the catalog, a lost or doubled event costs nothing but time, and a full pass at the start and every hour finds what
was missed. A network's file systems do not tell what others change, and the system may have no more watches to give:
such folders are looked through every minute.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from watchdog.events import (
    EVENT_TYPE_CLOSED_NO_WRITE,
    EVENT_TYPE_OPENED,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver

from indexer.catalog import Folder
from indexer.disk_faults import REASONS as DISK_FAULTS
from indexer.errors import BusyError, CatalogError, IndexerError, StorageError
from indexer.folders import list_folders
from indexer.ingest import Report, ingest
from indexer.library import Library
from indexer.mounts import is_network, kind_of
from indexer.observe import observe

log = logging.getLogger(__name__)

QUIET = 1.0  # seconds without an event before a pass
LONGEST_WAIT = 10.0  # seconds after which a pass starts though events keep coming
SETTLED = 2.0  # seconds since a file was last written to before it is read
FULL_PASS_EVERY = 3600.0  # seconds
POLL_EVERY = 60.0  # seconds, where changes are not told
RETRY_AFTER = 60.0  # seconds after a fault of a disk or the database, before what it stopped is looked at again
_MANY = 1_000  # changed folders, from which on the whole of the indexed folder is looked through
_ONLY_READ = (EVENT_TYPE_OPENED, EVENT_TYPE_CLOSED_NO_WRITE)


class DirtyFolders(FileSystemEventHandler):
    """Collects which folders changed, and when."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paths: set[Path] = set()
        self._first = self._last = 0.0

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in _ONLY_READ:
            return
        self.add({Path(os.fsdecode(p)).parent for p in (event.src_path, event.dest_path) if p})

    def add(self, paths: set[Path]) -> None:
        if not paths:
            return
        now = time.monotonic()
        with self._lock:
            if not self._paths:
                self._first = now
            self._paths |= paths
            self._last = now

    def add_settled(self, paths: set[Path]) -> None:
        """Folders to be looked through now, not after a quiet."""
        with self._lock:
            self._paths |= paths
            self._first = self._last = time.monotonic() - LONGEST_WAIT

    def take_settled(self) -> set[Path]:
        """The changed folders once things are quiet (or have been noisy for too long), else nothing."""
        now = time.monotonic()
        with self._lock:
            if not self._paths or (now - self._last < QUIET and now - self._first < LONGEST_WAIT):
                return set()
            taken, self._paths = self._paths, set()
        return taken


def outermost(paths: set[Path], root: Path) -> list[Path]:
    """Those of `paths` that lie in `root` and in no other of them, so that together they cover every change there."""
    inside = {path for path in paths if path.is_relative_to(root)}
    return sorted(path for path in inside if not any(parent in inside for parent in path.parents))


class Watcher:
    """Runs until `stop` is set. `report` hears of every pass that did something."""

    def __init__(self, library: Library, report: Callable[[Report], None]) -> None:
        self._library = library
        self._report = report
        self._dirty = DirtyFolders()
        self._followed: dict[str, _Followed] = {}
        self._again: set[Path] = set()  # what a fault stopped
        self._again_at = 0.0
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Follows every indexed folder, those added while it runs included."""
        self._stop = stop
        next_full_pass = time.monotonic()
        try:
            while not stop.is_set():
                folders = self._folders()
                self._follow(folders)
                if time.monotonic() >= next_full_pass:
                    next_full_pass = time.monotonic() + FULL_PASS_EVERY
                    self._dirty.add_settled({Path(folder.path) for folder in folders})
                if self._again and time.monotonic() >= self._again_at:
                    again, self._again = self._again, set()
                    self._dirty.add_settled(again)
                changed = self._dirty.take_settled()
                for folder in folders:
                    paths = outermost(changed, Path(folder.path))
                    if paths and not stop.is_set():
                        self._pass(folder, paths if len(paths) < _MANY else [Path(folder.path)])
                stop.wait(QUIET / 2)
        finally:
            self._unfollow(set(self._followed))

    def _folders(self) -> list[Folder]:
        """The indexed folders; all of them are looked through when the library has gone over to another encoder."""
        try:
            if not self._library.is_current():
                self._library = Library(self._library.settings, self._library.catalog)
                for followed in self._followed:
                    self._dirty.add({Path(followed)})
            with self._library.catalog.reading() as session:
                return list_folders(session)
        except IndexerError as error:  # the database is away for a moment
            log.warning("%s", error)
            return []

    def _follow(self, folders: list[Folder]) -> None:
        """Starts following folders that are there, stops following those that are not, or are others by now."""
        there = {folder.path: identity for folder in folders if (identity := _identity(folder.path)) is not None}
        gone = {path for path, followed in self._followed.items() if there.get(path) != followed.identity}
        self._unfollow(gone)
        self._dirty.add({Path(path) for path in gone})  # a pass marks it offline
        for path in there.keys() - self._followed.keys():
            self._followed[path] = _Followed(there[path], self._start(path))
            self._dirty.add({Path(path)})  # it may have changed unseen
        for path, followed in self._followed.items():
            if followed.is_due():
                self._dirty.add_settled({Path(path)})

    def _start(self, path: str) -> BaseObserver | None:
        """The system's own notifications; None where those run out or tell not enough: then it is polled."""
        if is_network(kind := kind_of(path)):
            log.warning("%s is on a network (%s): looking through it every %d s", path, kind, POLL_EVERY)
            return None
        try:
            return observe(path, self._dirty)
        except OSError as error:
            log.warning(
                "the system has no more watches for %s (%s; on Linux, raise fs.inotify.max_user_watches): "
                "looking through it every %d s",
                *(path, error.strerror, POLL_EVERY),
            )
            return None

    def _unfollow(self, paths: set[str]) -> None:
        observers = [observer for path in paths if (observer := self._followed.pop(path).observer) is not None]
        for observer in observers:
            observer.stop()
        for observer in observers:
            observer.join()

    def _pass(self, folder: Folder, below: list[Path]) -> None:
        try:
            report = ingest(self._library, folder, below=below, settle_seconds=SETTLED, stop=self._stop)
        except BusyError:
            self._dirty.add(set(below))  # again, once the other run has ended
            return
        except (StorageError, CatalogError) as error:  # a full disk, a database that is away
            log.warning("%s", error)
            self._retry(below)
            return
        except IndexerError as error:  # too many photos gone: said, and tried again at the next change
            log.warning("%s", error)
            return
        self._dirty.add({Path(path) for path in report.unsettled})
        failed = {path for path, reason in report.unreadable.items() if reason in DISK_FAULTS}
        self._retry(Path(path) for path in failed.union(report.unread))
        if not report.nothing_to_do:
            self._report(report)

    def _retry(self, paths: Iterable[Path]) -> None:
        """Has these looked at again in a while, changed or not."""
        if not self._again:
            self._again_at = time.monotonic() + RETRY_AFTER
        self._again.update(paths)


class _Followed:
    """A folder that is followed: by an observer, or by being looked through now and then."""

    def __init__(self, identity: tuple[int, int], observer: BaseObserver | None) -> None:
        self.identity = identity
        self.observer = observer
        self._next = time.monotonic() + POLL_EVERY

    def is_due(self) -> bool:
        if self.observer is not None or time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + POLL_EVERY
        return True


def _identity(path: str) -> tuple[int, int] | None:
    """What tells a folder from another, or a mounted disk from its mount point, at the same path."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if os.path.isdir(path) else None
