"""A map of the library: photos that look alike lie near each other (`app.layout`). Made once, in the background.

A changed library keeps its map: new photos are placed among those of it that they look like. It is laid out anew once
a tenth of the photos have come since it was. Regions are named by the tag that is likelier in them than elsewhere.

A point is ``{"id": 12, "x": 0.31, "y": 0.72, "taken_at": "2019-06-14T10:00:00" or null, "label": "beach" or null}``;
x and y are in 0..1, y upwards.
"""

import logging
import os
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from app.kinds import families
from app.layout import Floats, Stored, among, layout
from app.likelihood import Likelihood
from indexer.catalog import Content, Photo, PhotoMetadata, PhotoState, Vector
from indexer.library import Library
from indexer.stored import STORED_DTYPE

log = logging.getLogger(__name__)

MOST = 5_000  # points of an answer, unless asked for otherwise: some 400 kB
NEW_SHARE = 0.1  # of the photos that may have come since the map was laid out
_REGIONS = 24
_KEPT = {"revision", "laid_out", "ids", "places", "regions", "names"}


@dataclass(frozen=True)
class Point:
    """A photo on the map."""

    id: int
    x: float
    y: float
    taken_at: datetime | None
    label: str | None


@dataclass(frozen=True)
class Region:
    """A part of the map, where its name stands, and how many photos it has."""

    label: str
    x: float
    y: float
    photos: int


@dataclass(frozen=True)
class Box:
    """A part of the plane."""

    left: float = 0.0
    bottom: float = 0.0
    right: float = 1.0
    top: float = 1.0


@dataclass(frozen=True)
class Map:
    """The map as it is now, or an even sample of what lies in a part of it."""

    points: list[Point]
    regions: list[Region]
    photos: int  # on the map
    inside: int  # of those, in the part that was asked for
    current: bool  # False while a newer one is being made
    doing: str | None = None  # and what is done for it at this moment


@dataclass(frozen=True)
class _Drawn:
    """A kept map and the photos as they are at a revision of the catalog, shuffled: its first are an even sample."""

    as_of: tuple[int, int]  # when the map's file was written, and the catalog's revision
    revision: int  # of the photos, when the map was made
    ids: NDArray[np.int64]  # of photos
    places: Floats
    taken_at: list[datetime | None]
    names: list[str]
    regions: list[Region]

    def point(self, place: int) -> Point:
        x, y = (round(value, 4) for value in self.places[place].tolist())
        return Point(int(self.ids[place]), x, y, self.taken_at[place], self.names[place] or None)


class LibraryMap:
    """The map of one library, kept on disk. Safe to use from several threads."""

    def __init__(self, library: Library, likelihood: Likelihood) -> None:
        self._library = library
        self._likelihood = likelihood
        self._lock = threading.Lock()
        self._drawing = threading.Lock()
        self._working: threading.Thread | None = None
        self._doing: str | None = None
        self._drawn: _Drawn | None = None

    def read(self, box: Box = Box(), most: int = MOST, wait: bool = False) -> Map:
        """The newest map there is; if the library has changed since, another is made in the background, or awaited."""
        drawn, revision = self._draw(), self._revision()
        current = drawn is not None and drawn.revision == revision
        if not current:
            worker = self._start()
            if wait:
                worker.join()
                drawn = self._draw()
                current = drawn is not None
        if drawn is None:
            return Map([], [], 0, 0, False, self._doing)
        x, y = drawn.places.T
        inside = np.flatnonzero((x >= box.left) & (x <= box.right) & (y >= box.bottom) & (y <= box.top))
        points = [drawn.point(place) for place in inside[:most].tolist()]
        return Map(points, drawn.regions, len(drawn.ids), len(inside), current, None if current else self._doing)

    def _start(self) -> threading.Thread:
        with self._lock:
            if self._working is None or not self._working.is_alive():
                self._working = threading.Thread(target=self._make, name="map", daemon=True)
                self._working.start()
            return self._working

    def _make(self) -> None:
        try:
            revision = self._revision()
            self._tell("reading what photos show")
            ids, vectors = self._vectors()
            places, laid_out = self._places(ids, vectors)
            self._tell("naming its parts")
            regions, names = self._regions(places, vectors)
            path = self._path
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(f".{os.getpid()}.npz")
            at, named = np.array([revision, laid_out]), np.array(names, str)
            np.savez(temporary, revision=at[0], laid_out=at[1], ids=ids, places=places, regions=regions, names=named)
            temporary.replace(path)
        except Exception as error:  # of a thread that nobody waits for
            log.warning("the map could not be made: %s", error)
        finally:
            self._doing = None

    def _tell(self, doing: str) -> None:
        self._doing = doing

    def _places(self, ids: NDArray[np.int64], vectors: Stored) -> tuple[Floats, int]:
        """Where photos lie, and the newest of them when they were laid out: only the others are placed, while few."""
        kept = self._kept()
        known = np.isin(ids, kept["ids"]) if kept is not None else np.zeros(len(ids), np.bool_)
        if kept is None or not known.any() or (ids > int(kept["laid_out"])).sum() > NEW_SHARE * len(ids):
            return layout(vectors, self._tell), int(ids.max(initial=0))
        places = np.empty((len(ids), 2), np.float32)
        places[known] = kept["places"][np.searchsorted(kept["ids"], ids[known])]
        places[~known] = among(vectors[~known], vectors[known], places[known], self._tell)
        return places, int(kept["laid_out"])

    @property
    def _path(self) -> Path:
        return self._library.settings.vectors_folder / f"map-{self._library.fingerprint}.npz"

    def _kept(self) -> dict[str, NDArray[Any]] | None:
        try:
            with np.load(self._path, allow_pickle=False) as arrays:
                kept = dict(arrays)
            return kept if set(kept) >= _KEPT else None
        except (OSError, ValueError, EOFError):
            return None

    def _revision(self) -> int:
        """When a photo or a vector last changed."""
        with self._library.catalog.reading() as session:
            return session.execute(select(func.max(Content.revision))).scalar() or 0

    def _vectors(self) -> tuple[NDArray[np.int64], Stored]:
        present = select(Photo.content_id).where(Photo.state == PhotoState.PRESENT)
        query = (
            select(Vector.content_id, Vector.data)
            .where(Vector.encoder_id == self._library.encoder_id, Vector.content_id.in_(present))
            .order_by(Vector.content_id)
        )
        with self._library.catalog.reading() as session:
            rows = session.execute(query).all()
        vectors = np.frombuffer(b"".join(row.data for row in rows), STORED_DTYPE)
        return np.array([row.content_id for row in rows], np.int64), vectors.reshape(
            len(rows), self._library.encoder.dim
        )

    def _regions(self, places: Floats, vectors: Stored) -> tuple[NDArray[np.int64], list[str]]:
        """Which region each photo is in, and the regions' names."""
        from sklearn.cluster import KMeans

        count = min(_REGIONS, max(1, len(places) // 8))
        if len(places) < count or not len(places):
            return np.zeros(len(places), np.int64), [""] * bool(len(places))
        regions = KMeans(count, random_state=0, n_init=4).fit_predict(places).astype(np.int64)
        broad = self._likelihood.broad
        general = sorted(families(broad.tags))
        means = np.stack([vectors[regions == region].mean(axis=0, dtype=np.float32) for region in range(count)])
        likely = self._likelihood.probabilities(broad, means / np.linalg.norm(means, axis=1, keepdims=True))[:, general]
        surprise = likely * np.log((likely + 1e-4) / (likely.mean(axis=0) + 1e-4))
        return regions, [broad.tags[general[i]].text for i in surprise.argmax(axis=1)]

    def _draw(self) -> _Drawn | None:
        """The kept map with the photos as they are now, read again when one of them has changed."""
        with self._drawing:
            try:
                at = self._path.stat().st_mtime_ns
            except OSError:
                return None
            as_of = (at, self._library.catalog.revision())
            if self._drawn is None or self._drawn.as_of != as_of:
                kept = self._kept()
                if kept is None:
                    return None
                self._drawn = self._with_photos(kept, as_of)
            return self._drawn

    def _with_photos(self, kept: dict[str, NDArray[Any]], as_of: tuple[int, int]) -> _Drawn:
        photos, contents = self._photos(), kept["ids"].tolist()
        shuffled = np.random.default_rng(0).permutation(len(contents)).tolist()
        order = [place for place in shuffled if contents[place] in photos]
        shown = [photos[contents[place]] for place in order]
        places, of, names = kept["places"][order], kept["regions"][order], [str(name) for name in kept["names"]]
        regions = []
        for region in np.unique(of).tolist():
            inside = places[of == region]
            x, y = np.median(inside, axis=0).tolist()
            regions.append(Region(names[region], round(x, 4), round(y, 4), len(inside)))
        return _Drawn(
            as_of,
            int(kept["revision"]),
            np.array([photo_id for photo_id, _ in shown], np.int64),
            places.reshape(-1, 2),
            [taken_at for _, taken_at in shown],
            [names[region] for region in of.tolist()],
            sorted(regions, key=lambda region: -region.photos),
        )

    def _photos(self) -> dict[int, tuple[int, datetime | None]]:
        """Of each content that is present: a photo's id, and when it was taken."""
        taken_at = func.coalesce(func.min(PhotoMetadata.taken_at), func.min(Content.taken_at))
        query = (
            select(Photo.content_id, func.min(Photo.id), taken_at)
            .join(Content, Content.id == Photo.content_id)
            .outerjoin(PhotoMetadata, PhotoMetadata.photo_id == Photo.id)
            .where(Photo.state == PhotoState.PRESENT)
            .group_by(Photo.content_id)
        )
        with self._library.catalog.reading() as session:
            return {i: (photo_id, taken) for i, photo_id, taken in session.execute(query) if i is not None}
