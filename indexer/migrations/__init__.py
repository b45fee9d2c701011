"""Numbered, additive changes of the catalog's tables (alembic), applied when a catalog is opened."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from indexer.errors import CatalogError

IMMEDIATE = "sightline_immediate"  # execution option: take SQLite's write lock when the transaction begins
HEAD = "0002"  # the newest file in versions/; a test holds it


def migrate(engine: Engine) -> None:
    """Brings an empty or older catalog up to `HEAD`; does nothing, and imports nothing, when it is there already.

    Raises:
        CatalogError: the catalog is newer than this program.
    """
    with engine.connect() as connection:
        if _current(connection) == HEAD:
            return
    with engine.connect().execution_options(**{IMMEDIATE: True}) as connection, connection.begin():
        current = _current(connection)  # asked again: another process may have been faster
        if current is not None and current > HEAD:
            raise CatalogError(f"{engine.url} was made by a newer Sightline (tables {current}; this one knows {HEAD})")
        if current != HEAD:
            _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
