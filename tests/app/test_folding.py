"""Copies under one result: in order, on every page, and while photos go."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from PIL import Image

from app.api import create_api
from app.cli import main
from app.language import parse
from app.photos import find_photo
from app.ranking import Ranking
from app.services import Services
from indexer.duplicates import read_duplicates
from indexer.folders import add_folder
from indexer.ingest import ingest
from tests.conftest import on_both_databases

FOLD = Ranking(fold=True)


@pytest.fixture
def copied(services: Services, folder: Path) -> dict[str, int]:
    """Two further copies of a.jpg, one of e.png, indexed after them and never asked for; ids by name."""
    for source, copy in (("a.jpg", "a2.png"), ("a.jpg", "a3.webp"), ("sub/deep/e.png", "e2.webp")):
        with Image.open(folder / source) as image:
            image.save(folder / copy, lossless=True)
    ingest(services.library, add_folder(services.library.catalog, folder)[0])
    assert len(read_duplicates(services.library)) == 2
    found = {path.name: find_photo(services.library, str(path)) for path in folder.rglob("*.*")}
    return {name: photo.id for name, photo in found.items() if photo is not None}


def test_nothing_is_folded_where_nothing_is_alike(services: Services) -> None:
    assert services.search(parse("colours"), 9, FOLD).hits == services.search(parse("colours"), 9).hits


@on_both_databases
@pytest.mark.parametrize("query", ["colours", "folder:photos"])
def test_the_best_of_each_group_stands_for_it(services: Services, copied: dict[str, int], query: str) -> None:
    whole = [hit.photo for hit in services.search(parse(query), 9).hits]
    folded = services.search(parse(query), 9, FOLD).hits
    group = {name: name[0] for name in copied}
    first = {group[photo.name]: photo.name for photo in reversed(whole)}
    assert [hit.photo.name for hit in folded] == sorted(first.values(), key=[photo.name for photo in whole].index)
    for hit in folded:
        others = [photo.id for photo in whole if group[photo.name] == group[hit.photo.name] and photo != hit.photo]
        assert list(hit.alike) == others
    assert [len(hit.alike) for hit in folded if hit.photo.name[0] == "a"] == [2]


def test_pages_fold_alike_and_lose_nothing(
    services: Services, copied: dict[str, int], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.search._POOL", 3)  # so that the answer is longer than what is ranked first
    with TestClient(create_api(services), base_url="http://localhost") as client:
        body = {"query": {"text": "colours"}, "k": 2, "fold": True}
        page = client.post("/search", json=body).json()
        gone = next(path for path in folder.rglob("*.*") if path.name == page["items"][0]["name"])
        seen, told = [item["id"] for item in page["items"]], len(page["items"])
        while page["next_cursor"]:
            page = client.post("/search", json={"cursor": page["next_cursor"], "k": 2}).json()
            seen += [item["id"] for item in page["items"]]
            told += len(page["items"])
        assert len(set(seen)) == told == 5, "each group once"
        assert page["items"], "no page is empty"
        gone.unlink()
        ingest(services.library, add_folder(services.library.catalog, folder)[0])
        items = client.post("/search", json=body | {"k": 9}).json()["items"]
        assert sum(1 + item["alike"] for item in items) == 7
        assert all(item["alike"] == len(item["alike_ids"]) for item in items)


def test_the_command_line_folds_for_people_and_not_for_programs(services: Services, copied: dict[str, int]) -> None:
    def lines(*options: str) -> list[str]:
        return CliRunner().invoke(main, ["search", "folder:photos", *options]).stdout.splitlines()

    assert len(lines()) == len(lines("--paths", "--fold")) == 5
    assert sum("(+2 alike)" in line for line in lines()) == 1
    assert len(lines("--paths")) == len(lines("--no-fold")) == 8
