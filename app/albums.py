"""Albums: photos that their owner put together, and live ones, which hold what a saved search finds."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, distinct, func, insert, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError, QueryError, TakenError
from app.names import contents_of
from clipcore.batches import batched
from indexer.catalog import Album, AlbumContent, Content, Photo, PhotoState
from indexer.library import Library

LONGEST = 200  # characters
MOST_ALBUMS = 10_000
_IDS_A_STATEMENT = 500


@dataclass(frozen=True)
class AlbumDetails:
    """An album: a live one has a `query` in the query language, another so many `photos`; `cover` is one to show."""

    id: int
    name: str
    query: str | None
    photos: int | None
    cover: int | None


def list_albums(library: Library) -> list[AlbumDetails]:
    """All albums, by name."""
    with library.catalog.reading() as session:
        return _details(session)


def get_album(library: Library, album_id: int) -> AlbumDetails:
    """One album.

    Raises:
        NotFoundError: there is none such.
    """
    with library.catalog.reading() as session:
        return _one(session, Album.id == album_id, f"no album with id {album_id}")


def find_album(library: Library, name: str) -> AlbumDetails:
    """An album by its name, in any case.

    Raises:
        NotFoundError: there is none such.
    """
    with library.catalog.reading() as session:
        return _one(session, Album.key == _key(name), f"no album {name!r}")


def make_album(library: Library, name: str, *, query: str | None = None, photo_ids: Sequence[int] = ()) -> AlbumDetails:
    """Makes an album of photos, or a live one of a line of the query language.

    Raises:
        NotFoundError: one of the photos is not in the library.
        TakenError: another has this name.
        QueryError: it is no name, or the line is not in the language.
    """
    name = _clean(name)
    if query is not None:
        query = _checked(query)
        if photo_ids:
            raise QueryError("an album holds either photos or what a search finds")
    with library.catalog.writing() as (session, _):
        if session.execute(select(func.count()).select_from(Album)).scalar_one() >= MOST_ALBUMS:
            raise QueryError(f"there are {MOST_ALBUMS:,} albums already; that is the limit")
        _check_free(session, name)
        album = Album(name=name, key=_key(name), query=query)
        session.add(album)
        session.flush()
        _add(session, album.id, photo_ids)
        return _one(session, Album.id == album.id, "")


def change_album(library: Library, album_id: int, *, name: str | None = None, query: str | None = None) -> AlbumDetails:
    """Gives an album another name, or a live one another search.

    Raises:
        NotFoundError: there is no such album.
        TakenError: another has this name.
        QueryError: it is no name, the album is not live, or the line is not in the language.
    """
    with library.catalog.writing() as (session, _):
        album = _row(session, album_id)
        if name is not None:
            name = _clean(name)
            _check_free(session, name, album_id)
            album.name, album.key = name, _key(name)
        if query is not None:
            if album.query is None:
                raise QueryError(f"{album.name} holds photos, not a search")
            album.query = _checked(query)
        session.flush()
        return _one(session, Album.id == album_id, "")


def delete_album(library: Library, album_id: int) -> None:
    """Forgets an album. Photos stay.

    Raises:
        NotFoundError: there is no such album.
    """
    with library.catalog.writing() as (session, _):
        session.delete(_row(session, album_id))


def change_photos(
    library: Library, album_id: int, *, add: Sequence[int] = (), remove: Sequence[int] = ()
) -> AlbumDetails:
    """Puts photos into an album, and takes photos out of it.

    Raises:
        NotFoundError: there is no such album, or one of the photos is not in the library.
        QueryError: the album is live.
    """
    with library.catalog.writing() as (session, _):
        album = _row(session, album_id)
        if album.query is not None:
            raise QueryError(f"{album.name} holds what its search finds: {album.query}")
        _add(session, album_id, add)
        for some in batched(contents_of(session, remove), _IDS_A_STATEMENT):
            of_album = AlbumContent.album_id == album_id
            session.execute(delete(AlbumContent).where(of_album, AlbumContent.content_id.in_(some)))
        return _one(session, Album.id == album_id, "")


def held(album_id: int) -> ColumnElement[bool]:
    """Whether a content is in an album of photos."""
    return Content.id.in_(select(AlbumContent.content_id).where(AlbumContent.album_id == album_id))


def _details(session: Session, *which: ColumnElement[bool]) -> list[AlbumDetails]:
    present = (Photo.content_id == AlbumContent.content_id) & (Photo.state == PhotoState.PRESENT)
    query = (
        select(Album, func.count(distinct(Photo.content_id)), func.max(Photo.id))
        .outerjoin(AlbumContent, AlbumContent.album_id == Album.id)
        .outerjoin(Photo, present)
        .where(*which)
        .group_by(Album.id)
        .order_by(Album.key)
    )
    return [
        AlbumDetails(album.id, album.name, album.query, count if album.query is None else None, cover)
        for album, count, cover in session.execute(query)
    ]


def _one(session: Session, which: ColumnElement[bool], missing: str) -> AlbumDetails:
    if not (found := _details(session, which)):
        raise NotFoundError(missing)
    return found[0]


def _row(session: Session, album_id: int) -> Album:
    if (album := session.get(Album, album_id)) is None:
        raise NotFoundError(f"no album with id {album_id}")
    return album


def _add(session: Session, album_id: int, photo_ids: Sequence[int]) -> None:
    had = set(session.scalars(select(AlbumContent.content_id).where(AlbumContent.album_id == album_id)))
    rows = [{"album_id": album_id, "content_id": i} for i in contents_of(session, photo_ids) if i not in had]
    if rows:
        session.execute(insert(AlbumContent), rows)


def _check_free(session: Session, name: str, album_id: int | None = None) -> None:
    known = session.execute(select(Album.id).where(Album.key == _key(name))).scalar()
    if known is not None and known != album_id:
        raise TakenError(f"there is an album {name!r} already")


def _clean(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST:
        raise QueryError(f"an album's name is 1 to {LONGEST} characters; got {len(name)}")
    return name


def _key(name: str) -> str:
    """A name as it is compared."""
    return " ".join(name.split()).casefold()


def _checked(line: str) -> str:
    from app.language import parse  # which knows the filter album:, and so would import this

    return str(parse(line))
