import os
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, select, text

from indexer.catalog import Base, Catalog, Folder, FolderState, Photo, PhotoKeyword, PhotoMetadata, PhotoState
from indexer.errors import CatalogError, StorageError
from indexer.migrations import HEAD


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.open(f"sqlite:///{tmp_path / 'c.sqlite3'}")


def test_migrations_make_the_tables_the_models_describe(catalog: Catalog) -> None:
    with catalog.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_head_is_the_newest_migration() -> None:
    import indexer.migrations as migrations

    versions = sorted(p.name for p in (Path(migrations.__file__).parent / "versions").glob("0*.py"))
    assert versions[-1].startswith(f"{HEAD}_")


def test_a_newer_catalog_is_refused_readably(catalog: Catalog) -> None:
    with catalog.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CatalogError, match="newer Sightline"):
        Catalog.open(str(catalog.engine.url))


def test_every_write_takes_the_next_revision(catalog: Catalog) -> None:
    with catalog.writing() as (_, first):
        pass
    with catalog.writing() as (_, second):
        pass
    assert second == first + 1 == catalog.revision()


def test_a_write_that_fails_leaves_nothing_not_even_a_revision(catalog: Catalog) -> None:
    before = catalog.revision()
    with pytest.raises(ZeroDivisionError), catalog.writing() as (session, _):
        session.add(Folder(path="/x", state=FolderState.ONLINE))
        session.flush()
        _ = 1 / 0
    assert catalog.revision() == before
    with catalog.reading() as session:
        assert session.scalars(select(Folder)).all() == []


def test_paths_that_are_no_unicode_come_back_as_they_were(catalog: Catalog) -> None:
    path = os.fsdecode(b"/photos/caf\xe9 \xf0\x9f\x90\x95.jpg")
    with catalog.writing() as (session, _):
        session.add(Folder(path=path, state=FolderState.ONLINE))
    with catalog.reading() as session:
        assert session.scalars(select(Folder.path)).one() == path
        assert session.scalars(select(Folder).where(Folder.path == path)).one().path == path


def test_a_file_that_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(CatalogError, match="not a database") as caught:
        Catalog.open(f"sqlite:///{tmp_path / 'c.sqlite3'}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["nonsense", "mysterydb://x/y"])
def test_a_url_that_is_none_is_said_in_one_line(url: str) -> None:
    with pytest.raises(CatalogError, match="not a database URL"):
        Catalog.open(url)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        Catalog.open(f"sqlite:///{tmp_path / 'file' / 'c.sqlite3'}")


def test_two_programs_may_open_a_new_catalog_at_once(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    url = f"sqlite:///{tmp_path / 'c.sqlite3'}"
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: Catalog.open(url), range(8)))
    assert len({catalog.identity() for catalog in opened}) == 1


def test_readers_are_not_held_up_by_a_writer(catalog: Catalog, tmp_path: Path) -> None:
    with catalog.writing() as (session, _):
        session.add(Folder(path="/x", state=FolderState.ONLINE))
        session.flush()
        other = sqlite3.connect(tmp_path / "c.sqlite3", timeout=0.1)
        assert other.execute("SELECT count(*) FROM folder").fetchone() == (0,)
        other.close()


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
