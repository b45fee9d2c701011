"""Every released catalog, kept as SQL in tests/golden/catalogs, comes up to today's tables with all that it held."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, select, text
from sqlalchemy.engine import make_url

import indexer.migrations as migrations
from indexer.catalog import Base, Catalog, Folder, FolderState, Photo, PhotoTag, PhotoText, TagState, Vector
from indexer.database import open_engine
from indexer.errors import CatalogError, StorageError
from indexer.fulltext import DIVIDER, Written, index_words
from indexer.settings import load_settings
from tests.conftest import on_both_databases

GOLDEN = Path(__file__).parents[1] / "golden" / "catalogs"
RELEASED = sorted(path.name.split(".")[0] for path in GOLDEN.glob("*.sqlite.sql"))
Rows = dict[str, list[dict[str, object]]]


@pytest.fixture
def url() -> str:
    return load_settings().catalog_url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_engine(url)
    yield opened
    opened.dispose()


def restore(url: str, schema: str) -> None:
    """Fills an empty database from a dump of a released catalog."""
    parsed = make_url(url)
    dump = (GOLDEN / f"{schema}.{parsed.get_backend_name()}.sql").read_text("utf-8")
    if parsed.get_backend_name() == "sqlite":
        with sqlite3.connect(str(parsed.database)) as connection:
            connection.executescript(dump)
        connection.close()
    else:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(dump.encode())


def of_the_database(table: str) -> bool:
    """Whether it is the database's own index of words, which no model describes."""
    return table.startswith("photo_words")


COMPARED = {"include_name": lambda name, kind, _: kind != "table" or not of_the_database(name)}


def contents(engine: Engine) -> Rows:
    """Every row of every table, by the tables that the database itself says it has."""
    tables = MetaData()
    with engine.connect() as connection:
        tables.reflect(connection, only=lambda name, _: not of_the_database(name))
        return {
            table.name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in tables.sorted_tables
        }


def only(now: Rows, before: Rows) -> Rows:
    """Of `now`, the tables and columns that were there before."""
    return {
        table: [{column: row[column] for column in rows[0]} for row in now[table]] if rows else now[table]
        for table, rows in before.items()
    }


def test_head_is_the_newest_migration() -> None:
    versions = sorted(p.name for p in (Path(migrations.__file__).parent / "versions").glob("0*.py"))
    assert versions[-1].startswith(f"{migrations.HEAD}_")


@on_both_databases
@pytest.mark.parametrize("schema", RELEASED)
def test_a_released_catalog_comes_up_to_todays_tables_and_loses_nothing(url: str, engine: Engine, schema: str) -> None:
    restore(url, schema)
    before = contents(engine)
    assert all(before.values()), "a table without a row proves nothing"
    catalog = Catalog.open(url)
    after = contents(engine)
    with catalog.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=COMPARED), Base.metadata) == []
        assert connection.execute(select(PhotoText.words).where(PhotoText.photo_id == 2)).scalar_one() == (
            "photos it s a copy jpg"
        )
    del before["alembic_version"]
    assert only(after, before) == before
    with catalog.writing() as (session, _):
        session.add(Folder(path="/new", state=FolderState.ONLINE))
    with catalog.reading() as session:
        assert [f.path for f in session.scalars(select(Folder).order_by(Folder.id))][-1] == "/new"
        assert len(session.scalars(select(Photo)).all()) == 4
        assert session.scalars(select(Vector.data)).one() == bytes.fromhex("00380038003800b8")
    catalog.close()


BROKEN = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{head}"
def upgrade():
    op.add_column("photo", sa.Column("half", sa.Integer))
    op.execute("UPDATE photo SET half = 1, size = 0")
    op.execute("SELECT * FROM no_such_table")
"""


@on_both_databases
def test_a_migration_that_fails_leaves_the_catalog_as_it_was(
    url: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore(url, "0001")
    Catalog.open(url).close()
    before = contents(engine)
    shutil.copytree(migrations.SCRIPTS, tmp_path / "scripts")
    (tmp_path / "scripts" / "versions" / "9999_broken.py").write_text(BROKEN.format(head=migrations.HEAD))
    with monkeypatch.context() as newer:
        newer.setattr(migrations, "SCRIPTS", tmp_path / "scripts")
        newer.setattr(migrations, "HEAD", "9999")
        with pytest.raises((CatalogError, StorageError), match="no_such_table"):
            Catalog.open(url)
    assert contents(engine) == before
    catalog = Catalog.open(url)
    with catalog.writing() as (session, _):
        session.add(Folder(path="/new", state=FolderState.ONLINE))
    catalog.close()


def test_an_older_sqlite_file_is_copied_before_its_tables_change(
    url: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore(url, "0001")
    before = contents(engine)
    shutil.copytree(migrations.SCRIPTS, tmp_path / "scripts")
    more = BROKEN.format(head=migrations.HEAD).replace('    op.execute("SELECT * FROM no_such_table")\n', "")
    (tmp_path / "scripts" / "versions" / "9999_more.py").write_text(more)
    monkeypatch.setattr(migrations, "SCRIPTS", tmp_path / "scripts")
    monkeypatch.setattr(migrations, "HEAD", "9999")
    Catalog.open(url).close()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
    database = Path(str(make_url(url).database))
    kept = [path for path in database.parent.iterdir() if "backup" in path.name]
    assert [path.name for path in kept] == [f"{database.name}.0001.backup"]
    old = open_engine(f"sqlite:///{kept[0]}")
    assert contents(old) == before
    old.dispose()


@on_both_databases
def test_tags_that_were_there_already_become_words(url: str, engine: Engine) -> None:
    restore(url, "0001")
    catalog = Catalog.open(url)
    with catalog.writing() as (session, _):
        for tag, state in (("Großer Hund", TagState.OWN), ("Rex", TagState.OWN), ("cat", TagState.SUGGESTED)):
            session.add(PhotoTag(photo_id=2, tag=tag, state=state))
        session.execute(text("DROP TABLE content_colours"))  # of 0011
        session.execute(text("UPDATE alembic_version SET version_num = '0009'"))
    catalog.close()
    catalog = Catalog.open(url)
    with catalog.reading() as session:
        words = session.execute(select(PhotoText.words).where(PhotoText.photo_id == 2)).scalar_one()
        assert words == f"photos it s a copy jpg {DIVIDER} grosser hund {DIVIDER} rex"
        assert session.scalars(select(Photo.id).where(Written(Photo.id, ["grosser hund"]))).all() == [2]
    with catalog.writing() as (session, _):
        index_words(session, [2])
    with catalog.reading() as session:
        assert session.execute(select(PhotoText.words).where(PhotoText.photo_id == 2)).scalar_one() == words
    catalog.close()
