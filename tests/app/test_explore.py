"""The map and the time line."""

from datetime import datetime

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from app import layout as layouts
from app.api import create_api
from app.layout import layout
from app.map import Box, Map
from app.services import Services
from app.timeline import Period, timeline
from indexer.catalog import Content, Photo, PhotoMetadata, PhotoState
from indexer.library import Library


def _two_kinds(count: int, dim: int = 16) -> np.ndarray:
    """Vectors of two kinds in turn, unit length."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(2, dim))
    vectors = centres[np.arange(count) % 2] + 0.2 * rng.normal(size=(count, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _share_of_own_kind_nearest(places: np.ndarray) -> float:
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argmin(axis=1)
    return float((nearest % 2 == np.arange(len(places)) % 2).mean())


def test_what_is_alike_lies_together_and_the_map_is_the_same_each_time() -> None:
    vectors = _two_kinds(80)
    places = layout(vectors)
    assert places.shape == (80, 2) and places.min() >= 0 and places.max() <= 1
    assert _share_of_own_kind_nearest(places) == 1
    assert (layout(vectors) == places).all()


def test_of_many_photos_a_sample_is_laid_out_and_the_rest_lie_among_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "SAMPLE", 40)
    places = layout(_two_kinds(200))
    assert places.shape == (200, 2)
    assert _share_of_own_kind_nearest(places) > 0.97


def test_few_photos_have_places_too() -> None:
    for count in range(4):
        assert layout(_two_kinds(4)[:count]).shape == (count, 2)


def test_the_map_is_made_once_and_anew_when_photos_change(services: Services, ids: dict[str, int]) -> None:
    made = services.map.read(wait=True)
    assert made.current and {point.id for point in made.points} == set(ids.values())
    assert all(0 <= point.x <= 1 and 0 <= point.y <= 1 and point.label for point in made.points)
    assert sum(region.photos for region in made.regions) == 5
    (kept,) = services.library.settings.vectors_folder.glob("map-*.npz")
    written = kept.stat().st_mtime_ns
    assert services.map.read(wait=True) == made and kept.stat().st_mtime_ns == written
    with services.library.catalog.writing() as (session, revision):
        photo = session.get(Photo, ids["a.jpg"])
        assert photo is not None
        photo.state = PhotoState.MISSING
        session.execute(update(Content).where(Content.id == photo.content_id).values(revision=revision))
    stale = services.map.read()
    assert not stale.current and ids["a.jpg"] not in {point.id for point in stale.points}
    assert len(services.map.read(wait=True).points) == 4
    kept.write_bytes(b"cut short")
    assert len(services.map.read(wait=True).points) == 4


def test_a_part_of_the_map_has_its_photos_and_at_most_so_many(services: Services, ids: dict[str, int]) -> None:
    whole = services.map.read(wait=True)
    assert (whole.photos, whole.inside) == (5, 5)
    point = whole.points[0]
    there = services.map.read(Box(point.x - 1e-3, point.y - 1e-3, point.x + 1e-3, point.y + 1e-3))
    assert point in there.points and there.inside < there.photos == 5
    assert services.map.read(most=2).points == whole.points[:2], "an even sample: the first of a fixed shuffle"
    client = TestClient(create_api(services), base_url="http://localhost")
    answer = client.get("/map?left=0.5&most=1").json()
    assert len(answer["points"]) == min(1, answer["inside"]) and answer["photos"] == 5
    assert client.get("/map?left=2").status_code == 422


def test_photos_that_came_are_placed_and_the_others_stay_where_they_are(
    services: Services, ids: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {point.id: point for point in services.map.read(wait=True).points}
    (kept,) = services.library.settings.vectors_folder.glob("map-*.npz")
    with np.load(kept) as arrays:
        known = dict(arrays)
    newest = known["ids"].argmax()
    for name in ("ids", "places", "regions"):
        known[name] = np.delete(known[name], newest, axis=0)
    for laid_out, share in ((0, 1.0), (0, 0.1)):  # few have come since; then so many that all is laid out anew
        np.savez(kept, **(known | {"revision": np.int64(0), "laid_out": np.int64(laid_out)}))
        monkeypatch.setattr("app.map.NEW_SHARE", share)
        after = services.map.read(wait=True)
        assert after.current and after.photos == 5
        stayed = sum((before[point.id].x, before[point.id].y) == (point.x, point.y) for point in after.points)
        assert stayed == (4 if share == 1 else 5), "what is laid out anew lies where it lay, being the same library"


def test_an_empty_library_has_an_empty_map(library: Library) -> None:
    assert Services(library.settings, library.catalog).map.read(wait=True) == Map([], [], 0, 0, current=True)


def test_the_time_line_counts_and_shows_the_best_rated(services: Services, ids: dict[str, int]) -> None:
    taken = {"a.jpg": (2019, 6, None), "b.png": (2019, 6, 4), "c.webp": (2019, 7, None), "d.jpg": (2021, 1, 2)}
    with services.library.catalog.writing() as (session, _):
        for name, (year, month, rating) in taken.items():
            row = update(PhotoMetadata).where(PhotoMetadata.photo_id == ids[name])
            session.execute(row.values(taken_at=datetime(year, month, 3), rating=rating))
        session.execute(update(PhotoMetadata).where(PhotoMetadata.photo_id == ids["e.png"]).values(taken_at=None))
    assert timeline(services.library) == [
        Period("2019-06", 2, ids["b.png"]),
        Period("2019-07", 1, ids["c.webp"]),
        Period("2021-01", 1, ids["d.jpg"]),
    ]
    assert timeline(services.library, "year") == [Period("2019", 3, ids["b.png"]), Period("2021", 1, ids["d.jpg"])]
    client = TestClient(create_api(services), base_url="http://localhost")
    assert client.get("/timeline?by=year").json()[0] == {"period": "2019", "photos": 3, "photo_id": ids["b.png"]}
    services.map.read(wait=True)
    answer = client.get("/map").json()
    assert answer["current"] and len(answer["points"]) == 5
