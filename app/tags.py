"""Tags of photos: the owner's, and suggestions to accept or to reject. The filter ``keyword:`` finds the owner's."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Select, delete, func, insert, select, update

from app.errors import NotFoundError, QueryError
from app.kinds import families, together
from app.likelihood import Encoded, Likelihood
from clipcore.batches import batched
from indexer.catalog import Photo, PhotoKeyword, PhotoState, PhotoTag, TagState, Vector
from indexer.fulltext import index_words
from indexer.library import Library
from indexer.metadata import clean_keywords
from indexer.sidecar import SidecarError, write_keywords
from indexer.stored import content_vectors

THRESHOLD = 0.5  # probability from which on a tag is suggested
_AT_ONCE = 500  # photos in one transaction


@dataclass(frozen=True)
class TagCount:
    """A tag, and how many photos have it: from their owner, from their files, and as suggestions."""

    tag: str
    own: int
    in_files: int
    suggested: int


@dataclass(frozen=True)
class Suggested:
    """What a run of suggestions came to."""

    photos: int
    tags: int


def add(library: Library, photo_ids: Sequence[int], tags: Sequence[str]) -> int:
    """Gives photos tags; a suggestion of the same is accepted. Gives back how many were not there.

    Raises:
        NotFoundError: one of the photos is not in the library.
        QueryError: a tag is blank.
    """
    tags = _clean(tags)
    _check(library, photo_ids)
    added = 0
    for some in batched(dict.fromkeys(photo_ids), _AT_ONCE):
        with library.catalog.writing() as (session, _):
            rows = session.scalars(select(PhotoTag).where(PhotoTag.photo_id.in_(some), PhotoTag.tag.in_(tags))).all()
            known = {(row.photo_id, row.tag): row for row in rows}
            for photo_id in some:
                for tag in tags:
                    row = known.get((photo_id, tag))
                    if row is None:
                        session.add(PhotoTag(photo_id=photo_id, tag=tag, state=TagState.OWN))
                    added += row is None or row.state != TagState.OWN
                    if row is not None:
                        row.state = TagState.OWN
            index_words(session, some)
    return added


def remove(library: Library, photo_ids: Sequence[int], tags: Sequence[str]) -> int:
    """Takes tags, or suggestions of them, from photos; keywords inside files stay. Gives back how many there were."""
    return _settle(library, photo_ids, _clean(tags), delete(PhotoTag).where(PhotoTag.state != TagState.REJECTED))


def accept(library: Library, tags: Sequence[str] = (), photo_ids: Sequence[int] = (), least: float = 0.0) -> int:
    """Makes suggestions the owner's tags: those of these tags (all of none are named), photos, and probability."""
    change = update(PhotoTag).where(PhotoTag.state == TagState.SUGGESTED, PhotoTag.probability >= least)
    return _settle(library, photo_ids, tags, change.values(state=TagState.OWN))


def reject(library: Library, tags: Sequence[str] = (), photo_ids: Sequence[int] = ()) -> int:
    """Puts suggestions away, never to be made again."""
    change = update(PhotoTag).where(PhotoTag.state == TagState.SUGGESTED)
    return _settle(library, photo_ids, tags, change.values(state=TagState.REJECTED))


def _settle(library: Library, photo_ids: Sequence[int], tags: Sequence[str], change: object) -> int:
    """Carries a change out for some photos and tags, for all where none are named."""
    if photo_ids:
        _check(library, photo_ids)
    settled = 0
    for some in batched(photo_ids, _AT_ONCE) if photo_ids else [()]:
        statement = change
        if tags:
            statement = statement.where(PhotoTag.tag.in_(tags))  # type: ignore[attr-defined]
        if some:
            statement = statement.where(PhotoTag.photo_id.in_(some))  # type: ignore[attr-defined]
        with library.catalog.writing() as (session, _):
            changed = session.scalars(statement.returning(PhotoTag.photo_id)).all()  # type: ignore[attr-defined]
            settled += len(changed)
            index_words(session, sorted(set(changed)))
    return settled


def list_tags(library: Library) -> list[TagCount]:
    """All tags of present photos, most used first."""
    present = select(Photo.id).where(Photo.state == PhotoState.PRESENT)
    counts: dict[str, list[int]] = {}
    own = select(PhotoTag.tag, func.count()).where(PhotoTag.photo_id.in_(present)).group_by(PhotoTag.tag)
    files = select(PhotoKeyword.keyword, func.count()).where(PhotoKeyword.photo_id.in_(present))
    queries: list[Select[str, int]] = [
        own.where(PhotoTag.state == TagState.OWN),
        files.group_by(PhotoKeyword.keyword),
        own.where(PhotoTag.state == TagState.SUGGESTED),
    ]
    with library.catalog.reading() as session:
        for place, query in enumerate(queries):
            for tag, count in session.execute(query):
                counts.setdefault(tag, [0, 0, 0])[place] = count
    return sorted((TagCount(tag, *count) for tag, count in counts.items()), key=lambda t: (-t.own - t.in_files, t.tag))


def tags_of(library: Library, photo_id: int) -> list[tuple[str, TagState, float | None]]:
    """A photo's own tags and suggestions, likeliest suggestions first."""
    query = (
        select(PhotoTag.tag, PhotoTag.state, PhotoTag.probability)
        .where(PhotoTag.photo_id == photo_id, PhotoTag.state != TagState.REJECTED)
        .order_by(PhotoTag.state, PhotoTag.probability.desc(), PhotoTag.tag)
    )
    with library.catalog.reading() as session:
        return [(tag, state, probability) for tag, state, probability in session.execute(query)]


def suggestions(library: Library, count: int, each: int) -> list[tuple[str, int, list[tuple[int, float]]]]:
    """The tags that are suggested most: of each how many photos, and the likeliest of them (id, probability)."""
    suggested = (PhotoTag.state == TagState.SUGGESTED, Photo.state == PhotoState.PRESENT)
    most = (
        select(PhotoTag.tag, func.count())
        .join(Photo, Photo.id == PhotoTag.photo_id)
        .where(*suggested)
        .group_by(PhotoTag.tag)
        .order_by(func.count().desc(), PhotoTag.tag)
        .limit(count)
    )
    likeliest = (
        select(PhotoTag.photo_id, PhotoTag.probability)
        .join(Photo, Photo.id == PhotoTag.photo_id)
        .where(*suggested)
        .order_by(PhotoTag.probability.desc(), PhotoTag.photo_id)
        .limit(each)
    )
    with library.catalog.reading() as session:
        return [
            (tag, photos, [(i, p or 0.0) for i, p in session.execute(likeliest.where(PhotoTag.tag == tag))])
            for tag, photos in session.execute(most).all()
        ]


def suggest(
    library: Library,
    likelihood: Likelihood,
    encoded: Encoded,
    threshold: float = THRESHOLD,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Suggested:
    """Suggests for every photo the tags that hold with at least this probability, in place of earlier suggestions.

    `progress` is told (done, total), first before any is done; what it raises ends the run, and what is done stays.

    Raises:
        QueryError: the threshold is not above 0 and at most 1.
    """
    check_threshold(threshold)
    photos = _photos(library)
    tagged = written = done = 0
    progress(done, len(photos))
    for some in batched(photos, _AT_ONCE):
        found = {photo_id: tags for photo_id, tags in _likely(library, likelihood, encoded, threshold, dict(some))}
        written += _write(library, [photo_id for photo_id, _ in some], found)
        tagged += sum(map(bool, found.values()))
        done += len(some)
        progress(done, len(photos))
    return Suggested(tagged, written)


def check_threshold(threshold: float) -> None:
    """Raises QueryError where it is none, as `suggest` does."""
    if not 0 < threshold <= 1:
        raise QueryError(f"a threshold is a probability above 0 and at most 1; got {threshold:g}")


def _photos(library: Library) -> list[tuple[int, int]]:
    """The present photos that have a vector, each with its content."""
    query = (
        select(Photo.id, Vector.content_id)
        .join(Vector, Vector.content_id == Photo.content_id)
        .where(Photo.state == PhotoState.PRESENT, Vector.encoder_id == library.encoder_id)
        .order_by(Photo.id)
    )
    with library.catalog.reading() as session:
        return [(photo_id, content_id) for photo_id, content_id in session.execute(query)]


def _likely(
    library: Library, likelihood: Likelihood, encoded: Encoded, threshold: float, contents: dict[int, int]
) -> Iterator[tuple[int, dict[str, float]]]:
    """The tags that hold of each photo, a tag with kinds taken together with them."""
    _, vectors, present = content_vectors(library, np.array(list(contents.values()), np.int64))
    if not len(present):
        return
    likely = likelihood.probabilities(encoded, vectors)
    below = families(encoded.tags)
    likely[:, list(below)] = together(likely, below)
    photo_ids = list(contents)
    for place, row in zip(present.tolist(), likely, strict=True):
        yield photo_ids[place], {encoded.tags[i].text: float(row[i]) for i in np.flatnonzero(row >= threshold)}


def _write(library: Library, photo_ids: Sequence[int], found: dict[int, dict[str, float]]) -> int:
    """Replaces the suggestions of photos; what they have, in the library or in their files, is not suggested."""
    with library.catalog.writing() as (session, _):
        of_these = PhotoTag.photo_id.in_(photo_ids)
        session.execute(delete(PhotoTag).where(of_these, PhotoTag.state == TagState.SUGGESTED))
        known = {(i, tag) for i, tag in session.execute(select(PhotoTag.photo_id, PhotoTag.tag).where(of_these))}
        files = select(PhotoKeyword.photo_id, PhotoKeyword.keyword).where(PhotoKeyword.photo_id.in_(photo_ids))
        known |= {(i, keyword) for i, keyword in session.execute(files)}
        rows = [
            {"photo_id": i, "tag": tag, "state": TagState.SUGGESTED, "encoder_id": library.encoder_id, "probability": p}
            for i, tags in found.items()
            for tag, p in tags.items()
            if (i, tag) not in known
        ]
        if rows:
            session.execute(insert(PhotoTag), rows)
    return len(rows)


def write_sidecars(
    library: Library, photo_ids: Sequence[int], removed: Collection[str] = ()
) -> tuple[int, dict[str, str]]:
    """Writes the owner's tags into the side-cars of photos, and takes `removed` out: how many changed, what failed."""
    changed, failed = 0, {}
    for some in batched(photo_ids, _AT_ONCE):
        with library.catalog.reading() as session:
            paths = {i: path for i, path in session.execute(select(Photo.id, Photo.path).where(Photo.id.in_(some)))}
            own = select(PhotoTag.photo_id, PhotoTag.tag).where(
                PhotoTag.photo_id.in_(some), PhotoTag.state == TagState.OWN
            )
            tags: dict[int, list[str]] = {}
            for photo_id, tag in session.execute(own.order_by(PhotoTag.tag)):
                tags.setdefault(photo_id, []).append(tag)
        for photo_id, path in paths.items():
            try:
                changed += write_keywords(path, tags.get(photo_id, ()), set(removed) - set(tags.get(photo_id, ())))
            except SidecarError as error:
                failed[path] = str(error)
    return changed, failed


def tagged_photos(library: Library) -> list[int]:
    """The present photos that have a tag of their owner's."""
    own = select(PhotoTag.photo_id).where(PhotoTag.state == TagState.OWN)
    query = select(Photo.id).where(Photo.id.in_(own), Photo.state == PhotoState.PRESENT).order_by(Photo.id)
    with library.catalog.reading() as session:
        return list(session.scalars(query))


def _clean(tags: Sequence[str]) -> list[str]:
    cleaned = clean_keywords(tags)
    if not cleaned or any(not clean_keywords([tag]) for tag in tags):
        raise QueryError("a tag is at least one character")
    return list(cleaned)


def _check(library: Library, photo_ids: Sequence[int]) -> None:
    known: set[int] = set()
    with library.catalog.reading() as session:
        for some in batched(photo_ids, _AT_ONCE):
            known |= set(session.scalars(select(Photo.id).where(Photo.id.in_(some))))
    if missing := [photo_id for photo_id in photo_ids if photo_id not in known]:
        raise NotFoundError(f"no photo with id {missing[0]}")
