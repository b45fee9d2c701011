"""Originals: served by id, as they were indexed, and nothing else in their place."""

import os
import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.api import ROOT
from app.originals import open_original
from app.services import Services
from indexer.errors import PhotoError
from indexer.folders import add_folder
from indexer.ingest import ingest
from tests.app.test_api import client as client
from tests.conftest import paint


def original(client: TestClient, photo_id: int, **headers: str) -> tuple[int, bytes]:
    answer = client.get(f"{ROOT}/photos/{photo_id}/original", headers=headers)
    return answer.status_code, answer.content


def test_serves_the_file_as_it_is(client: TestClient, ids: dict[str, int], folder: Path) -> None:
    photo = client.get(f"{ROOT}/photos/{ids['b.png']}").json()
    answer = client.get(photo["original"])
    assert answer.content == (folder / "b.png").read_bytes()
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''b.png"
    assert "sandbox" in answer.headers["content-security-policy"]
    saved = client.get(photo["original"], params={"download": True})
    assert saved.headers["content-disposition"].startswith("attachment")


def test_serves_ranges(client: TestClient, ids: dict[str, int], folder: Path) -> None:
    whole = (folder / "b.png").read_bytes()
    size, photo = len(whole), ids["b.png"]
    assert original(client, photo, Range="bytes=0-9") == (206, whole[:10])
    assert original(client, photo, Range="bytes=10-") == (206, whole[10:])
    assert original(client, photo, Range="bytes=-5") == (206, whole[-5:])
    assert original(client, photo, Range=f"bytes=5-{10 * size}") == (206, whole[5:])
    assert original(client, photo, Range=f"bytes={size}-") == (416, b"")
    assert original(client, photo, Range="bytes=-0") == (416, b"")
    for ignored in ("bytes=5-2,7-9", "lines=1-2", "bytes=-", "nonsense"):
        assert original(client, photo, Range=ignored) == (200, whole), ignored
    part = client.get(f"{ROOT}/photos/{photo}/original", headers={"Range": "bytes=2-4"})
    assert part.headers["content-range"] == f"bytes 2-4/{size}"
    old = {"Range": "bytes=2-4", "If-Range": '"another"'}
    assert client.get(f"{ROOT}/photos/{photo}/original", headers=old).status_code == 200


@pytest.mark.parametrize("kind", ["thumbnail", "preview", "original"])
def test_what_the_browser_has_is_not_sent_again(client: TestClient, ids: dict[str, int], kind: str) -> None:
    address = f"{ROOT}/photos/{ids['a.jpg']}/{kind}"
    first = client.get(address)
    assert first.headers["cache-control"] == "private, no-cache", "an address without the hash may change its meaning"
    for known in (first.headers["etag"], f'"other", W/{first.headers["etag"]}'):
        again = client.get(address, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_link_in_its_place_is_not_followed(
    client: TestClient, ids: dict[str, int], folder: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes((folder / "a.jpg").read_bytes())
    os.utime(secret, ns=(0, (folder / "a.jpg").stat().st_mtime_ns))
    (folder / "a.jpg").unlink()
    (folder / "a.jpg").symlink_to(secret)
    status, answer = original(client, ids["a.jpg"])
    assert status == 422
    assert b"lies elsewhere now" in answer


def test_a_folder_that_became_a_link_is_not_followed(
    client: TestClient, ids: dict[str, int], folder: Path, tmp_path: Path
) -> None:
    (folder / "sub").rename(tmp_path / "moved")
    (folder / "sub").symlink_to(tmp_path / "moved")
    assert original(client, ids["d.jpg"])[0] == 422


def test_what_changed_or_is_no_file_is_not_served(client: TestClient, ids: dict[str, int], folder: Path) -> None:
    (folder / "a.jpg").write_bytes(b"something else")
    (folder / "b.png").unlink()
    os.mkfifo(folder / "b.png")
    (folder / "c.webp").unlink()
    (folder / "c.webp").mkdir()
    for name in ("a.jpg", "b.png", "c.webp"):
        assert original(client, ids[name])[0] == 422, name


def test_a_link_among_the_photos_leads_into_indexed_folders_alone(
    client: TestClient, services: Services, folder: Path, tmp_path: Path
) -> None:
    outside = paint(tmp_path / "outside.jpg", 50)
    (folder / "out.jpg").symlink_to(outside)
    (folder / "in.jpg").symlink_to(paint(folder / "sub" / "new.jpg", 51))
    ingest(services.library, add_folder(services.library.catalog, folder)[0])
    found = client.get(f"{ROOT}/search", params={"q": "colours"}).json()["items"]
    ids = {item["name"]: item["id"] for item in found}
    assert original(client, ids["out.jpg"])[0] == 422
    assert original(client, ids.get("in.jpg") or ids["new.jpg"])[0] == 200


def test_links_swapped_in_at_any_moment_give_nothing_away(
    services: Services, ids: dict[str, int], folder: Path, tmp_path: Path
) -> None:
    """The file and the folder above it flip between themselves and links outwards while they are asked for."""
    right = (folder / "sub" / "d.jpg").read_bytes()
    outside, sub = tmp_path / "outside", folder / "sub"
    outside.mkdir()
    (outside / "d.jpg").write_bytes(bytes(len(right)))
    os.utime(outside / "d.jpg", ns=(0, (sub / "d.jpg").stat().st_mtime_ns))  # only the links tell it from the photo
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            sub.rename(tmp_path / "aside")
            sub.symlink_to(outside)
            sub.unlink()
            (tmp_path / "aside").rename(sub)

    swapping = threading.Thread(target=swap)
    swapping.start()
    served = refused = 0
    try:
        for _ in range(1_500):
            try:
                with open_original(services.library, ids["d.jpg"]).file as file:
                    assert file.read() == right
                served += 1
            except PhotoError:
                refused += 1
    finally:
        stop.set()
        swapping.join()
    assert served
    assert refused
