import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select
from watchdog.events import FileSystemEvent, FileSystemEventHandler

from indexer import watch
from indexer.catalog import Folder, FolderState, Photo, PhotoState
from indexer.folders import add_folder
from indexer.follow import FollowedIndex
from indexer.library import Library
from indexer.mounts import is_network, kind_of
from indexer.observe import observe
from indexer.settings import load_settings
from indexer.watch import Watcher, outermost
from tests.conftest import paint


@contextlib.contextmanager
def running(library: Library) -> Iterator[Callable[[int], None]]:
    """A running watcher; call it with how many photos should become searchable."""
    stop = threading.Event()
    thread = threading.Thread(target=Watcher(library, lambda report: None).run, args=(stop,))
    thread.start()
    index = FollowedIndex(library)

    def becomes(count: int) -> None:
        deadline = time.monotonic() + 60
        while (found := index.catch_up()) != count and time.monotonic() < deadline:
            time.sleep(0.05)
        assert found == count

    try:
        yield becomes
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are shorter than people's, in the same proportion."""
    monkeypatch.setattr(watch, "QUIET", 0.2)
    monkeypatch.setattr(watch, "SETTLED", 0.4)


def until(met: Callable[[], bool]) -> None:
    """Waits for what a watcher does, which on a busy machine takes long."""
    deadline = time.monotonic() + 60
    while not (done := met()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert done


def is_offline(library: Library) -> bool:
    with library.catalog.reading() as session:
        return session.scalars(select(Folder.state)).one() == FolderState.OFFLINE


@pytest.fixture
def watched(library: Library, folder: Path) -> Iterator[Callable[[int], None]]:
    add_folder(library.catalog, folder)
    with running(library) as becomes:
        yield becomes


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def test_follows_new_changed_moved_and_deleted_files(brisk: None, watched: Callable[[int], None], folder: Path) -> None:
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


def test_a_quiet_is_enough_where_nothing_more_happens(
    brisk: None, watched: Callable[[int], None], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched(5)
    monkeypatch.setattr(watch, "LONGEST_WAIT", 1_000.0)
    paint(folder / "new.png", 87)
    watched(6)


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


def test_waits_for_a_folder_that_is_unplugged(
    brisk: None, watched: Callable[[int], None], library: Library, folder: Path
) -> None:
    watched(5)
    folder.rename(folder.parent / "away")
    until(lambda: is_offline(library))
    watched(5)
    paint(folder.parent / "away" / "meanwhile.png", 82)
    (folder.parent / "away").rename(folder)
    watched(6)


def test_a_file_that_is_being_written_is_read_when_it_is_whole(
    watched: Callable[[int], None], library: Library, folder: Path
) -> None:
    watched(5)
    data = paint(folder.parent / "whole.png", 84, size=(600, 400)).read_bytes()
    with (folder / "slow.png").open("wb") as file:
        for i in range(8):
            file.write(data[i * len(data) // 8 : (i + 1) * len(data) // 8])
            file.flush()
            time.sleep(0.6)
            with library.catalog.reading() as session:
                half_read = session.scalars(select(Photo).where(Photo.path.endswith("slow.png"))).all()
            assert half_read == []
    watched(6)


def test_a_burst_of_files_and_folders_moved_in(brisk: None, watched: Callable[[int], None], folder: Path) -> None:
    watched(5)
    for i in range(60):
        for j in range(3):
            paint(folder.parent / "burst" / str(i) / f"{j}.png", 1_000 + 3 * i + j, size=(12, 8))
    for i in range(60):
        (folder.parent / "burst" / str(i)).rename(folder / str(i))
    watched(185)


@pytest.mark.slow
def test_what_is_moved_in_and_out_again_meanwhile_leaves_nothing(
    brisk: None, watched: Callable[[int], None], library: Library, folder: Path
) -> None:
    watched(5)
    for i in range(48):  # fewer than a pass would ask about before it forgets them
        paint(folder.parent / "burst" / f"{i:02}.png", 2_000 + i, size=(12, 8))
    (folder.parent / "burst").rename(folder / "burst")
    until(lambda: _present(library) > 5)
    (folder / "burst").rename(folder.parent / "burst")
    until(lambda: _present(library) == 5)
    watched(5)
    with library.catalog.reading() as session:
        assert session.scalars(select(Photo.path).where(Photo.error.is_not(None))).all() == []


def _present(library: Library) -> int:
    with library.catalog.reading() as session:
        present = select(func.count()).where(Photo.state == PhotoState.PRESENT, Photo.error.is_(None))
        return session.execute(present).scalar_one()


def test_a_folder_renamed_under_it_keeps_its_photos(
    brisk: None, watched: Callable[[int], None], library: Library, folder: Path
) -> None:
    watched(5)
    with library.catalog.reading() as session:
        before = {photo.id for photo in session.scalars(select(Photo))}
    (folder / "sub").rename(folder / "renamed")
    rows: Sequence[Photo] = ()

    def followed() -> bool:
        nonlocal rows
        with library.catalog.reading() as session:
            rows = session.scalars(select(Photo)).all()
        return sum(Path(photo.path).is_relative_to(folder / "renamed") for photo in rows) == 2

    until(followed)
    assert {photo.id for photo in rows} == before
    assert all(photo.state == PhotoState.PRESENT for photo in rows)
    watched(5)


def test_a_disk_that_is_unmounted_and_comes_back_is_followed_again(
    brisk: None, small_disk: Callable[[str], Path], library: Library
) -> None:
    disk = small_disk("8m")
    paint(disk / "a.png", 1)
    add_folder(library.catalog, disk)
    with running(library) as becomes:
        becomes(1)
        subprocess.run(["mount", "--move", str(disk), str(_made(disk.parent / "elsewhere"))], check=False)
        if os.path.ismount(disk):  # moving is not allowed everywhere: cover it instead
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(disk)], check=True)
            until(lambda: is_offline(library))
            becomes(1)
            subprocess.run(["umount", str(disk)], check=True)
        else:
            until(lambda: is_offline(library))
            becomes(1)
            subprocess.run(["mount", "--move", str(disk.parent / "elsewhere"), str(disk)], check=True)
        until(lambda: not is_offline(library))
        paint(disk / "b.png", 2)
        becomes(2)


def test_lost_notifications_are_made_up_for(brisk: None, watched: Callable[[int], None], folder: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("inotify's queue is Linux's")
    from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, InotifyFD, Mask

    watched(5)
    seen: list[str] = []

    class Handler(FileSystemEventHandler):
        def on_modified(self, event: FileSystemEvent) -> None:
            seen.append(os.path.dirname(os.fsdecode(event.src_path)))

    observer = observe(str(folder), Handler())
    try:  # what the kernel tells when its queue is full
        InotifyFD.get_instance().handle_event(InotifyEvent(-1, Mask(InotifyConstants.IN_Q_OVERFLOW), 0, b""))
        deadline = time.monotonic() + 20
        while str(folder) not in seen and time.monotonic() < deadline:
            time.sleep(0.05)
        assert str(folder) in seen
        paint(folder / "after.png", 85)
        watched(6)
    finally:
        observer.stop()
        observer.join()


@pytest.mark.parametrize("reason", ["network", "limit"])
def test_where_changes_are_not_told_it_looks_now_and_then(
    brisk: None,
    reason: str,
    library: Library,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def no_more(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(watch, "POLL_EVERY", 0.5)
    if reason == "network":
        monkeypatch.setattr(watch, "kind_of", lambda path: "nfs4")
    else:
        monkeypatch.setattr(watch, "observe", no_more)
    add_folder(library.catalog, folder)
    with running(library) as becomes:
        becomes(5)
        paint(folder / "new.png", 86)
        becomes(6)
    assert f"looking through it every {watch.POLL_EVERY:.0f} s" in caplog.text


@pytest.mark.slow
def test_ten_thousand_files_moved_in_at_once_are_all_indexed_once(
    own_home: Path, tmp_path: Path, tiny_encoders: tuple[str, str]
) -> None:
    """Half of them in one folder that is renamed, half of them file by file. SIGHTLINE_BURST: how many."""
    count = int(os.environ.get("SIGHTLINE_BURST", "10000"))
    root, outside = tmp_path / "photos", tmp_path / "outside"
    (root / "singly").mkdir(parents=True)
    paint(root / "first.png", 1)
    for i in range(count):
        paint(outside / ("together" if i % 2 else "singly") / f"{i:05}.png", i + 2, (24, 16))
    library = Library(load_settings(encoder=tiny_encoders[0]))
    add_folder(library.catalog, root)
    with running(library) as becomes:
        becomes(1)
        (outside / "together").rename(root / "together")
        for path in sorted((outside / "singly").iterdir()):
            path.rename(root / "singly" / path.name)
        deadline = time.monotonic() + max(60, 0.2 * count)
        while _present(library) != count + 1 and time.monotonic() < deadline:
            time.sleep(0.5)
        becomes(count + 1)
        with library.catalog.reading() as session:
            rows, contents = session.execute(
                select(func.count(Photo.id), func.count(Photo.content_id.distinct()))
            ).one()
        assert rows == contents == count + 1
        (root / "together").rename(outside / "together")
        becomes(count - count // 2 + 1)
    library.close()


def test_kinds_of_file_systems() -> None:
    assert all(map(is_network, ("nfs4", "cifs", "smbfs", "fuse.sshfs", "9p")))
    assert not any(map(is_network, ("ext4", "apfs", "ntfs", "fuseblk", "tmpfs", "overlay")))
    assert kind_of("/")
    assert kind_of("/proc/self") == "proc"


def test_the_command_stops_on_sigterm(own_home: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "watch", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stderr is not None
        assert "watching" in process.stderr.readline()
        assert "5 indexed" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
