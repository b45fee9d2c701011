"""Numbered, additive changes of the catalog's tables (alembic), applied when a catalog is opened."""

import logging
import os
import shutil
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from indexer.errors import CatalogError

log = logging.getLogger(__name__)

IMMEDIATE = "sightline_immediate"  # execution option: take SQLite's write lock when the transaction begins
_MIGRATING = 0x4D49475241  # PostgreSQL's advisory lock of whoever changes the tables
HEAD = "0011"  # the newest file in versions/; a test holds it
SCRIPTS = Path(__file__).parent


def migrate(engine: Engine) -> None:
    """Brings an empty or older catalog up to `HEAD`; does nothing, and imports nothing, when it is there already.

    All of it is one transaction: when it fails, the catalog is as it was. An older SQLite file is copied first.

    Raises:
        CatalogError: the catalog is newer than this program.
    """
    with engine.connect() as connection:
        if (current := _current(connection)) == HEAD:
            return
    if current is not None and current < HEAD:
        _back_up(engine, current)
    with engine.connect().execution_options(**{IMMEDIATE: True}) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
        current = _current(connection)  # asked again: another process may have been faster
        if current is not None and current > HEAD:
            raise CatalogError(f"{engine.url} was made by a newer Sightline (tables {current}; this one knows {HEAD})")
        if current != HEAD:
            _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _back_up(engine: Engine, current: str) -> None:
    """Keeps the SQLite file as it is beside itself, when the disk has room; a server's backups are its owner's."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return
    path = Path(engine.url.database)
    kept = path.with_name(f"{path.name}.{current}.backup")
    if kept.exists() or shutil.disk_usage(path.parent).free < 3 * path.stat().st_size:
        return
    part = kept.with_name(f"{kept.name}.{os.getpid()}.part")
    try:
        with closing(engine.raw_connection()) as connection:  # outside any transaction
            connection.cursor().execute("VACUUM INTO ?", (str(part),))
        part.replace(kept)
        log.warning("the catalog's tables change; as it was: %s", kept)
    finally:
        part.unlink(missing_ok=True)
