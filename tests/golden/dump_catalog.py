"""Dumps a small catalog as this version's tables hold it: python -m tests.golden.dump_catalog

Run it once when a schema is released, before the next migration is written; the two files it makes are then never
changed, and `tests/indexer/test_migrations.py` brings them up to today's tables.
"""

import sqlite3
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from indexer.catalog import Base, Catalog, Content, EncoderRecord, Folder, FolderState, Photo, PhotoState, Vector
from indexer.migrations import HEAD
from tests.postgres import PostgresServer

FOLDER = Path(__file__).parent / "catalogs"


def fill(catalog: Catalog) -> None:
    """One of everything that a catalog can hold."""
    with catalog.writing() as (session, revision):

        def add(row: Base) -> None:
            session.add(row)
            session.flush()

        add(Folder(path="/photos", state=FolderState.ONLINE, scanned_at=datetime(2026, 1, 2, tzinfo=UTC)))
        add(Folder(path="/stick/caf\udce9", state=FolderState.OFFLINE))
        add(EncoderRecord(fingerprint="0123456789abcdef", name="starter", dim=4))
        for digit, taken_at in (("1", datetime(2019, 7, 14, 18, 5, 59)), ("2", None)):
            shape = {"width": 4000, "height": 3000, "format": "JPEG"}
            add(Content(sha256=digit * 64, size=5_000_000_000, taken_at=taken_at, revision=revision, **shape))
        add(Vector(content_id=1, encoder_id=1, data=bytes.fromhex("00380038003800b8")))
        for folder_id, path, state, content_id, error in (
            (1, "/photos/a.jpg", PhotoState.PRESENT, 1, None),
            (1, "/photos/it's a copy.jpg", PhotoState.PRESENT, 1, None),
            (1, "/photos/gone.jpg", PhotoState.MISSING, 2, None),
            (2, "/stick/caf\udce9/x.png", PhotoState.PRESENT, None, "empty file"),
        ):
            seen = {"size": 5_000_000_000, "mtime_ns": 1_767_312_000_123_456_789}
            add(Photo(folder_id=folder_id, path=path, state=state, content_id=content_id, error=error, **seen))


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.sqlite3"
        catalog = Catalog.open(f"sqlite:///{path}")
        fill(catalog)
        catalog.close()
        with sqlite3.connect(path) as connection:
            (FOLDER / f"{HEAD}.sqlite.sql").write_text("\n".join(connection.iterdump()) + "\n", "utf-8")
    server = PostgresServer.start()
    url = server.new_database()
    catalog = Catalog.open(url)
    fill(catalog)
    catalog.close()
    query = make_url(url)
    command = [str(server.programs / "pg_dump"), "--inserts", "--no-owner", "--no-privileges", "-U", "postgres"]
    command += ["-h", str(query.query["host"]), str(query.database)]
    dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (FOLDER / f"{HEAD}.postgresql.sql").write_text(dump, "utf-8")
    server.stop()


if __name__ == "__main__":
    main()
