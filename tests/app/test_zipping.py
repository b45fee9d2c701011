"""Photos' own files as one ZIP."""

import io
import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.api import create_api
from app.errors import NotFoundError, QueryError
from app.services import Services
from app.zipping import zipped
from indexer.folders import add_folder
from indexer.ingest import ingest
from tests.conftest import paint


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_selection_is_sent_as_it_lies_on_disk(services: Services, ids: dict[str, int], folder: Path) -> None:
    client = TestClient(create_api(services))
    answer = client.get(f"/zip?ids={ids['a.jpg']},{ids['d.jpg']}")
    assert answer.headers["content-disposition"] == 'attachment; filename="photos.zip"'
    assert unzipped(answer.content) == {
        "a.jpg": (folder / "a.jpg").read_bytes(),
        "d.jpg": (folder / "sub" / "d.jpg").read_bytes(),
    }


def test_files_of_one_name_are_told_apart(services: Services, folder: Path, ids: dict[str, int]) -> None:
    from app.photos import find_photo

    paint(folder / "other" / "A.jpg", 40)
    ingest(services.library, add_folder(services.library.catalog, folder)[0])
    other = find_photo(services.library, str(folder / "other" / "A.jpg"))
    assert other is not None
    names = unzipped(b"".join(zipped(services.library, [ids["a.jpg"], other.id]))).keys()
    assert list(names) == ["a.jpg", "A (2).jpg"]


def test_what_cannot_be_read_now_is_named_inside(services: Services, ids: dict[str, int], folder: Path) -> None:
    (folder / "b.png").unlink()
    found = unzipped(b"".join(zipped(services.library, [ids["a.jpg"], ids["b.png"]])))
    assert list(found) == ["a.jpg", "not in here.txt"]
    assert b"b.png is not there" in found["not in here.txt"]


def test_limits(services: Services, ids: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFoundError, match="no photo with id 99999"):
        zipped(services.library, [99999])
    with pytest.raises(QueryError, match="at most 1,000 photos"):
        zipped(services.library, range(1, 1002))
    monkeypatch.setattr("app.zipping.MOST_BYTES", 10)
    with pytest.raises(QueryError, match="go into one download"):
        zipped(services.library, [ids["a.jpg"]])
    client = TestClient(create_api(services))
    assert client.get("/zip?ids=99999").status_code == 404
    assert client.get("/zip?ids=4294967296").status_code == 404
    assert client.get("/zip?ids=../etc").status_code == 422
