"""Metrics: what was asked is counted by route, and the library is there in numbers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.routing import Mount

from app.api import ROOT, create_api
from app.server import Door, middleware
from app.services import Services
from indexer.folders import add_folder
from indexer.ingest import ingest

TOKEN = "a token of the owner's"


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    layers = middleware(services.library.settings, Door("0.0.0.0", TOKEN))
    application = Starlette(routes=[Mount(ROOT, create_api(services))], middleware=layers)
    with TestClient(application, base_url=f"http://localhost{ROOT}") as opened:
        yield opened


def figures(client: TestClient) -> dict[tuple[str, ...], float]:
    answer = client.get("metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_never_by_what_was_asked(client: TestClient, ids: dict[str, int]) -> None:
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    for photo_id in (*ids.values(), 999):
        client.get(f"photos/{photo_id}")
    client.get("nothing/of/the/kind")
    client.get("search", params={"q": "a secret"})
    client.request("BREW", "status")
    found = figures(client)
    route = "/photos/{photo_id}"
    assert found["sightline_requests_total", "GET", route, "200"] == 5
    assert found["sightline_requests_total", "GET", route, "404"] == 1
    assert found["sightline_requests_total", "GET", "none", "404"] == 1
    assert found["sightline_request_seconds_count", route] == 6
    assert found["sightline_encoder_batch_count",] == found["sightline_encoder_batch_bucket", "1"] == 1
    assert not any("secret" in label or "BREW" in label for labels in found for label in labels)


def test_the_library_is_there_in_numbers(client: TestClient, services: Services, folder: Path) -> None:
    before = figures(client)
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "a.jpg").unlink()
    ingest(services.library, add_folder(services.library.catalog, folder)[0])
    now = figures(client)
    assert (before["sightline_photos",], now["sightline_photos",]) == (5, 4)
    assert (now["sightline_failures",], now["sightline_photos_missing",], now["sightline_folders",]) == (1, 1, 1)
    assert now["sightline_searchable",] == 4
    assert now["sightline_revision",] > before["sightline_revision",]
    assert now["sightline_index_info", "exact"] == 1
    assert now["sightline_jobs", "running"] == 0
    assert now["process_resident_memory_bytes",] > 1e6


def test_they_need_the_token_like_all_else(client: TestClient) -> None:
    assert client.get("metrics").status_code == 401
