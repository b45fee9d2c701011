import base64
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount

from app.api import ROOT, create_api
from app.server import Door, middleware
from app.services import Services
from indexer.folders import add_folder
from indexer.ingest import ingest
from tests.conftest import on_both_databases, paint


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    layers = middleware(services.library.settings, Door("127.0.0.1", None))
    application = Starlette(routes=[Mount(ROOT, create_api(services))], middleware=layers)
    with TestClient(application, base_url="http://localhost") as opened:
        yield opened


def encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


@on_both_databases
def test_searches_by_text(client: TestClient) -> None:
    answer = client.post(f"{ROOT}/search", json={"query": {"text": "colours"}, "k": 3}).json()
    assert len(answer["items"]) == 3
    assert answer["searched"] == 5
    scores = [item["score"] for item in answer["items"][: answer["matches"]]]  # others follow by another measure
    assert scores == sorted(scores, reverse=True)
    assert client.get(f"{ROOT}/search", params={"q": "colours", "k": 3}).json()["items"] == answer["items"]


def test_searches_by_picture(client: TestClient, folder: Path) -> None:
    answer = client.post(f"{ROOT}/search", json={"query": {"image": encoded(folder / "c.webp")}, "k": 1}).json()
    assert answer["items"][0]["name"] == "c.webp"


def test_searches_by_photo(client: TestClient, ids: dict[str, int]) -> None:
    by_post = client.post(f"{ROOT}/search", json={"query": {"photos": [ids["a.jpg"]]}}).json()["items"]
    by_get = client.get(f"{ROOT}/photos/{ids['a.jpg']}/similar").json()["items"]
    assert by_post == by_get
    assert "a.jpg" not in {item["name"] for item in by_get}


def test_weights_minus_and_filter(client: TestClient, ids: dict[str, int], folder: Path) -> None:
    def names(**body: object) -> list[str]:
        return [item["name"] for item in client.post(f"{ROOT}/search", json=body).json()["items"]]

    written = names(query={"text": f"(a wall)^2 photo:{ids['a.jpg']}^0.5 -(a red wall) folder:sub"})
    assert sorted(written) == ["d.jpg", "e.png"]
    weights = {"text": 2, "photos": [0.5]}
    query = {"text": "a wall", "photos": [ids["a.jpg"]], "weights": weights, "minus": ["a red wall"]}
    assert names(query=query, filter="folder:sub") == written
    assert sorted(names(filter="folder:sub")) == sorted(written)
    picture = {"image": encoded(folder / "c.webp"), "text": "a wall", "weights": {"image": 9}}
    assert names(query=picture)[0] == "c.webp"


def test_parts_are_texts_photos_and_pictures_with_weights(
    client: TestClient, ids: dict[str, int], folder: Path
) -> None:
    def names(**query: object) -> list[str]:
        return [item["name"] for item in client.post(f"{ROOT}/search", json={"query": query}).json()["items"]]

    c, d = ({"image": encoded(next(folder.rglob(name)))} for name in ("c.webp", "d.jpg"))
    assert names(parts=[c | {"weight": 9}, d])[0] == "c.webp"
    assert names(parts=[c, d | {"weight": 9}])[0] == "d.jpg"
    assert set(names(parts=[c, d])[:2]) == {"c.webp", "d.jpg"}
    mixed = [{"text": "a wall", "weight": 2}, {"photo": ids["a.jpg"], "weight": 0.5}]
    written = names(text=f"(a wall)^2 photo:{ids['a.jpg']}^0.5 folder:sub")
    assert names(text="folder:sub", parts=mixed) == written
    assert names(text="a wall", parts=[c, d | {"weight": -2}])[0] == "c.webp"
    assert names(text="a wall", parts=[c | {"weight": -2}, d | {"weight": 4}])[0] == "d.jpg"
    unlike = [{"photo": ids["a.jpg"], "weight": -2}]
    assert names(text="a wall", parts=unlike) == names(text=f"a wall -photo:{ids['a.jpg']}^2")
    assert names(parts=[c | {"weight": -1}])[-1] == "c.webp"
    for wrong in ({}, {"text": "x", "photo": 1}, {"text": " "}, {"text": "x", "weight": 0}, c | {"photo": 1}):
        answer = client.post(f"{ROOT}/search", json={"query": {"parts": [wrong]}})
        assert answer.status_code == 422, wrong


def test_pages_go_on_where_they_were_while_the_library_changes(
    client: TestClient, services: Services, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.search._POOL", 3)  # so that the answer is longer than what is ranked first
    body = {"query": {"text": "colours"}, "k": 2}
    whole = [item["name"] for item in client.post(f"{ROOT}/search", json=body | {"k": 5}).json()["items"]]
    first = client.post(f"{ROOT}/search", json=body).json()
    paint(folder / "new.png", 70)
    next(folder.rglob(whole[2])).unlink()
    ingest(services.library, add_folder(services.library.catalog, folder)[0])
    seen, cursor = [item["name"] for item in first["items"]], first["next_cursor"]
    while cursor:
        page = client.post(f"{ROOT}/search", json={"cursor": cursor, "k": 2}).json()
        seen, cursor = seen + [item["name"] for item in page["items"]], page["next_cursor"]
    assert [name for name in seen if name != "new.png"] == [name for name in whole if name != whole[2]]
    assert len(seen) == len(set(seen))
    again = client.post(f"{ROOT}/search", json={"cursor": "unknown.2"})
    assert again.status_code == 422
    assert "search again" in again.json()["detail"]


def test_a_fault_in_the_query_has_its_position(client: TestClient) -> None:
    problem = client.get(f"{ROOT}/search", params={"q": "dog colr:red"}).json()
    assert problem["position"] == 4
    assert problem["detail"].startswith("no filter colr: expected one of date")


def test_describes_with_captions_and_with_a_vocabulary(client: TestClient, ids: dict[str, int], folder: Path) -> None:
    body = {"photo": ids["a.jpg"], "captions": ["a cat", "a dog"]}
    items = client.post(f"{ROOT}/describe", json=body).json()["items"]
    assert sum(item["probability"] for item in items) == pytest.approx(1, abs=1e-5)
    items = client.post(f"{ROOT}/describe", json={"image": encoded(folder / "a.jpg"), "k": 4}).json()["items"]
    assert len(items) == 4
    assert client.get(f"{ROOT}/vocabularies").json()["everyday"] == 1000


@on_both_databases
def test_serves_photo_thumbnail_and_preview_by_id(client: TestClient, ids: dict[str, int], folder: Path) -> None:
    photo = client.get(f"{ROOT}/photos/{ids['d.jpg']}").json()
    assert photo["path"] == str(folder / "sub" / "d.jpg")
    assert (photo["width"], photo["height"], photo["format"]) == (96, 64, "JPEG")
    for kind, format in (("thumbnail", "WEBP"), ("preview", "JPEG")):
        answer = client.get(photo[kind])
        assert answer.status_code == 200
        assert answer.headers["content-type"] == f"image/{format.lower()}"
        assert "immutable" in answer.headers["cache-control"]
        assert Image.open(io.BytesIO(answer.content)).size == (96, 64)


def test_a_lost_thumbnail_is_made_again(client: TestClient, services: Services, ids: dict[str, int]) -> None:
    for path in services.library.thumbnails.folder.rglob("*.webp"):
        path.unlink()
    assert client.get(f"{ROOT}/photos/{ids['a.jpg']}/thumbnail").status_code == 200


def test_a_photo_that_changed_since_is_not_served_in_its_place(
    client: TestClient, ids: dict[str, int], folder: Path
) -> None:
    (folder / "a.jpg").write_bytes((folder / "sub" / "d.jpg").read_bytes())
    answer = client.get(f"{ROOT}/photos/{ids['a.jpg']}/preview")
    assert answer.status_code == 422
    assert "changed since it was indexed" in answer.json()["detail"]


@on_both_databases
def test_says_its_status_and_health(client: TestClient, folder: Path) -> None:
    status = client.get(f"{ROOT}/status").json()
    assert status["searchable"] == status["photos"] == 5
    assert status["folders"][0]["path"] == str(folder)
    assert status["failures"] == []
    assert client.get(f"{ROOT}/health/live").json() == {"status": "ok"}
    assert client.get(f"{ROOT}/health/ready").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/photos/999", None, 404),
        ("GET", "/photos/999/thumbnail", None, 404),
        ("GET", "/photos/999/similar", None, 404),
        ("GET", "/photos/nonsense", None, 422),
        ("GET", "/nothing", None, 404),
        ("DELETE", "/status", None, 405),
        ("GET", "/photos/99999999999999999999", None, 422),
        ("GET", "/search", None, 422),
        ("POST", "/search", {"query": {}}, 422),
        ("POST", "/search", {"query": {"text": "x"}, "k": 0}, 422),
        ("POST", "/search", {"query": {"text": "x"}, "unknown": 1}, 422),
        ("POST", "/search", {"query": {"text": "x" * 3000}}, 422),
        ("POST", "/search", {"query": {"image": "bm90IGEgcGljdHVyZQ=="}}, 422),
        ("POST", "/search", {"query": {"image": "%%%"}}, 422),
        ("POST", "/search", {"query": {"text": '"'}}, 422),
        ("POST", "/search", {"query": {"text": "x", "weights": {"text": 0}}}, 422),
        ("POST", "/search", {"query": {"text": "x"}, "filter": "a dog"}, 422),
        ("POST", "/search", {"query": {"photos": [99999999999999999999]}}, 422),
        ("POST", "/search", {}, 422),
        ("POST", "/describe", {}, 422),
        ("POST", "/describe", {"photo": 999}, 404),
        ("POST", "/describe", {"photo": 1, "vocabulary": "none"}, 404),
        ("POST", "/describe", {"photo": 1, "captions": []}, 422),
    ],
)
def test_bad_requests_are_problems_in_one_line(
    client: TestClient, method: str, path: str, body: object, status: int
) -> None:
    answer = client.request(method, f"{ROOT}{path}", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["detail"]
    assert "\n" not in problem["detail"]


def test_a_body_of_the_wrong_kind_is_told_what_is_expected(client: TestClient) -> None:
    answer = client.post(f"{ROOT}/search", json={"query": "a dog"})
    assert answer.json()["detail"] == "body.query: expected a JSON object"
    plain = client.post(
        f"{ROOT}/search", content='{"query": {"text": "a dog"}}', headers={"Content-Type": "text/plain"}
    )
    assert plain.json()["detail"] == "body: expected a JSON object, sent as Content-Type: application/json"


def test_the_api_describes_itself(client: TestClient) -> None:
    schema = client.get(f"{ROOT}/openapi.json").json()
    assert {"/search", "/describe", "/photos/{photo_id}", "/status", "/health/ready"} <= set(schema["paths"])
    assert client.get(f"{ROOT}/docs").status_code == 200
