"""Photos whose names and metadata are markup, or no text at all, are named as they are and harm nothing."""

import os
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from app.api import ROOT
from app.services import Services
from indexer.folders import add_folder
from indexer.ingest import ingest
from tests.app.test_api import client as client
from tests.conftest import paint

NAME = "<img src=x onerror=alert(1)>'\"; DROP TABLE photo; --\r\nX-Evil: 1.jpg"
SAID = "<script>alert(1)</script>\"'><b>caption</b>"


@pytest.fixture
def hostile(services: Services, folder: Path) -> Path:
    exif = Image.Exif()
    exif[0x010E] = SAID  # ImageDescription
    exif[0x010F] = "<b>Make"
    exif[0x0110] = "</b>Model"
    path = paint(folder / NAME, 60, exif=exif)
    ingest(services.library, add_folder(services.library.catalog, folder)[0])
    return path


def test_markup_is_given_as_json_and_stays_out_of_headers(client: TestClient, hostile: Path) -> None:
    items = client.get(f"{ROOT}/search", params={"q": "colours", "k": 10}).json()["items"]
    item = next(item for item in items if item["name"] == NAME)
    assert item["path"] == str(hostile)
    answer = client.get(f"{ROOT}/photos/{item['id']}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (answer.json()["caption"], answer.json()["camera"]) == (SAID, "<b>Make </b>Model")
    file = client.get(item["original"])
    assert file.content == hostile.read_bytes()
    assert "x-evil" not in file.headers
    assert "<" not in file.headers["content-disposition"]
    assert file.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize("q", [f'"{NAME[:20]}"', "'; DROP TABLE photo; --", 'folder:"%_\'"', 'keyword:"<b>"'])
def test_markup_and_sql_in_questions_are_only_words(client: TestClient, hostile: Path, q: str) -> None:
    answer = client.get(f"{ROOT}/search", params={"q": q})
    assert answer.headers["content-type"] in ("application/json", "application/problem+json")
    assert answer.status_code in (200, 422)
    assert client.get(f"{ROOT}/status").json()["photos"] == 6


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_no_text_is_shown(client: TestClient, services: Services, folder: Path) -> None:
    path = os.fsencode(folder) + b"/\xff\xfe.png"
    os.link(paint(folder / "odd.png", 61), path)
    os.unlink(folder / "odd.png")
    ingest(services.library, add_folder(services.library.catalog, folder)[0])
    items = client.get(f"{ROOT}/search", params={"q": "colours", "k": 10}).json()["items"]
    item = next(item for item in items if item["name"] == "��.png")
    assert client.get(item["original"]).headers["content-disposition"].endswith("%FF%FE.png")
    assert client.get(f"{ROOT}/photos/{item['id']}").json()["name"] == "��.png"
