"""Dumps a small catalog as this version's tables hold it: python -m tests.golden.dump_catalog

Run it once when a schema is released, before the next migration is written; the two files it makes are then never
changed, and `tests/indexer/test_migrations.py` brings them up to today's tables.
"""

import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from indexer.catalog import (
    Album,
    AlbumContent,
    Alike,
    Base,
    Catalog,
    Content,
    ContentColours,
    ContentLooks,
    EncoderRecord,
    Folder,
    FolderState,
    Frame,
    FrameVector,
    Likeness,
    Name,
    NameExample,
    Photo,
    PhotoKeyword,
    PhotoMetadata,
    PhotoState,
    PhotoTag,
    TagState,
    Vector,
)
from indexer.fulltext import index_words
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
        said = {"camera": "Maker One", "latitude": 48.2, "longitude": 16.37, "rating": 5, "title": "a title"}
        add(PhotoMetadata(photo_id=1, version=1, taken_at=datetime(2019, 7, 14, 18, 5, 59), **said))
        add(PhotoKeyword(photo_id=1, keyword="caf\u00e9 \udce9"))
        add(PhotoTag(photo_id=1, tag="dog", state=TagState.SUGGESTED, encoder_id=1, probability=0.75))
        add(PhotoTag(photo_id=1, tag="Rex", state=TagState.OWN))
        add(Name(name="Rex", words="rex"))
        add(NameExample(name_id=1, content_id=1))
        add(Album(name="Best", key="best"))
        add(Album(name="Dogs", key="dogs", query="a dog"))
        add(AlbumContent(album_id=1, content_id=1))
        add(Frame(content_id=2, time_s=2.5))
        add(FrameVector(frame_id=1, encoder_id=1, data=bytes.fromhex("00380038003800b8")))
        looks = {"looks": -1, "detail": bytes(32), "colours": 1 << 40, "sharpness": 0.5, "revision": revision}
        add(ContentLooks(content_id=1, **looks))
        add(ContentColours(content_id=1, colours=5))
        add(Alike(first_id=1, second_id=2, likeness=Likeness.COPY))
        index_words(session, [1, 2, 3, 4])


def dumped(connection: sqlite3.Connection) -> Iterator[str]:
    """The statements of Python's own dump, which cannot restore an index of words: it is made anew at the end."""
    (index,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'photo_words'").fetchone()
    for statement in connection.iterdump():
        if statement == "COMMIT;":
            yield f"{index};"
            yield "INSERT INTO photo_words(photo_words) VALUES('rebuild');"
        of_the_index = "photo_words" in statement and not statement.startswith("CREATE TRIGGER")
        if not of_the_index and "writable_schema" not in statement:
            yield statement


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.sqlite3"
        catalog = Catalog.open(f"sqlite:///{path}")
        fill(catalog)
        catalog.close()
        with sqlite3.connect(path) as connection:
            (FOLDER / f"{HEAD}.sqlite.sql").write_text("\n".join(dumped(connection)) + "\n", "utf-8")
        connection.close()
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
