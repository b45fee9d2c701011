"""A PostgreSQL server that stops in the middle of the work, and comes back: one clear line, and nothing is lost.

The long form takes SIGHTLINE_DATABASE_FAULTS (50 when not set) and SIGHTLINE_SEED.
"""

import os
import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from indexer import watch
from indexer.errors import CatalogError
from indexer.folders import add_folder
from indexer.follow import FollowedIndex
from indexer.ingest import Report, ingest
from indexer.library import Library
from tests.conftest import paint
from tests.faults.disks import DiskTrial
from tests.faults.test_disks import seed_of_run, survive
from tests.postgres import PostgresServer

only_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@only_postgresql
def test_a_pass_that_loses_the_server_ends_and_the_next_completes_it(
    library: Library, folder: Path, postgres_server: PostgresServer
) -> None:
    library.settings = library.settings.model_copy(update={"batch_size": 1, "decode_workers": 1})
    row, _ = add_folder(library.catalog, folder)

    def restart(report: Report) -> None:
        if report.done == 2:
            postgres_server.crash()
            postgres_server.come_back()

    with pytest.raises(CatalogError) as caught:  # its lock is gone: another machine may be indexing by now
        ingest(library, row, progress=restart)
    assert "\n" not in str(caught.value)
    report = ingest(library, row)
    assert report.unchanged >= 2 and report.indexed + report.unchanged == 5
    assert FollowedIndex(library).catch_up() == 5


@only_postgresql
def test_a_watch_that_loses_the_server_goes_on_when_it_is_back(
    library: Library, folder: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("QUIET", 0.1), ("SETTLED", 0.1), ("RETRY_AFTER", 0.2)):
        monkeypatch.setattr(watch, name, seconds)
    library.settings = library.settings.model_copy(update={"decode_workers": 1})
    add_folder(library.catalog, folder)
    stop, index = threading.Event(), FollowedIndex(library)
    thread = threading.Thread(target=watch.Watcher(library, lambda report: None).run, args=(stop,))
    thread.start()

    def until(count: int) -> None:
        deadline = time.monotonic() + 60
        while index.catch_up() != count and time.monotonic() < deadline:
            time.sleep(0.05)
        assert index.catch_up() == count

    try:
        until(5)
        postgres_server.crash()
        paint(folder / "new.png", 83)
        time.sleep(0.5)
        postgres_server.come_back()
        until(6)
    finally:
        stop.set()
        thread.join(30)


@dataclass
class DatabaseAway(DiskTrial):
    """The server stops at a random moment of an operation, as if killed, and is back a moment later."""

    server: Any = None
    operations: ClassVar[tuple[str, ...]] = ("compaction", "ingest", "snapshot", "switch", "watch")
    harmed: ClassVar[str] = "database away in"

    def harm(self, operation: str) -> list[str]:
        last = self.lasts.setdefault(operation, 5.0)
        began = time.monotonic()
        stopped = threading.Thread(target=self._interrupt, args=(self.chance.uniform(0.3 * last, last),))
        stopped.start()
        try:
            return self.work(operation)
        finally:
            self.lasts[operation] = time.monotonic() - began
            self.harmed_at_work[operation] += 1
            stopped.join()

    def _interrupt(self, after: float) -> None:
        time.sleep(after)
        self.server.crash()
        time.sleep(self.chance.uniform(0, 1))
        self.server.come_back()


@pytest.mark.slow
@only_postgresql
def test_a_server_that_stops_at_any_moment_costs_nothing(
    tmp_path: Path, database: str, postgres_server: PostgresServer, tiny_encoders: tuple[str, str]
) -> None:
    seed = seed_of_run()
    trial = DatabaseAway(tmp_path, database, tiny_encoders, random.Random(seed), server=postgres_server)
    survive(trial, int(os.environ.get("SIGHTLINE_DATABASE_FAULTS", "50")), seed)
