"""How a database is reached: SQLite or PostgreSQL by URL, and its faults as one line.

SQLite keeps a write-ahead log, so that readers never wait, and a writer takes the lock when its transaction begins.
PostgreSQL's readers see one snapshot (repeatable read); its writers wait for the row of the clock.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from indexer.errors import BusyError, CatalogError, StorageError
from indexer.migrations import IMMEDIATE
from indexer.mounts import is_network, kind_of

log = logging.getLogger(__name__)

_WRITING = 0x5349474854  # the advisory lock of whoever indexes into a PostgreSQL catalog
_CANNOT_WRITE = ("full", "no space", "readonly", "read-only", "disk i/o", "unable to open", "could not extend")


def open_engine(url: str) -> Engine:
    """An engine for a SQLAlchemy URL; `postgresql://` and `postgres://` mean psycopg. Connects to nothing yet.

    Raises:
        CatalogError: the URL is none, or names a database that no driver here can reach.
        StorageError: the folder of a SQLite file cannot be made.
    """
    try:
        parsed = _with_driver(make_url(url))
        if parsed.get_backend_name() == "sqlite":
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(parsed)
            _prepare_sqlite(engine)
            return engine
        return create_engine(parsed, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise CatalogError(f"not a database URL that can be opened: {url}: {error}") from error
    except OSError as error:
        raise StorageError(f"cannot make {error.filename}: {error.strerror}") from error


def _with_driver(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url


def snapshots(engine: Engine) -> Engine:
    """The same engine for readers: every statement of a transaction sees the database as it was at the first."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine  # SQLite's transactions are that already


def _prepare_sqlite(engine: Engine) -> None:
    """Write-ahead log, foreign keys, and transactions that SQLAlchemy begins itself (writers take the lock at once).

    Every commit is on the disk when it returns: a snapshot of the index must never know more than the catalog does
    after a power cut, since revisions would be given out a second time.
    """

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        immediate = connection.get_execution_options().get(IMMEDIATE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def network_under(engine: Engine) -> str | None:
    """The type of the network file system that a SQLite catalog lies on; None where it lies on none.

    SQLite's write-ahead log is shared memory, which two machines have not, and many such systems do not lock.
    """
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    kind = kind_of(os.path.dirname(os.path.realpath(engine.url.database)))
    return kind if is_network(kind) else None


@contextmanager
def writing_alone(engine: Engine, timeout: float) -> Iterator[Callable[[], None]]:
    """Holds the one right to index into a PostgreSQL catalog, from whichever machine, until the end or a crash.

    SQLite's catalog lies on this machine, where a lock file does it (`indexer.ingest`): nothing is held here then.
    Gives what raises a CatalogError once the right is lost: with its connection, even where others work again.

    Raises:
        BusyError: someone else holds it, still after `timeout` seconds.
    """
    if engine.dialect.name != "postgresql":
        yield lambda: None
        return
    with readable(engine):
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection:
        with readable(engine):
            _take_lock(connection, timeout)

        def check() -> None:
            with readable(engine):
                connection.execute(text("SELECT 1"))

        try:
            yield check
        finally:
            try:
                if not connection.invalidated:
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _WRITING})
            except DBAPIError as error:  # the server went away, and the lock with the connection
                log.warning("the catalog's connection was lost: %s", _reason(error))


def _take_lock(connection: Connection, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _WRITING}).scalar_one():
        if time.monotonic() > deadline:
            raise BusyError(f"another run is indexing into {connection.engine.url}: wait for it to end, or stop it")
        time.sleep(0.1)


@contextmanager
def readable(engine: Engine) -> Iterator[None]:
    """Database faults as one line that names the catalog.

    Raises:
        StorageError: the disk is full or the database read-only.
        CatalogError: anything else.
    """
    try:
        yield
    except DBAPIError as error:
        reason = _reason(error)
        if any(word in reason.lower() for word in _CANNOT_WRITE):
            raise StorageError(
                f"cannot write the catalog {engine.url}: {reason}; nothing committed so far is lost"
            ) from error
        raise CatalogError(f"catalog {engine.url}: {reason}") from error
    except SQLAlchemyError as error:
        raise CatalogError(f"catalog {engine.url}: {error}") from error


def _reason(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]
