import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.folders import add_folder
from indexer.follow import FollowedIndex
from indexer.library import Library
from indexer.settings import load_settings
from indexer.watch import Watcher, outermost
from tests.conftest import on_both_databases, paint


@pytest.fixture
def watched(library: Library, folder: Path) -> Iterator[Callable[[int], None]]:
    """A running watcher; call it with how many photos should become searchable."""
    add_folder(library.catalog, folder)
    stop = threading.Event()
    thread = threading.Thread(target=Watcher(library, lambda report: None).run, args=(stop,))
    thread.start()
    index = FollowedIndex(library)

    def becomes(count: int) -> None:
        deadline = time.monotonic() + 30
        while (found := index.catch_up()) != count and time.monotonic() < deadline:
            time.sleep(0.1)
        assert found == count

    yield becomes
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


@on_both_databases
def test_follows_new_changed_moved_and_deleted_files(watched: Callable[[int], None], folder: Path) -> None:
    watched(5)
    paint(folder / "new.png", 80)
    watched(6)
    paint(folder / "later" / "x.png", 81)
    watched(7)
    (folder / "new.png").rename(folder / "later" / "renamed.png")
    (folder / "a.jpg").unlink()
    watched(6)
    shutil.rmtree(folder / "sub")
    watched(4)


def test_a_change_of_the_folder_above_hides_no_change_in_the_folder() -> None:
    changed = {Path("/"), Path("/photos"), Path("/photos/a/b"), Path("/photos/a"), Path("/other")}
    assert outermost(changed, Path("/photos")) == [Path("/photos")]
    assert outermost(changed - {Path("/photos")}, Path("/photos")) == [Path("/photos/a")]
    assert outermost({Path("/other")}, Path("/photos")) == []


def test_goes_on_after_a_pass_that_could_not_be_done(
    small_disk: Callable[[str], Path], folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = small_disk("8m")
    library = Library(load_settings(home=disk))
    add_folder(library.catalog, folder)
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb") as file:
        while True:
            file.write(bytes(1 << 16))
    stop = threading.Event()
    thread = threading.Thread(target=Watcher(library, lambda report: None).run, args=(stop,))
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while "cannot write" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.1)
        assert "cannot write" in caplog.text
        filler.unlink()
        paint(folder / "new.png", 83)
        while FollowedIndex(library).catch_up() != 6 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert FollowedIndex(library).catch_up() == 6
    finally:
        stop.set()
        thread.join(30)
        library.close()


def test_waits_for_a_folder_that_is_unplugged(watched: Callable[[int], None], folder: Path) -> None:
    watched(5)
    folder.rename(folder.parent / "away")
    time.sleep(3)
    watched(5)
    paint(folder.parent / "away" / "meanwhile.png", 82)
    (folder.parent / "away").rename(folder)
    watched(6)


def test_the_command_stops_on_sigterm(own_home: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "watch", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stderr is not None
        assert "watching" in process.stderr.readline()
        assert "5 indexed" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
