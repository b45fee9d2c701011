"""Encoders, vectors and duplicates over HTTP."""

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from app.api import create_api
from app.photos import stored_vectors
from app.services import Services
from tests.conftest import paint


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    with TestClient(create_api(services)) as opened:
        yield opened


def done(client: TestClient, kind: str) -> None:
    job = client.post("/jobs", json={"kind": kind}).json()
    deadline = time.monotonic() + 60
    while client.get(f"/jobs/{job['id']}").json()["state"] != "done":
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_encoder_in_use_is_listed(client: TestClient, services: Services) -> None:
    encoder = services.library.encoder
    assert client.get("/encoders").json() == [
        {"name": encoder.name, "fingerprint": encoder.fingerprint, "dim": encoder.dim, "vectors": 5}
        | {"size": 10 * encoder.dim, "active": True, "building": None}
    ]


def test_vectors_are_those_that_searches_use(
    client: TestClient, services: Services, folder: Path, ids: dict[str, int]
) -> None:
    picture = base64.b64encode((folder / "a.jpg").read_bytes()).decode()
    answer = client.post("/embed", json={"texts": ["a dog", "a cat"], "images": [picture]}).json()
    library = services.library
    np.testing.assert_allclose(answer["texts"], library.encoder.encode_texts(["a dog", "a cat"]), atol=1e-5)
    stored = stored_vectors(library, [ids["a.jpg"]])[1][0]
    assert np.dot(answer["images"][0], stored) == pytest.approx(1, abs=2e-3)
    assert (answer["dim"], answer["encoder_fingerprint"]) == (library.encoder.dim, library.encoder.fingerprint)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"texts": [""]},
        {"texts": ["x"] * 65},
        {"images": ["bm8="]},
        {"images": ["bm8="] * 17},
        {"texts": ["x" * 3000]},
    ],
)
def test_what_is_too_much_or_nothing_is_refused(client: TestClient, body: object) -> None:
    answer = client.post("/embed", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_duplicates_are_given_as_the_job_found_them(client: TestClient, folder: Path) -> None:
    with Image.open(folder / "a.jpg") as image:
        image.resize((48, 32)).save(folder / "small.png")
    (folder / "copy.png").write_bytes((folder / "b.png").read_bytes())
    paint(folder / "other.png", 99)
    done(client, "index")
    done(client, "duplicates")
    answer = client.get("/duplicates").json()
    assert answer["total"] == len(answer["groups"])
    named = {Path(one["best"]["path"]).name: one for one in answer["groups"]}
    assert named["b.png"]["kind"] == "exact"
    assert [Path(one["path"]).name for one in named["b.png"]["others"]] == ["copy.png"]
    assert client.get(named["b.png"]["best"]["thumbnail"].removeprefix("/api/v1")).status_code == 200
    assert client.get("/duplicates", params={"start": answer["total"]}).json()["groups"] == []
    assert client.get("/duplicates", params={"k": 1}).json()["groups"] == answer["groups"][:1]
