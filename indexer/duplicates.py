"""Groups of photos that show the same, with the one to keep proposed. Nothing is ever deleted."""

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clipcore.batches import batched
from indexer.alike import update_alike
from indexer.catalog import Alike, Clock, Content, ContentLooks, Likeness, Photo, PhotoMetadata, PhotoState
from indexer.library import Library
from indexer.looks import Progress, complete_looks

_IDS_A_STATEMENT = 500
_AS_SHARP = 0.8  # of the sharpest one: less than this can be seen
_AS_FULL = 0.8  # of the bytes of the largest of one format: less is compressed more
REJECTED = -1


class Kind(enum.StrEnum):
    EXACT = "exact"  # the same bytes
    NEAR = "near"  # the same picture: resized, compressed, converted, slightly cropped or corrected
    BURST = "burst"  # some of it is of the same moment only


@dataclass(frozen=True)
class Shot:
    """A photo of a group."""

    id: int
    content_id: int
    path: str
    width: int  # pixels, upright
    height: int
    format: str
    size: int  # bytes
    mtime_ns: int
    sharpness: float | None  # of its thumbnail (`indexer.looks.sharpness_of`)
    rating: int | None
    taken_at: datetime | None


@dataclass(frozen=True)
class Group:
    """Photos that show the same; `best` is the one proposed."""

    kind: Kind
    best: Shot
    others: tuple[Shot, ...]


@dataclass(frozen=True)
class Found:
    """All groups, by the path of the best; and how many pictures could not be compared for want of a thumbnail."""

    groups: list[Group]
    unseen: int


def find_duplicates(library: Library, *, bursts: bool = True, progress: Progress = lambda done, total: None) -> Found:
    """Looks at what was not looked at yet, compares what changed, and gives back the groups as they are then.

    Raises:
        StorageError: the catalog cannot be written.
    """
    unseen = complete_looks(library, progress) or 0
    update_alike(library)
    with library.catalog.reading() as session:
        return Found(list(_groups(session, bursts)), unseen)


def read_duplicates(library: Library, *, bursts: bool = True) -> list[Group]:
    """The groups as they were compared last, without looking at what is new; photos that are gone are left out."""
    with library.catalog.reading() as session:
        return list(_groups(session, bursts))


def is_compared(library: Library) -> bool:
    """Whether the photos were compared by the encoder in use, so that no groups means no copies."""
    with library.catalog.reading() as session:
        compared_by = session.scalars(select(Clock.compared_by)).one()
    return compared_by is not None and compared_by == library.known_encoder_id()


def _groups(session: Session, bursts: bool) -> Iterator[Group]:
    linked = select(Alike.first_id, Alike.second_id, Alike.likeness).order_by(Alike.first_id, Alike.second_id)
    if not bursts:
        linked = linked.where(Alike.likeness == Likeness.COPY)
    pairs = [(first, second) for first, second, _ in session.execute(linked)]
    of_burst = {id_ for *ids, likeness in session.execute(linked) if likeness == Likeness.BURST for id_ in ids}
    held_twice = (
        select(Photo.content_id)
        .where(Photo.state == PhotoState.PRESENT, Photo.content_id.is_not(None))
        .group_by(Photo.content_id)
        .having(func.count() > 1)
    )
    copied = [id_ for id_ in session.scalars(held_twice) if id_ is not None]
    components = connected([*pairs, *((id_, id_) for id_ in copied)])
    shots = _shots(session, [id_ for ids in components for id_ in ids])
    groups = [
        _group([shot for id_ in ids for shot in shots.get(id_, ())], any(id_ in of_burst for id_ in ids))
        for ids in components
    ]
    yield from sorted((group for group in groups if group is not None), key=lambda group: group.best.path)


def connected(pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The connected components of a graph given by its edges, sorted."""
    parent: dict[int, int] = {}

    def root(of: int) -> int:
        while parent.setdefault(of, of) != of:
            parent[of] = of = parent[parent[of]]
        return of

    for first, second in pairs:
        parent[root(first)] = root(second)
    components: dict[int, list[int]] = {}
    for one in sorted(parent):
        components.setdefault(root(one), []).append(one)
    return list(components.values())


def _shots(session: Session, content_ids: Sequence[int]) -> dict[int, list[Shot]]:
    """The present photos of contents, by content."""
    shots: dict[int, list[Shot]] = {}
    for ids in batched(content_ids, _IDS_A_STATEMENT):
        query = (
            select(
                Photo.id,
                Content.id,
                Photo.path,
                Content.width,
                Content.height,
                Content.format,
                Content.size,
                Photo.mtime_ns,
                ContentLooks.sharpness,
                PhotoMetadata.rating,
                PhotoMetadata.taken_at,
            )
            .join(Content, Content.id == Photo.content_id)
            .outerjoin(ContentLooks, ContentLooks.content_id == Content.id)
            .outerjoin(PhotoMetadata, PhotoMetadata.photo_id == Photo.id)
            .where(Content.id.in_(ids), Photo.state == PhotoState.PRESENT)
        )
        for row in session.execute(query):
            shots.setdefault(row[1], []).append(Shot(*tuple(row)))
    return shots


def _group(shots: Sequence[Shot], of_burst: bool) -> Group | None:
    if len(shots) < 2:  # the others have gone since they were compared
        return None
    best, *others = by_preference(shots)
    kind = Kind.BURST if of_burst else Kind.NEAR
    if len({shot.content_id for shot in shots}) == 1:
        kind = Kind.EXACT
    return Group(kind, best, tuple(others))


def by_preference(shots: Sequence[Shot]) -> list[Shot]:
    """The best shot first.

    What its owner rejected comes last. Then the highest resolution counts; of these, to be as sharp as the sharpest;
    then the rating, to be compressed no more than others of its format, the oldest file, the shortest path.
    """
    sharpest: dict[int, float] = {}  # of one size
    largest: dict[tuple[int, str], int] = {}  # of one size and format
    for shot in shots:
        pixels = shot.width * shot.height
        sharpest[pixels] = max(sharpest.get(pixels, 0.0), shot.sharpness or 0.0)
        largest[pixels, shot.format] = max(largest.get((pixels, shot.format), 0), shot.size)

    def preference(shot: Shot) -> tuple[object, ...]:
        pixels, rating = shot.width * shot.height, shot.rating or 0
        blurred = (shot.sharpness or 0.0) < _AS_SHARP * sharpest[pixels]
        compressed = shot.size < _AS_FULL * largest[pixels, shot.format]
        return rating == REJECTED, -pixels, blurred, -rating, compressed, shot.mtime_ns, len(shot.path), shot.path

    return sorted(shots, key=preference)
