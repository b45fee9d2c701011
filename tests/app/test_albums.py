"""Albums: of photos, and live ones; found by a filter, kept through moves."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from app.albums import change_album, change_photos, delete_album, find_album, list_albums, make_album
from app.api import create_api
from app.cli import main
from app.errors import NotFoundError, QueryError
from app.language import parse
from app.services import Services
from indexer.folders import find_folder
from indexer.ingest import ingest
from tests.conftest import on_both_databases


def found(services: Services, query: str) -> set[str]:
    return {hit.photo.name for hit in services.search(parse(query)).hits}


@on_both_databases
def test_albums_of_photos_are_made_changed_and_found(services: Services, ids: dict[str, int], folder: Path) -> None:
    library = services.library
    italy = make_album(library, " Italy  2019", photo_ids=[ids["a.jpg"], ids["b.png"], ids["a.jpg"]])
    assert (italy.name, italy.query, italy.photos, italy.cover) == ("Italy 2019", None, 2, ids["b.png"])
    assert found(services, 'album:"italy 2019"') == {"a.jpg", "b.png"}
    assert found(services, '-album:"italy 2019"') == {"c.webp", "d.jpg", "e.png"}
    assert change_photos(library, italy.id, add=[ids["c.webp"]], remove=[ids["a.jpg"], ids["d.jpg"]]).photos == 2
    (folder / "b.png").rename(folder / "sub" / "moved.png")
    known = find_folder(library.catalog, str(folder))[0]
    assert known is not None
    ingest(library, known)
    assert found(services, 'album:"italy 2019"') == {"moved.png", "c.webp"}
    assert change_album(library, italy.id, name="Rome").name == "Rome"
    with pytest.raises(NotFoundError, match="no album 'Italy 2019'"):
        find_album(library, "Italy 2019")
    delete_album(library, italy.id)
    assert list_albums(library) == []
    assert len(found(services, "folder:photos")) == 5


@on_both_databases
def test_live_albums_hold_what_their_search_finds_now(services: Services, ids: dict[str, int], folder: Path) -> None:
    library = services.library
    sub = make_album(library, "Sub", query="folder:sub")
    assert (sub.query, sub.photos) == ("folder:sub", None)
    assert found(services, "album:sub") == {"d.jpg", "e.png"}
    make_album(library, "Both", query="album:Sub orientation:landscape")
    assert found(services, "album:both") == {"d.jpg", "e.png"}
    assert found(services, "-album:both") == {"a.jpg", "b.png", "c.webp"}
    make_album(library, "Alike", query=f"photo:{ids['a.jpg']}")
    results = services.search(parse(f"photo:{ids['a.jpg']}"))
    assert found(services, "album:alike") == {hit.photo.name for hit in results.hits[: results.matches]}
    (folder / "a.jpg").rename(folder / "sub" / "a.jpg")
    known = find_folder(library.catalog, str(folder))[0]
    assert known is not None
    ingest(library, known)
    assert found(services, "album:sub") == {"a.jpg", "d.jpg", "e.png"}


def test_what_is_no_album_is_refused(services: Services, ids: dict[str, int]) -> None:
    library = services.library
    one = make_album(library, "One", query="album:Two")
    with pytest.raises(NotFoundError, match="no album 'Two'"):
        services.search(parse("album:one"))
    make_album(library, "Two", query="-album:one")
    with pytest.raises(QueryError, match="the album 'One' holds itself"):
        services.search(parse("album:one"))
    with pytest.raises(QueryError, match="there is an album 'ONE' already"):
        make_album(library, "ONE")
    with pytest.raises(QueryError, match="1 to 200 characters"):
        make_album(library, " ")
    with pytest.raises(QueryError, match="no filter colr"):
        make_album(library, "Three", query="colr:red")
    with pytest.raises(QueryError, match="either photos or"):
        make_album(library, "Three", query="date:2019", photo_ids=[ids["a.jpg"]])
    with pytest.raises(QueryError, match="holds what its search finds"):
        change_photos(library, one.id, add=[ids["a.jpg"]])
    with pytest.raises(NotFoundError, match="no photo with id 999"):
        make_album(library, "Three", photo_ids=[999])
    assert [album.name for album in list_albums(library)] == ["One", "Two"]
    three = make_album(library, "Three")
    with pytest.raises(QueryError, match="Three holds photos, not a search"):
        change_album(library, three.id, query="date:2019")


def test_the_command_line(services: Services, folder: Path) -> None:
    def run(*args: str, status: int = 0) -> str:
        result = CliRunner().invoke(main, ["album", *args])
        assert result.exit_code == status, result.output
        return result.stdout

    photo = str(folder / "a.jpg")
    run("add", "Italy", photo)
    run("add", "italy", str(folder / "b.png"))
    run("remove", "Italy", photo)
    run("save", "Sub", "-kind:video", "folder:sub")
    run("save", "Sub", "folder:sub", "-kind:raw")
    assert run() == "Italy  (1 photo)\nSub  (folder:sub -kind:raw)\n"
    assert [album["photos"] for album in json.loads(run("--json"))] == [1, None]
    assert CliRunner().invoke(main, ["search", "album:Italy", "--paths"]).stdout == f"{folder / 'b.png'}\n"
    run("rename", "Italy", "Rome")
    run("delete", "Rome")
    run("delete", "Rome", status=2)


def test_the_api(services: Services, ids: dict[str, int]) -> None:
    with TestClient(create_api(services), base_url="http://localhost") as client:
        made = client.post("/albums", json={"name": "Italy", "photos": [ids["a.jpg"]]})
        assert made.status_code == 201
        album = made.json()
        assert album == {"id": album["id"], "name": "Italy", "query": None, "photos": 1, "cover": ids["a.jpg"]}
        at = f"/albums/{album['id']}"
        assert client.post(f"{at}/photos", json={"add": [ids["b.png"]]}).json()["photos"] == 2
        assert client.patch(at, json={"name": "Rome"}).json()["name"] == "Rome"
        live = client.post("/albums", json={"name": "Sub", "query": "folder:sub"}).json()
        assert client.get("/albums").json() == [client.get(at).json(), live]
        assert len(client.get("/search", params={"q": "album:rome"}).json()["items"]) == 2
        assert client.get("/search", params={"q": "album:milan"}).status_code == 404
        again = client.post("/albums", json={"name": "ROME"})
        assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")
        assert again.json()["detail"] == "there is an album 'ROME' already"
        assert client.patch(f"/albums/{live['id']}", json={"name": "rome"}).status_code == 409
        assert client.patch(at, json={"query": "x"}).status_code == 422
        assert client.delete(at).status_code == 204
        assert client.get(at).status_code == client.delete(at).status_code == 404
