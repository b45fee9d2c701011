"""What their owner made of photos, names and albums, as rows of an export, and back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer.catalog import Album, AlbumContent, Content, Name, NameExample
from indexer.columns import original_text, stored_text

Row = dict[str, Any]
Insert = Callable[[Session, type[Any], Sequence[Row]], None]  # of rows; those that are there already are left out

_HASHES = pa.field("sha256", pa.list_(pa.string()))
NAMES = pa.schema(
    [pa.field("name", pa.string(), nullable=False), pa.field("words", pa.string(), nullable=False), _HASHES]
)
ALBUMS = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("query", pa.string()),
        _HASHES,
    ]
)


def name_rows(session: Session) -> Iterator[list[Row]]:
    """All names, each with the hashes of the contents that show it."""
    shown: dict[int, list[str]] = {}
    query = select(NameExample.name_id, Content.sha256).join(Content, Content.id == NameExample.content_id)
    for name_id, sha256 in session.execute(query.order_by(Content.sha256)):
        shown.setdefault(name_id, []).append(sha256)
    names = session.scalars(select(Name).order_by(Name.id))
    yield [
        {"name": stored_text(name.name), "words": stored_text(name.words), "sha256": shown.get(name.id)}
        for name in names
    ]


def album_rows(session: Session) -> Iterator[list[Row]]:
    """All albums, each with the hashes of the contents in it, or the search that a live one holds."""
    held: dict[int, list[str]] = {}
    query = select(AlbumContent.album_id, Content.sha256).join(Content, Content.id == AlbumContent.content_id)
    for album_id, sha256 in session.execute(query.order_by(Content.sha256)):
        held.setdefault(album_id, []).append(sha256)
    albums = session.scalars(select(Album).order_by(Album.id))
    yield [
        {
            "name": stored_text(album.name),
            "key": stored_text(album.key),
            "query": album.query and stored_text(album.query),
            "sha256": held.get(album.id),
        }
        for album in albums
    ]


def take_names(session: Session, rows: Sequence[Row], contents: Mapping[str, int], insert: Insert) -> None:
    """Adds names, and to those that are there already what shows them."""
    told = [{"name": original_text(row["name"]), "words": original_text(row["words"])} for row in rows]
    insert(session, Name, told)
    ids = {words: id_ for words, id_ in session.execute(select(Name.words, Name.id))}
    insert(
        session,
        NameExample,
        [
            {"name_id": ids[original_text(row["words"])], "content_id": contents[sha256]}
            for row in rows
            for sha256 in row["sha256"] or ()
        ],
    )


def take_albums(session: Session, rows: Sequence[Row], contents: Mapping[str, int], insert: Insert) -> None:
    """Adds albums, and to those of photos that are there already what they hold; a live one stays as it is."""
    insert(
        session,
        Album,
        [{name: row[name] and original_text(row[name]) for name in ("name", "key", "query")} for row in rows],
    )
    ids = {key: id_ for key, id_ in session.execute(select(Album.key, Album.id).where(Album.query.is_(None)))}
    insert(
        session,
        AlbumContent,
        [
            {"album_id": ids[key], "content_id": contents[sha256]}
            for row in rows
            if (key := original_text(row["key"])) in ids
            for sha256 in row["sha256"] or ()
        ],
    )
