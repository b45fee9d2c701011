"""Folders over HTTP, and the one place where a path comes from a request."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.api import create_api
from app.new_folder import allowed
from app.services import Live, Services
from indexer.folders import add_folder, get_folder
from indexer.ingest import ingest
from indexer.settings import Settings, load_settings
from tests.conftest import on_both_databases, paint


@pytest.fixture
def live(services: Services) -> Live:
    return Live(services)


@pytest.fixture
def client(live: Live) -> Iterator[TestClient]:
    with TestClient(create_api(live, may_change_folders=True)) as opened:
        yield opened


def over(client: TestClient, job_id: int) -> dict[str, object]:
    deadline = time.monotonic() + 60
    while (job := client.get(f"/jobs/{job_id}").json())["ended_at"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return job


@on_both_databases
def test_a_folder_is_added_looked_through_and_taken_out(client: TestClient, folder: Path, tmp_path: Path) -> None:
    paint(tmp_path / "more" / "new.png", 50)
    paint(tmp_path / "more" / "left" / "out.png", 51)
    added = client.post("/folders", json={"path": str(tmp_path / "more"), "exclude": ["left/"]})
    assert added.status_code == 201
    assert over(client, added.json()["job"]["id"])["state"] == "done"
    known = {Path(one["path"]).name: one for one in client.get("/folders").json()}
    assert {name: one["photos"] for name, one in known.items()} == {"photos": 5, "more": 1}
    assert client.delete(f"/folders/{known['more']['id']}").json() == {"photos": 1}
    assert [one["path"] for one in client.get("/folders").json()] == [str(folder)]
    assert (tmp_path / "more" / "new.png").exists()
    assert client.delete(f"/folders/{known['more']['id']}").status_code == 404


@on_both_databases
def test_a_paused_folder_is_left_alone_until_it_is_resumed(client: TestClient, live: Live, folder: Path) -> None:
    folder_id = client.get("/folders").json()[0]["id"]
    paint(folder / "new.png", 50)
    assert client.post(f"/folders/{folder_id}/pause").json()["state"] == "paused"
    assert "paused" in str(over(client, client.post(f"/folders/{folder_id}/rescan").json()["id"])["said"])
    held = get_folder(live.now().library.catalog, folder_id)
    assert held is not None and ingest(live.now().library, held).held
    assert client.get("/folders").json()[0] | {"scanned_at": None} == {
        **{"id": folder_id, "path": str(folder), "state": "paused"},
        **{"photos": 5, "missing": 0, "failed": 0, "scanned_at": None},
    }
    resumed = client.post(f"/folders/{folder_id}/resume")
    assert resumed.status_code == 202
    assert over(client, resumed.json()["job"]["id"])["done"] == 1
    assert client.get("/folders").json()[0]["state"] == "online"
    assert client.post("/folders/99/pause").status_code == 404
    assert client.post("/folders/99/rescan").status_code == 404


def test_pausing_a_folder_ends_its_pass_and_it_stays_paused(client: TestClient, live: Live, folder: Path) -> None:
    library = live.now().library
    library.settings = library.settings.model_copy(update={"batch_size": 1})
    for seed in range(50, 70):
        paint(folder / f"new-{seed}.png", seed)
    row = add_folder(library.catalog, folder)[0]
    report = ingest(library, row, progress=lambda _: client.post(f"/folders/{row.id}/pause"))
    assert report.cancelled and 0 < report.done < 20
    assert client.get("/folders").json()[0]["state"] == "paused"


def a_link(path: Path) -> str:
    (path / "link").symlink_to("/etc")
    return str(path / "link")


def a_hidden_one(path: Path) -> str:
    (path / ".ssh").mkdir()
    return str(path / ".ssh")


def a_file(path: Path) -> str:
    return str(paint(path / "a.png"))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (lambda tmp: "Pictures", "expected a whole path"),
        (lambda tmp: "../../etc", "expected a whole path"),
        (lambda tmp: str(tmp / "none"), "no such folder"),
        (lambda tmp: "~nobody-of-that-name/x", "no such folder"),
        (lambda tmp: str(tmp / ("x" * 3000)), "no such folder"),
        (lambda tmp: str(tmp) + "\0", "control characters"),
        (lambda tmp: "/", "of the system"),
        (lambda tmp: "/etc", "of the system"),
        (lambda tmp: "/usr/share", "of the system"),
        (lambda tmp: f"{tmp}/../../../../../../../../proc/self", "of the system"),
        (a_link, "of the system"),
        (a_hidden_one, "hidden"),
        (a_file, "not a folder"),
    ],
)
def test_no_other_path_is_added(client: TestClient, tmp_path: Path, path: Callable[[Path], str], said: str) -> None:
    before = client.get("/folders").json()
    answer = client.post("/folders", json={"path": path(tmp_path)})
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail"]
    assert client.get("/folders").json() == before


def test_sightlines_own_files_are_not_added(client: TestClient, own_home: Path) -> None:
    (own_home / "thumbnails").mkdir(exist_ok=True)
    answer = client.post("/folders", json={"path": str(own_home / "thumbnails")})
    assert "its own files" in answer.json()["detail"]


def test_a_link_to_a_folder_is_added_as_what_it_leads_to(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "more")
    paint(tmp_path / "more" / "new.png", 50)
    answer = client.post("/folders", json={"path": str(tmp_path / "link")}).json()
    assert answer["folder"]["path"] == str(tmp_path / "more")
    over(client, answer["job"]["id"])


@pytest.mark.parametrize(
    ("said", "asks", "may"),
    [(None, False, True), (None, True, False), (True, True, True), (True, False, True), (False, False, False)],
)
def test_folders_are_changed_where_nobody_else_asks_or_the_owner_says_so(
    own_home: Path, said: bool | None, asks: bool, may: bool
) -> None:
    settings: Settings = load_settings(allow_folders_from_api=said)
    assert allowed(settings, asks_for_token=asks) is may


def test_where_they_are_not_changed_that_is_said(live: Live, tmp_path: Path) -> None:
    client = TestClient(create_api(live))
    folder_id = client.get("/folders").json()[0]["id"]
    for answer in (client.post("/folders", json={"path": str(tmp_path)}), client.delete(f"/folders/{folder_id}")):
        assert answer.status_code == 403
        assert "allow_folders_from_api" in answer.json()["detail"]
    assert len(client.get("/folders").json()) == 1
