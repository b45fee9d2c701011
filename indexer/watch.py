"""The daemon: follows the indexed folders and brings the catalog up to date soon after anything changes.

watchdog tells which folders changed; a short quiet lets a burst of files (or one that is still being written) settle;
then an ordinary pass over those folders does the work. Because a pass compares with the catalog, a lost or doubled
event costs nothing but time, and a full pass at the start and every hour finds what was missed.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    EVENT_TYPE_CLOSED_NO_WRITE,
    EVENT_TYPE_OPENED,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from indexer.catalog import Folder
from indexer.errors import BusyError, FolderError, IndexerError
from indexer.folders import list_folders
from indexer.ingest import Report, ingest
from indexer.library import Library

log = logging.getLogger(__name__)

QUIET = 1.0  # seconds without an event before a pass
LONGEST_WAIT = 10.0  # seconds after which a pass starts though events keep coming
FULL_PASS_EVERY = 3600.0  # seconds
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
        now = time.monotonic()
        with self._lock:
            if not self._paths:
                self._first = now
            self._paths |= paths
            self._last = now

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
        self._observers: dict[str, BaseObserver] = {}

    def run(self, stop: threading.Event) -> None:
        """Follows every indexed folder, those added while it runs included."""
        next_full_pass = time.monotonic()
        try:
            while not stop.is_set():
                folders = self._folders()
                self._observe(folders)
                if time.monotonic() >= next_full_pass:
                    next_full_pass = time.monotonic() + FULL_PASS_EVERY
                    for folder in folders:
                        self._pass(folder)
                changed = self._dirty.take_settled()
                for folder in folders:
                    for path in outermost(changed, Path(folder.path)):
                        self._pass(folder, below=path)
                stop.wait(QUIET / 2)
        finally:
            for observer in self._observers.values():
                observer.stop()
            for observer in self._observers.values():
                observer.join()

    def _folders(self) -> list[Folder]:
        with self._library.catalog.reading() as session:
            return list_folders(session)

    def _observe(self, folders: list[Folder]) -> None:
        """Starts following folders that are there, stops following those that are not."""
        wanted = {folder.path for folder in folders if os.path.isdir(folder.path)}
        for path in set(self._observers) - wanted:
            self._observers.pop(path).stop()
            self._dirty.add({Path(path)})  # a pass marks it offline
        for path in wanted - set(self._observers):
            self._observers[path] = self._start(path)
            self._dirty.add({Path(path)})  # it may have changed unseen

    def _start(self, path: str) -> BaseObserver:
        """The system's own notifications; polling where those run out or are not to be had."""
        for kind in (Observer, PollingObserver):
            observer: BaseObserver = kind()
            try:
                observer.schedule(self._dirty, path, recursive=True)
                observer.start()
                return observer
            except OSError as error:
                log.warning("the system cannot follow %s (%s); polling it instead", path, error.strerror)
        raise FolderError(f"cannot follow {path}")

    def _pass(self, folder: Folder, below: Path | None = None) -> None:
        try:
            report = ingest(self._library, folder, below=below)
        except BusyError:
            self._dirty.add({below or Path(folder.path)})  # again, once the other run has ended
            return
        except IndexerError as error:  # a full disk, too many photos gone: said, and tried again at the next change
            log.warning("%s", error)
            return
        if not report.nothing_to_do:
            self._report(report)
