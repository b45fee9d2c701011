"""Tags: given, suggested, found by searches, written to side-cars."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from app import tags
from app.api import create_api
from app.cli import main
from app.errors import NotFoundError, QueryError
from app.language import parse
from app.ranking import DEFAULT_RANKING, Ranking
from app.services import Services
from app.tags import TagCount
from app.vocabularies import Tag
from indexer.catalog import PhotoTag, TagState
from indexer.folders import find_folder
from indexer.ingest import ingest
from indexer.xmp import read_sidecar
from tests.conftest import on_both_databases


def _found(services: Services, query: str) -> set[str]:
    return {hit.photo.name for hit in services.search(parse(query)).hits}


@on_both_databases
def test_tags_are_given_found_and_taken(services: Services, ids: dict[str, int]) -> None:
    library = services.library
    assert tags.add(library, [ids["a.jpg"], ids["b.png"]], ["Rex", " Rex "]) == 2
    assert tags.add(library, [ids["a.jpg"]], ["Rex", "beach"]) == 1
    assert tags.list_tags(library) == [TagCount("Rex", 2, 0, 0), TagCount("beach", 1, 0, 0)]
    assert _found(services, "keyword:rex") == {"a.jpg", "b.png"}
    assert _found(services, "-keyword:rex") == {"c.webp", "d.jpg", "e.png"}
    assert tags.remove(library, [ids["a.jpg"]], ["Rex"]) == 1
    assert _found(services, "keyword:rex") == {"b.png"}
    with pytest.raises(NotFoundError, match="no photo with id 999"):
        tags.add(library, [ids["a.jpg"], 999], ["x"])
    with pytest.raises(QueryError, match="at least one character"):
        tags.add(library, [ids["a.jpg"]], [" "])


@on_both_databases
def test_suggestions_are_marked_accepted_and_not_made_again(services: Services, ids: dict[str, int]) -> None:
    library, judge = services.library, services.describe.likelihood
    encoded = services.describe.encoded((Tag("a quilt"), Tag("a wall"), Tag("colours")))
    given = tags.suggest(library, judge, encoded, threshold=1e-6)
    assert given == tags.Suggested(5, 15)
    assert _found(services, 'keyword:"a wall"') == set()
    likely = {tag: p for tag, _, p in tags.tags_of(library, ids["a.jpg"])}
    (wanted,) = judge.probabilities(encoded, _vector(services, ids["a.jpg"]))
    assert [likely[tag.text] for tag in encoded.tags] == pytest.approx(wanted.tolist(), rel=1e-3)
    assert tags.accept(library, ["a wall"], [ids["a.jpg"]]) == 1
    assert tags.reject(library, ["a quilt"]) == 5
    assert _found(services, 'keyword:"a wall"') == {"a.jpg"}
    assert tags.suggest(library, judge, encoded, threshold=1e-6).tags == 9  # 15, less what is settled
    states = {tag: state for tag, state, _ in tags.tags_of(library, ids["a.jpg"])}
    assert states == {"a wall": TagState.OWN, "colours": TagState.SUGGESTED}
    assert tags.suggest(library, judge, encoded, threshold=1.0).tags == 0
    assert tags.list_tags(library) == [TagCount("a wall", 1, 0, 0)]


@on_both_databases
def test_tags_are_words_that_are_written_of_photos(services: Services, ids: dict[str, int]) -> None:
    library = services.library
    tags.add(library, [ids["a.jpg"], ids["b.png"]], ["Großer Hund", "beach"])
    assert _found(services, '"grosser hund"') == {"a.jpg", "b.png"}
    assert tags.remove(library, [ids["a.jpg"]], ["Großer Hund"]) == 1
    assert _found(services, '"grosser hund"') == {"b.png"}
    with library.catalog.writing() as (session, _):
        for name in ("c.webp", "d.jpg"):
            session.add(PhotoTag(photo_id=ids[name], tag="a quilt", state=TagState.SUGGESTED, probability=0.9))
    assert _found(services, '"a quilt"') == set(), "nobody has accepted it"
    assert tags.reject(library, ["a quilt"], [ids["d.jpg"]]) == tags.accept(library) == 1
    assert _found(services, '"a quilt"') == {"c.webp"}


@on_both_databases
def test_quoted_words_alone_rank_by_how_much_of_what_is_written_they_are(
    services: Services, ids: dict[str, int]
) -> None:
    tags.add(services.library, [ids["a.jpg"]], ["invoice", "of a long journey by rail and ship", "to the far north"])
    tags.add(services.library, [ids["e.png"]], ["invoice", "journey north", "invoice of the north", "north"])
    tags.add(services.library, [ids["c.webp"]], ["invoice"])

    def order(query: str, ranking: Ranking = DEFAULT_RANKING) -> list[str]:
        return [hit.photo.name for hit in services.search(parse(query), 5, ranking).hits]

    assert order('"north*" "journey"') == ["e.png", "a.jpg"]
    assert order('"invoice" -"journey"') == ["c.webp"]
    assert order('"invoice" -folder:deep')[-1] == "a.jpg"
    assert order('"invoice"', Ranking(sort="date")) == ["e.png", "c.webp", "a.jpg"]


def _vector(services: Services, photo_id: int):  # type: ignore[no-untyped-def]
    from app.photos import stored_vectors

    return stored_vectors(services.library, [photo_id])[1]


def test_side_cars_are_written_and_read_again(services: Services, ids: dict[str, int], folder: Path) -> None:
    tags.add(services.library, [ids["a.jpg"]], ["Rex", "beach"])
    before = (folder / "a.jpg").read_bytes()
    assert tags.write_sidecars(services.library, tags.tagged_photos(services.library)) == (1, {})
    assert (folder / "a.jpg").read_bytes() == before
    assert set(read_sidecar(folder / "a.jpg.xmp").keywords) == {"Rex", "beach"}
    known = find_folder(services.library.catalog, str(folder))[0]
    assert known is not None
    ingest(services.library, known)
    assert {tag.tag: tag.in_files for tag in tags.list_tags(services.library)} == {"Rex": 1, "beach": 1}
    (folder / "a.jpg.xmp").write_text("spoilt")
    changed, failed = tags.write_sidecars(services.library, [ids["a.jpg"]])
    assert changed == 0 and "no XMP" in failed[str(folder / "a.jpg")]


def test_the_command_line(services: Services, ids: dict[str, int], folder: Path) -> None:
    def run(*args: str) -> str:
        result = CliRunner().invoke(main, ["tags", *args])
        assert result.exit_code == 0, result.output
        return result.stdout

    photo = str(folder / "a.jpg")
    run("add", "Rex,beach", photo, str(ids["b.png"]), "--write-xmp")
    assert read_sidecar(folder / "b.png.xmp").keywords == ("Rex", "beach")
    assert run().split() == ["2", "Rex", "2", "beach"]
    run("remove", "beach", photo, "--write-xmp")
    assert read_sidecar(folder / "a.jpg.xmp").keywords == ("Rex",)
    run("suggest", "--threshold", "0.01")
    assert any(item["state"] == "suggested" for item in json.loads(run("of", photo, "--json")))
    run("accept", "--least", "0.02")
    run("reject")
    assert all(tag["suggested"] == 0 for tag in json.loads(run("--json")))
    assert CliRunner().invoke(main, ["tags", "add", "x", str(folder / "none.jpg")]).exit_code == 2


def test_the_api(services: Services, ids: dict[str, int]) -> None:
    with TestClient(create_api(services), base_url="http://localhost") as client:
        body = {"photos": [ids["a.jpg"]], "tags": ["Rex"]}
        assert client.post("/tags/add", json=body).json() == {"changed": 1}
        assert client.get("/tags").json() == [{"tag": "Rex", "own": 1, "in_files": 0, "suggested": 0}]
        assert client.get(f"/photos/{ids['a.jpg']}/tags").json()[0] == {
            "tag": "Rex",
            "state": "own",
            "probability": None,
        }
        assert client.post("/tags/remove", json=body).json() == {"changed": 1}
        assert client.post("/tags/add", json=body | {"photos": [9999]}).status_code == 404
        assert client.post("/tags/accept", json={}).json() == client.post("/tags/reject", json={}).json()
