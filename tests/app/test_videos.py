"""A video that is found opens at the moment that was asked for."""

import base64
import io
import json
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from fastapi.testclient import TestClient
from PIL import Image

from app.api import create_api
from app.cli import main
from app.services import Services
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.library import Library
from tests.conftest import paint
from tests.indexer.test_raw import dng, quarters
from tests.indexer.test_video import BLUE, RED, film, is_like


def test_a_hit_opens_at_its_time(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "photos"
    film(root / "a.mp4", 40)
    paint(root / "b.jpg")
    ingest(library, add_folder(library.catalog, root)[0])
    services = Services(library.settings)
    with TestClient(create_api(services)) as api:
        for colour, in_half in ((RED, 0), (BLUE, 1)):
            pixels = np.full((96, 160, 3), colour, np.uint8)
            pixels[:24] = (30, 200, 30)
            out = io.BytesIO()
            Image.fromarray(pixels).save(out, "PNG")
            asked = {"query": {"image": base64.b64encode(out.getvalue()).decode()}}
            item = api.post("/search", json=asked).json()["items"][0]
            assert item["name"] == "a.mp4"
            assert int(item["time_s"] // 20) == in_half
            shown = Image.open(io.BytesIO(api.get(item["preview"].removeprefix("/api/v1")).content))
            assert is_like(np.asarray(shown)[60, 80], colour)
            assert api.get(item["thumbnail"].removeprefix("/api/v1")).status_code == 200
        played = api.get(item["video"].removeprefix("/api/v1"), headers={"Range": "bytes=0-99"})
        assert (played.status_code, played.headers["content-type"], len(played.content)) == (206, "video/mp4", 100)
        assert api.get("/photos/2").json()["video"] is None


def test_the_frame_that_answered_is_explained(library: Library, tmp_path: Path) -> None:
    path = film(tmp_path / "photos" / "a.mp4", 40)
    ingest(library, add_folder(library.catalog, path.parent)[0])
    services = Services(library.settings)
    with TestClient(create_api(services), base_url="http://localhost") as api:
        hit = api.get("/search", params={"q": "a blue wall"}).json()["items"][0]
        why = api.get(f"/photos/{hit['id']}/why", params={"q": "a blue wall", "t": f"{hit['time_s']:.3f}"})
        red, _, blue = np.asarray(Image.open(io.BytesIO(why.content)))[24:].mean(axis=(0, 1))
        assert (blue > red) == (hit["time_s"] > 20)
        out = tmp_path / "heat.png"
        said = CliRunner().invoke(main, ["why", str(path), "a", "blue", "wall", "--out", str(out), "--json"])
        assert json.loads(said.stdout)["time_s"] == hit["time_s"]
        assert out.read_bytes() == why.content
        path.write_bytes(bytes(path.stat().st_size))
        lost = api.get(f"/photos/{hit['id']}/why", params={"q": "a blue wall", "t": 65})
        assert (lost.status_code, lost.headers["content-type"]) == (422, "application/problem+json")
        assert lost.json()["detail"].startswith(f"cannot read the frame of {path} at 1:05: broken video: ")
    said = CliRunner().invoke(main, ["why", str(path), "a", "blue", "wall"])
    assert said.exit_code == 1 and said.stderr.count("\n") == 1


def test_a_raw_picture_is_shown_large(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "photos"
    root.mkdir()
    (root / "a.dng").write_bytes(dng(quarters(), 1, quarters()))
    ingest(library, add_folder(library.catalog, root)[0])
    with TestClient(create_api(Services(library.settings))) as api:
        shown = Image.open(io.BytesIO(api.get("/photos/1/preview").content))
        assert shown.size == (640, 320)


def test_a_video_that_is_not_in_the_library_is_described_and_searched_with(
    library: Library, folder: Path, tmp_path: Path
) -> None:
    ingest(library, add_folder(library.catalog, folder)[0])
    elsewhere = str(film(tmp_path / "elsewhere.mp4", 5))
    for words in (["similar", elsewhere], ["search", "--image", elsewhere], ["describe", elsewhere]):
        done = CliRunner().invoke(main, ["--home", str(library.settings.home), *words])
        assert done.exit_code == 0, done.stderr
        assert done.stdout
