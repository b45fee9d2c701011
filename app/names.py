"""Names that the owner taught, each on a few photos: of a person, a pet, a thing. `app.naming` understands them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError, QueryError
from app.mentions import JOINING
from clipcore.batches import batched
from indexer.catalog import Name, NameExample, Photo, PhotoState
from indexer.fulltext import tokens
from indexer.library import Library

LONGEST = 100  # characters
MOST_NAMES = 10_000
_IDS_A_STATEMENT = 500


@dataclass(frozen=True)
class Taught:
    """A name, and the photos it was taught on: one for each picture, those of which a file is there now."""

    id: int
    name: str
    photos: tuple[int, ...]


def teach(library: Library, name: str, photo_ids: Sequence[int]) -> Taught:
    """Says that photos show what is called by a name; photos that said so before stay.

    Raises:
        NotFoundError: one of the photos is not in the library.
        QueryError: it is no name, or there are no photos.
    """
    name = " ".join(name.split())
    words = _words(name)
    if not photo_ids:
        raise QueryError(f"give photos that show {name}: three to five, as different as can be")
    with library.catalog.writing() as (session, _):
        contents = contents_of(session, photo_ids)
        known = session.scalars(select(Name).where(Name.words == words)).one_or_none()
        if known is None:
            if session.execute(select(func.count()).select_from(Name)).scalar_one() >= MOST_NAMES:
                raise QueryError(f"there are {MOST_NAMES:,} names already; that is the limit")
            known = Name(name=name, words=words)
            session.add(known)
            session.flush()
        known.name = name  # as it is written now
        had = set(session.scalars(select(NameExample.content_id).where(NameExample.name_id == known.id)))
        rows = [{"name_id": known.id, "content_id": content} for content in contents if content not in had]
        if rows:
            session.execute(insert(NameExample), rows)
    return find_name(library, name)


def forget_name(library: Library, name_id: int, photo_ids: Sequence[int] = ()) -> None:
    """Forgets a name; or, where photos are given, that these show it. A name without photos is forgotten.

    Raises:
        NotFoundError: no such name, or one of the photos is not in the library.
    """
    of_name = NameExample.name_id == name_id
    with library.catalog.writing() as (session, _):
        if session.get(Name, name_id) is None:
            raise NotFoundError(f"no name with id {name_id}")
        for some in batched(contents_of(session, photo_ids), _IDS_A_STATEMENT):
            session.execute(delete(NameExample).where(of_name, NameExample.content_id.in_(some)))
        left = session.execute(select(func.count()).where(of_name)).scalar_one()
        if not photo_ids or not left:
            session.execute(delete(Name).where(Name.id == name_id))


def list_names(library: Library) -> list[Taught]:
    """All names, in order."""
    return _list(library)


def find_name(library: Library, name: str) -> Taught:
    """One name.

    Raises:
        NotFoundError: there is none such.
    """
    if not (found := _list(library, tokens(name))):
        raise NotFoundError(f"no name {name!r}: sightline name --list shows those that were taught")
    return found[0]


def _list(library: Library, words: str | None = None) -> list[Taught]:
    first = (
        select(NameExample.name_id, func.min(Photo.id).label("photo_id"))
        .join(Photo, (Photo.content_id == NameExample.content_id) & (Photo.state == PhotoState.PRESENT))
        .group_by(NameExample.name_id, NameExample.content_id)
        .subquery()
    )
    query = select(Name.id, Name.name, first.c.photo_id).outerjoin(first, first.c.name_id == Name.id)
    if words is not None:
        query = query.where(Name.words == words)
    names: dict[tuple[int, str], list[int]] = {}
    with library.catalog.reading() as session:
        for name_id, name, photo_id in session.execute(query.order_by(Name.words, first.c.photo_id)):
            names.setdefault((name_id, name), []).extend([] if photo_id is None else [photo_id])
    return [Taught(*name, tuple(photos)) for name, photos in names.items()]


def _words(name: str) -> str:
    """A name as it is compared.

    Raises:
        QueryError: it has no words, only such as join others, or too many.
    """
    words = tokens(name)
    if not words or len(name) > LONGEST:
        raise QueryError(f"a name is 1 to {LONGEST} characters, letters or digits among them; got {name[:LONGEST]!r}")
    if set(words.split()) <= JOINING:
        raise QueryError(f"{name!r} stands in too many descriptions to be a name")
    return words


def contents_of(session: Session, photo_ids: Sequence[int]) -> list[int]:
    """The contents of photos, each once.

    Raises:
        NotFoundError: one of the photos is not in the library.
    """
    found: dict[int, int | None] = {}
    for some in batched(list(photo_ids), _IDS_A_STATEMENT):
        rows = session.execute(select(Photo.id, Photo.content_id).where(Photo.id.in_(some)))
        found |= {photo_id: content_id for photo_id, content_id in rows}
    for photo_id in photo_ids:
        if found.get(photo_id) is None:
            raise NotFoundError(f"no photo with id {photo_id}")
    return list(dict.fromkeys(content_id for i in photo_ids if (content_id := found[i]) is not None))
