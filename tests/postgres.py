"""A real PostgreSQL 16 for tests, from the pgserver package, on a Unix socket in a folder that goes with it."""

import os
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Any

import psycopg


class PostgresServer:
    """A running server. Every `new_database` is empty and costs about 50 ms."""

    def __init__(self, server: Any, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._admin = psycopg.connect(server.get_uri(), autocommit=True)
        for setting in ("fsync", "full_page_writes"):  # the tests kill clients, not the machine
            self._admin.execute(f"ALTER SYSTEM SET {setting} = off".encode())
        self._admin.execute("SELECT pg_reload_conf()")

    @classmethod
    def start(cls) -> "PostgresServer":
        """Takes about three seconds. Raises whatever keeps it from starting."""
        folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path may have 107 bytes
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # where pgserver keeps its own lock
        import pgserver

        return cls(pgserver.get_server(folder / "data", cleanup_mode="delete"), folder)

    @property
    def programs(self) -> Path:
        """The folder of pg_dump and psql."""
        import pgserver

        return Path(pgserver.__file__).parent / "pginstall" / "bin"

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test_{uuid.uuid4().hex}"
        self._admin.execute(f'CREATE DATABASE "{name}"'.encode())
        return str(self._server.get_uri(name))

    def crash(self) -> None:
        """Stops it without a word to its clients, as a machine that goes down does."""
        from pgserver._commands import pg_ctl

        self._admin.close()
        pg_ctl(["-m", "immediate", "-w", "stop"], pgdata=self._server.pgdata, user=self._server.system_user)

    def come_back(self) -> None:
        """Starts it again, at the same address."""
        self._server.ensure_postgres_running()
        self._admin = psycopg.connect(self._server.get_uri(), autocommit=True)

    def stop(self) -> None:
        self._admin.close()
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)
