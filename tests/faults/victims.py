"""Processes that work on a library and are killed while they do.

They are forked from a server that has everything imported, so that one starts in a few milliseconds; the kill is a real
SIGKILL. A victim says when its library is open, so that the moment of death falls into its work and not its start.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

ENOUGH = threading.Event()  # ends a watch that is not killed
CONTEXT = multiprocessing.get_context("forkserver")
_IMPORTED = ("ingest", "follow", "switch", "watch", "reading", "store")
CONTEXT.set_forkserver_preload([*(f"indexer.{name}" for name in _IMPORTED), "tests.faults.victims", "psycopg"])


def start(operation: str, folder: Path, settings: dict[str, Any]) -> BaseProcess:
    """A process in the middle of `operation`: returns when its library is open and the work begins."""
    here, there = CONTEXT.Pipe()
    process = CONTEXT.Process(target=_run, args=(operation, folder, settings, there), daemon=True)
    process.start()
    there.close()
    with suppress(EOFError):
        assert here.recv() == "ready"
    here.close()
    return process


def _run(operation: str, folder: Path, settings: dict[str, Any], ready: Connection) -> None:
    os.environ["SIGHTLINE_HOME"] = str(settings["home"])
    from indexer.library import Library
    from indexer.settings import load_settings

    library = Library(load_settings(**settings))
    _ = library.encoder
    ready.send("ready")
    OPERATIONS[operation](library, folder)


def ingest(library: Any, folder: Path) -> None:
    from indexer.folders import add_folder
    from indexer.ingest import ingest

    ingest(library, add_folder(library.catalog, folder)[0])


def watch(library: Any, folder: Path) -> None:
    import indexer.watch
    from indexer.folders import add_folder

    add_folder(library.catalog, folder)
    indexer.watch.QUIET = 0.05
    indexer.watch.Watcher(library, lambda report: None).run(ENOUGH)


def snapshot(library: Any, folder: Path) -> None:
    """Writes the index's snapshot after every batch."""
    from indexer.folders import add_folder
    from indexer.follow import FollowedIndex
    from indexer.ingest import ingest
    from indexer.vectors import faiss_index

    faiss_index._WORTH_A_SNAPSHOT = 1
    row = add_folder(library.catalog, folder)[0]
    index = FollowedIndex(library)

    def settle(report: Any) -> None:
        index.settle()

    ingest(library, row, progress=settle)
    index.settle()


def compaction(library: Any, folder: Path) -> None:
    """The same, with one-bit codes trained, measured and written each time."""
    from indexer.vectors import faiss_index

    faiss_index._WORTH_COMPRESSING = 1
    library.settings = library.settings.model_copy(update={"vector_index": "rabitq"})
    snapshot(library, folder)


def switch(library: Any, folder: Path) -> None:
    """Goes over to the encoder that the settings name."""
    from indexer.switch import switch_encoder

    switch_encoder(library, leave_unreadable=True)


OPERATIONS: dict[str, Callable[[Any, Path], None]] = {
    "ingest": ingest,
    "watch": watch,
    "snapshot": snapshot,
    "compaction": compaction,
    "switch": switch,
}
