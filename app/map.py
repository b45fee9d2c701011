"""A map of the library: photos that look alike lie near each other. Made once, and anew in the background.

t-SNE (van der Maaten and Hinton, 2008) of the vectors' first principal components, of all photos or, of many, of a
sample, each further photo lying among those of the sample that are nearest to it. The same library gives the same map.
Regions are named by the tag that is likelier in them than elsewhere.

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
from app.likelihood import Likelihood
from indexer.catalog import Content, Photo, PhotoMetadata, PhotoState, Vector
from indexer.library import Library
from indexer.store import STORED_DTYPE
from indexer.vectors.base import Vectors

log = logging.getLogger(__name__)

SAMPLE = 4_000  # photos laid out by t-SNE: some 30 s of one core
_COMPONENTS = 50
_NEIGHBOURS = 5  # of the sample, among which a further photo lies
_REGIONS = 24
_AT_ONCE = 4_096
_SPREAD = 0.01  # of the map: how far further photos may lie from where their neighbours put them, to be seen

Floats = NDArray[np.float32]


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
class Map:
    """The map as it is now; `current` is False while a newer one is being made."""

    points: list[Point]
    regions: list[Region]
    current: bool


class LibraryMap:
    """The map of one library, kept on disk. Safe to use from several threads."""

    def __init__(self, library: Library, likelihood: Likelihood) -> None:
        self._library = library
        self._likelihood = likelihood
        self._lock = threading.Lock()
        self._working: threading.Thread | None = None

    def read(self, wait: bool = False) -> Map:
        """The newest map there is; if the library has changed since, another is made in the background, or awaited."""
        kept, revision = self._kept(), self._revision()
        current = kept is not None and int(kept["revision"]) == revision
        if not current:
            worker = self._start()
            if wait:
                worker.join()
                kept = self._kept()
                current = kept is not None
        return self._map(kept, current) if kept is not None else Map([], [], False)

    def _start(self) -> threading.Thread:
        with self._lock:
            if self._working is None or not self._working.is_alive():
                self._working = threading.Thread(target=self._make, name="map", daemon=True)
                self._working.start()
            return self._working

    def _make(self) -> None:
        try:
            revision = self._revision()
            ids, vectors = self._vectors()
            places = layout(vectors)
            regions, names = self._regions(places, vectors)
            path = self._path
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(f".{os.getpid()}.npz")
            np.savez(temporary, revision=revision, ids=ids, places=places, regions=regions, names=np.array(names, str))
            temporary.replace(path)
        except Exception as error:  # of a thread that nobody waits for
            log.warning("the map could not be made: %s", error)

    @property
    def _path(self) -> Path:
        return self._library.settings.vectors_folder / f"map-{self._library.fingerprint}.npz"

    def _kept(self) -> dict[str, NDArray[Any]] | None:
        try:
            with np.load(self._path, allow_pickle=False) as arrays:
                kept = dict(arrays)
            return kept if {"revision", "ids", "places", "regions", "names"} <= set(kept) else None
        except (OSError, ValueError, EOFError):
            return None

    def _revision(self) -> int:
        """When a photo or a vector last changed."""
        with self._library.catalog.reading() as session:
            return session.execute(select(func.max(Content.revision))).scalar() or 0

    def _vectors(self) -> tuple[NDArray[np.int64], Vectors]:
        present = select(Photo.content_id).where(Photo.state == PhotoState.PRESENT)
        query = (
            select(Vector.content_id, Vector.data)
            .where(Vector.encoder_id == self._library.encoder_id, Vector.content_id.in_(present))
            .order_by(Vector.content_id)
        )
        with self._library.catalog.reading() as session:
            rows = session.execute(query).all()
        vectors = np.frombuffer(b"".join(row.data for row in rows), STORED_DTYPE).astype(np.float32)
        return np.array([row.content_id for row in rows], np.int64), vectors.reshape(
            len(rows), self._library.encoder.dim
        )

    def _regions(self, places: Floats, vectors: Vectors) -> tuple[NDArray[np.int64], list[str]]:
        """Which region each photo is in, and the regions' names."""
        from sklearn.cluster import KMeans

        count = min(_REGIONS, max(1, len(places) // 8))
        if len(places) < count or not len(places):
            return np.zeros(len(places), np.int64), [""] * bool(len(places))
        regions = KMeans(count, random_state=0, n_init=4).fit_predict(places).astype(np.int64)
        broad = self._likelihood.broad
        general = sorted(families(broad.tags))
        means = np.stack([vectors[regions == region].mean(axis=0) for region in range(count)])
        likely = self._likelihood.probabilities(broad, means / np.linalg.norm(means, axis=1, keepdims=True))[:, general]
        surprise = likely * np.log((likely + 1e-4) / (likely.mean(axis=0) + 1e-4))
        return regions, [broad.tags[general[i]].text for i in surprise.argmax(axis=1)]

    def _map(self, kept: dict[str, NDArray[Any]], current: bool) -> Map:
        photos = self._photos()
        points: list[Point] = []
        members: dict[int, list[tuple[float, float]]] = {}
        for content_id, place, region in zip(
            kept["ids"].tolist(), kept["places"], kept["regions"].tolist(), strict=True
        ):
            if content_id in photos:
                photo_id, taken_at = photos[content_id]
                x, y = round(float(place[0]), 4), round(float(place[1]), 4)
                points.append(Point(photo_id, x, y, taken_at, str(kept["names"][region]) or None))
                members.setdefault(region, []).append((x, y))
        regions = []
        for region, inside in members.items():
            x, y = np.median(np.array(inside), axis=0).tolist()
            regions.append(Region(str(kept["names"][region]), round(x, 4), round(y, 4), len(inside)))
        return Map(points, sorted(regions, key=lambda region: -region.photos), current)

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


def layout(vectors: Vectors) -> Floats:
    """Places (n, 2) in 0..1 for vectors (n, dim): alike ones near each other."""
    count = len(vectors)
    if count < 4:
        return np.stack([(np.arange(count) + 0.5) / max(count, 1), np.full(count, 0.5)], axis=1).astype(np.float32)
    chosen = np.sort(np.random.default_rng(0).permutation(count)[:SAMPLE])
    placed = _unit(_tsne(vectors[chosen]))
    if len(chosen) == count:
        return placed
    return _among(vectors, vectors[chosen], placed)


def _tsne(vectors: Vectors) -> Floats:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    components = min(_COMPONENTS, *vectors.shape)
    reduced = PCA(components, random_state=0).fit_transform(vectors)
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    result: Floats = TSNE(perplexity=perplexity, init="pca", random_state=0, max_iter=500).fit_transform(reduced)
    return result


def _unit(places: Floats) -> Floats:
    low, high = places.min(axis=0), places.max(axis=0)
    result: Floats = ((places - low) / np.maximum(high - low, 1e-9)).astype(np.float32)
    return result


def _among(vectors: Vectors, sample: Vectors, placed: Floats) -> Floats:
    """Each vector at the mean of its nearest of the sample, weighted, and a little beside it."""
    places = np.empty((len(vectors), 2), np.float32)
    for start in range(0, len(vectors), _AT_ONCE):
        cosines = vectors[start : start + _AT_ONCE] @ sample.T
        nearest = np.argpartition(-cosines, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
        weights = np.exp(50 * np.take_along_axis(cosines, nearest, axis=1))
        weights /= weights.sum(axis=1, keepdims=True)
        places[start : start + _AT_ONCE] = (weights[..., None] * placed[nearest]).sum(axis=1)
    beside = np.random.default_rng(0).normal(0, _SPREAD, places.shape)
    return np.clip(places + beside, 0, 1).astype(np.float32)
