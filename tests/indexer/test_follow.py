import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from bench.synthetic import fill_library
from indexer import follow
from indexer.catalog import Content, Photo, PhotoState
from indexer.folders import add_folder
from indexer.follow import FollowedIndex, describe_vectors
from indexer.ingest import ingest
from indexer.library import Library
from indexer.settings import load_settings
from indexer.stored import content_vectors
from indexer.vectors import faiss_index, snapshot
from indexer.vectors.choice import Kind
from tests.conftest import on_both_databases, paint


def searchable(library: Library) -> set[int]:
    return found_by(FollowedIndex(library), library)


def found_by(index: FollowedIndex, library: Library) -> set[int]:
    vector = library.encoder.encode_texts(["anything"])[0]
    return set(index.search(vector, 1_000_000)[1].tolist())


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change is worth a snapshot."""
    monkeypatch.setattr(faiss_index, "_WORTH_A_SNAPSHOT", 1)


@on_both_databases
def test_follows_what_another_process_writes(library: Library, folder: Path) -> None:
    index = FollowedIndex(library)
    assert index.catch_up() == 0
    other = Library(library.settings)
    ingest(other, add_folder(other.catalog, folder)[0])
    other.close()
    assert index.catch_up() == 5
    assert searchable(library) == {1, 2, 3, 4, 5}


@pytest.mark.usefixtures("eager")
def test_a_snapshot_of_another_catalog_is_not_used(library: Library, folder: Path) -> None:
    ingest(library, add_folder(library.catalog, folder)[0])
    FollowedIndex(library).settle()
    snapshots = list(library.settings.vectors_folder.glob("*.vectors"))
    assert len(snapshots) == 1
    library.close()
    for path in library.settings.data_folder.glob("catalog.sqlite3*"):
        path.unlink()

    fresh = Library(library.settings)
    paint(folder / "only.png", 70)
    for name in ("a.jpg", "b.png", "c.webp"):
        (folder / name).unlink()
    ingest(fresh, add_folder(fresh.catalog, folder)[0])
    with fresh.catalog.reading() as session:
        assert searchable(fresh) == set(session.scalars(select(Content.id)))
    fresh.close()


@on_both_databases
@pytest.mark.usefixtures("eager")
def test_a_snapshot_is_caught_up_with_not_trusted(library: Library, folder: Path) -> None:
    row, _ = add_folder(library.catalog, folder)
    ingest(library, row)
    FollowedIndex(library).settle()
    (folder / "a.jpg").unlink()
    paint(folder / "new.png", 71)
    ingest(library, row)
    with library.catalog.reading() as session:
        gone = session.scalars(select(Content.id).order_by(Content.id)).all()
    assert len(gone) == 6
    assert len(searchable(library)) == 5


@pytest.mark.usefixtures("eager")
def test_a_catalog_restored_from_an_older_copy_is_followed(library: Library, folder: Path) -> None:
    row, _ = add_folder(library.catalog, folder)
    ingest(library, row)
    FollowedIndex(library).settle()
    with library.catalog.writing() as (session, revision):
        session.execute(update(Content).values(revision=1))
        session.execute(update(Photo).where(Photo.path.endswith("a.jpg")).values(state=PhotoState.MISSING))
        session.connection().exec_driver_sql("UPDATE clock SET revision = 1")
    assert len(searchable(library)) == 4


@pytest.fixture(scope="module")
def large_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of 6,000 photos."""
    home = tmp_path_factory.mktemp("large")
    fill_library(home, 6_000)
    return home


@pytest.fixture
def large(large_home: Path) -> Library:
    for path in (large_home / "vectors").glob("*"):
        path.unlink()
    return Library(load_settings(home=large_home, vector_index="rabitq"))


def test_a_large_library_is_written_as_it_is_read_and_then_compressed(
    large: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(follow, "_READ_ANEW_FROM", 5_000)
    caplog.set_level(logging.INFO, "indexer")
    index = FollowedIndex(large)
    assert len(found_by(index, large)) == 6_000  # while the compressed index is being built, all can be found
    index.settle()
    header = snapshot.read_header(next(large.settings.vectors_folder.glob("*.vectors")))
    assert header is not None
    assert (header.kind, header.count) == (Kind.RABITQ, 6_000)
    assert header.reach is not None
    assert header.reach.recall >= 0.99
    assert "recall@10" in caplog.text
    assert describe_vectors(large).startswith("rabitq, 6,000 in the snapshot")
    assert f"recall@10 {header.reach.recall:.4f} on 120 texts" in describe_vectors(large)
    assert len(found_by(FollowedIndex(large), large)) == 6_000


def test_a_large_snapshot_that_is_damaged_is_made_anew(large: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_LEFT_FROM", 0)
    FollowedIndex(large).settle()
    path = next(large.settings.vectors_folder.glob("*.vectors"))
    content = bytearray(path.read_bytes())
    content[4096 + 100_000] ^= 255
    path.write_bytes(content)
    index = FollowedIndex(large)
    deadline = time.monotonic() + 20
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert path.with_suffix(".bad").exists()
    assert len(found_by(index, large)) == 6_000
    index.settle()
    assert path.exists()


@pytest.mark.parametrize("allowed", [None, range(1, 3001)], ids=["all", "some"])
def test_a_large_snapshot_that_is_cut_under_its_reader_is_made_anew(
    large: Library, monkeypatch: pytest.MonkeyPatch, allowed: range | None
) -> None:
    """Its pages were mapped, and the first search of them ended the process."""
    monkeypatch.setattr(snapshot, "_LEFT_FROM", 0)
    FollowedIndex(large).settle()
    path = next(large.settings.vectors_folder.glob("*.vectors"))
    index = FollowedIndex(large)
    os.truncate(path, 8192)
    found = index.search(large.encoder.encode_texts(["anything"])[0], 6_000, allowed)[1]
    assert set(found.tolist()) == set(allowed or range(1, 6_001))
    assert path.with_suffix(".bad").stat().st_size == 8192
    index.settle()
    assert path.stat().st_size > 8192
    path.with_suffix(".bad").unlink()


def test_a_disk_without_room_for_a_snapshot_does_not_stop_searches(
    large: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    large.settings.vectors_folder.rmdir()
    large.settings.vectors_folder.write_text("in the way")
    index = FollowedIndex(large)
    index.settle()
    assert len(found_by(index, large)) == 6_000
    assert "cannot write" in caplog.text
    large.settings.vectors_folder.unlink()


def test_the_process_ends_at_once_while_a_snapshot_is_written(large: Library) -> None:
    """A short command does not wait for the index, nor crash in it, and leaves nothing half-written."""
    program = (
        "from indexer.library import Library; from indexer.settings import load_settings\n"
        "from indexer.follow import FollowedIndex\n"
        f"index = FollowedIndex(Library(load_settings(home={str(large.settings.home)!r}, vector_index='rabitq')))\n"
        "print(index.catch_up())"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.strip() == "6000"
    assert ended.stderr == ""
    assert not list(large.settings.vectors_folder.glob("*.part"))
    assert FollowedIndex(large).catch_up() == 6_000


def test_searches_go_on_while_a_snapshot_is_written(large: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    index = FollowedIndex(large)
    vector = np.ones(large.encoder.dim, np.float32) / large.encoder.dim**0.5
    seen = []
    build = faiss_index._build

    def slow(*arguments: object) -> object:
        while len(seen) < 3:
            time.sleep(0.01)
        return build(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(faiss_index, "_build", slow)
    for _ in range(3):
        seen.append(index.search(vector, 5)[1].tolist())
    index.settle()
    assert seen[0] == seen[1] == seen[2] == index.search(vector, 5)[1].tolist()


@on_both_databases
def test_gives_the_vectors_of_what_is_searched(library: Library, folder: Path, eager: None) -> None:
    indexed = add_folder(library.catalog, folder)[0]
    ingest(library, indexed)
    index = FollowedIndex(library)
    index.settle()
    paint(folder / "later.png", 90)
    (folder / "a.jpg").unlink()
    ingest(library, indexed)
    index.catch_up()  # some rows are in the snapshot, one is buried there, one came since
    every = np.array([7, 6, 5, 4, 3, 2, 1, 99], np.int64)
    ids, vectors = index.vectors(every)
    assert ids.tolist() == [i for i in every.tolist() if i in found_by(index, library)] != []
    stored, of_stored, _ = content_vectors(library, ids)
    assert stored.tolist() == ids.tolist() and np.array_equal(vectors, of_stored)
    empty = FollowedIndex(library).vectors(every[:0])
    assert empty[0].shape == (0,) and empty[1].shape == (0, library.encoder.dim)
