import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, select, text

from indexer.catalog import (
    Base,
    Catalog,
    Clock,
    Content,
    Folder,
    FolderState,
    Photo,
    PhotoKeyword,
    PhotoMetadata,
    PhotoState,
)
from indexer.errors import CatalogError, StorageError
from indexer.settings import load_settings
from tests.conftest import on_both_databases
from tests.indexer.test_migrations import COMPARED


@pytest.fixture
def url() -> str:
    return load_settings().catalog_url


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    opened = Catalog.open(url)
    yield opened
    opened.close()


@on_both_databases
def test_migrations_make_the_tables_the_models_describe(catalog: Catalog) -> None:
    with catalog.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=COMPARED), Base.metadata) == []


@on_both_databases
def test_a_newer_catalog_is_refused_readably(catalog: Catalog, url: str) -> None:
    with catalog.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CatalogError, match="newer Sightline"):
        Catalog.open(url)


@on_both_databases
def test_every_write_takes_the_next_revision(catalog: Catalog) -> None:
    with catalog.writing() as (_, first):
        pass
    with catalog.writing() as (_, second):
        pass
    assert second == first + 1 == catalog.revision()


@on_both_databases
def test_a_write_that_fails_leaves_nothing_not_even_a_revision(catalog: Catalog) -> None:
    before = catalog.revision()
    with pytest.raises(ZeroDivisionError), catalog.writing() as (session, _):
        session.add(Folder(path="/x", state=FolderState.ONLINE))
        session.flush()
        _ = 1 / 0
    assert catalog.revision() == before
    with catalog.reading() as session:
        assert session.scalars(select(Folder)).all() == []


@on_both_databases
def test_paths_that_are_no_unicode_come_back_as_they_were(catalog: Catalog) -> None:
    path = os.fsdecode(b"/photos/caf\xe9 \xf0\x9f\x90\x95.jpg")
    with catalog.writing() as (session, _):
        session.add(Folder(path=path, state=FolderState.ONLINE))
    with catalog.reading() as session:
        assert session.scalars(select(Folder.path)).one() == path
        assert session.scalars(select(Folder).where(Folder.path == path)).one().path == path


@on_both_databases
def test_a_reason_may_quote_any_path_and_any_byte(catalog: Catalog) -> None:
    reason = os.fsdecode(b"cannot read caf\xe9.jpg: bad marker ") + "\0\1"
    with catalog.writing() as (session, _):
        session.add(Folder(id=1, path="/x", state=FolderState.ONLINE))
        session.flush()
        session.add(Photo(folder_id=1, path="/x/a", size=1, mtime_ns=2**62, state=PhotoState.PRESENT, error=reason))
    with catalog.reading() as session:
        assert session.scalars(select(Photo.error)).one() == reason.replace("\0", "")


@on_both_databases
def test_moments_have_their_zone_whatever_the_database(catalog: Catalog) -> None:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    with catalog.writing() as (session, _):
        session.add(Folder(path="/x", state=FolderState.ONLINE, scanned_at=now))
    with catalog.reading() as session:
        kept = session.scalars(select(Folder.scanned_at)).one()
    assert kept == now
    assert kept is not None and kept.tzinfo == UTC


def test_a_file_that_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(CatalogError, match="not a database") as caught:
        Catalog.open(f"sqlite:///{tmp_path / 'c.sqlite3'}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["nonsense", "mysterydb://x/y"])
def test_a_url_that_is_none_is_said_in_one_line(url: str) -> None:
    with pytest.raises(CatalogError, match="not a database URL"):
        Catalog.open(url)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_server_that_is_not_there_is_said_in_one_line_without_the_password(scheme: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="No such file") as caught:
        Catalog.open(f"{scheme}://me:secret@/photos?host={tmp_path}")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        Catalog.open(f"sqlite:///{tmp_path / 'file' / 'c.sqlite3'}")


@on_both_databases
def test_two_programs_may_open_a_new_catalog_at_once(url: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: Catalog.open(url), range(8)))
    assert len({catalog.identity() for catalog in opened}) == 1
    for catalog in opened:
        catalog.close()


def test_readers_are_not_held_up_by_a_writer(tmp_path: Path) -> None:
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'c.sqlite3'}")
    with catalog.writing() as (session, _):
        session.add(Folder(path="/x", state=FolderState.ONLINE))
        session.flush()
        other = sqlite3.connect(tmp_path / "c.sqlite3", timeout=0.1)
        assert other.execute("SELECT count(*) FROM folder").fetchone() == (0,)
        other.close()
    catalog.close()


@on_both_databases
def test_a_reader_sees_one_state_while_others_write(catalog: Catalog) -> None:
    with catalog.reading() as session, catalog.reading_columns() as connection:
        before = session.execute(select(Clock.revision)).scalar_one()
        assert connection.execute(select(Clock.revision)).scalar_one() == before
        with catalog.writing() as (other, _):
            other.add(Folder(path="/x", state=FolderState.ONLINE))
        assert session.execute(select(Clock.revision)).scalar_one() == before
        assert connection.execute(select(Clock.revision)).scalar_one() == before
        assert session.scalars(select(Folder)).all() == []


WRITER = """
import random, sys, time
from indexer.catalog import Catalog, Content
catalog, name, count = Catalog.open(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for number in range(count):
    with catalog.writing() as (session, revision):
        session.add(Content(sha256=f"{name}{number}", size=1, width=1, height=1, format="PNG", revision=revision))
        session.flush()
        time.sleep(random.random() / 200)  # so that transactions overlap and end in another order than they began
"""


@on_both_databases
def test_asking_for_what_is_newer_misses_nothing_while_two_processes_write(catalog: Catalog, url: str) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, name, "30"]) for name in ("a", "b")]
    seen: list[str] = []
    revision = 0
    deadline = time.monotonic() + 60
    while len(seen) < 60 and time.monotonic() < deadline:
        with catalog.reading() as session:
            now = session.execute(select(Clock.revision)).scalar_one()
            seen += session.scalars(select(Content.sha256).where(Content.revision > revision)).all()
            revision = now
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert sorted(seen) == sorted(f"{name}{number}" for name in ("a", "b") for number in range(30))
    assert revision == 60


@on_both_databases
def test_what_belongs_to_a_photo_goes_with_it(catalog: Catalog) -> None:
    with catalog.writing() as (session, _):
        session.add(Folder(id=1, path="/x", state=FolderState.ONLINE))
        session.flush()
        session.add(Photo(id=7, folder_id=1, path="/x/a.jpg", size=1, mtime_ns=1, state=PhotoState.PRESENT))
        session.flush()
        session.add(PhotoMetadata(photo_id=7, version=1, camera="Leica M6"))
        session.add(PhotoKeyword(photo_id=7, keyword="sea"))
    with catalog.writing() as (session, _):
        session.execute(delete(Photo).where(Photo.id == 7))
    with catalog.reading() as session:
        assert session.scalars(select(PhotoMetadata)).all() == []
        assert session.scalars(select(PhotoKeyword)).all() == []
