"""Names: taught on a few photos, understood in descriptions, kept through moves and another encoder."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from PIL import Image, ImageEnhance

from app.api import create_api
from app.cli import main
from app.errors import NotFoundError, QueryError
from app.language import parse
from app.names import Taught, find_name, forget_name, list_names, teach
from app.naming import Known, Whitening, kinds, places
from app.photos import find_photo
from app.query import Part
from app.services import Services
from clipcore.agreement import check_set
from indexer.folders import add_folder, find_folder
from indexer.ingest import ingest
from indexer.settings import load_settings
from indexer.switch import switch_encoder
from tests.conftest import on_both_databases

NONE = np.zeros((1, 2), np.float32)


def look(path: Path, seed: int, picture: Image.Image) -> None:
    """A part of `picture` that no other seed gives, in other light: six looks at a picture show the same thing."""
    rng = np.random.default_rng(seed)
    width, height = picture.size
    left, top = rng.uniform(0, 0.2, 2)
    part = picture.crop((int(left * width), int(top * height), int((left + 0.8) * width), int((top + 0.8) * height)))
    ImageEnhance.Brightness(part).enhance(rng.uniform(0.8, 1.2)).save(path)


@pytest.fixture
def two_things(services: Services, folder: Path) -> Iterator[dict[str, int]]:
    """Six pictures of each of two things, flowers and a square, beside the five of the library; ids by name."""
    pictures, captions = check_set()
    flowers, square = (
        picture
        for title in ("A Bouquet", "Piazza San Marco")
        for picture, caption in zip(pictures, captions, strict=True)
        if caption.startswith(title)
    )
    for seed in range(6):
        look(folder / f"red{seed}.png", seed, flowers)
        look(folder / f"blue{seed}.png", seed + 50, square)
    ingest(services.library, add_folder(services.library.catalog, folder)[0])
    found = {path.name: find_photo(services.library, str(path)) for path in folder.glob("*.png")}
    yield {name: photo.id for name, photo in found.items() if photo is not None}


def test_a_name_stands_for_itself_as_whole_words() -> None:
    rex, aunt, old = (Known(n, tuple(n.lower().split()), NONE) for n in ("Rex", "Aunt Rose", "Rose"))
    han = Known("小白", ("小", "白"), NONE)

    def found(text: str) -> list[str]:
        return [text[place.start : place.end] for place in places(text, [rex, old, aunt, han])]

    assert found("REX's ball, near rex.") == ["REX", "rex"]
    assert found("T-rexes, Rexford and rex_2") == ["rex"]
    assert found("aunt   rose and rose") == ["aunt   rose", "rose"]
    assert found("Ŕex and ros\u00e9 and rose\u0301") == ["Ŕex", "ros\u00e9", "rose\u0301"]
    assert found("小白在海滩") == ["小白"]
    assert found("nobody") == []


def test_a_direction_is_what_examples_have_and_the_library_lacks() -> None:
    rng = np.random.default_rng(0)
    library = rng.normal(0, [5, 1, 1], (500, 3)).astype(np.float32)  # it varies most along the first
    examples = np.array([[3, 3, 0]], np.float32)
    direction = Whitening.of(library, 0.01).direction(examples)
    assert np.linalg.norm(direction) == pytest.approx(1, abs=1e-5)
    assert direction[1] > 0.9 > 0.3 > abs(direction[0])
    assert np.isfinite(Whitening.of(library[:1]).direction(examples)).all()


@on_both_databases
@pytest.mark.usefixtures("at_large")
def test_a_name_is_understood_in_a_description(services: Services, two_things: dict[str, int]) -> None:
    library = services.library
    assert services.search(parse("Rex outside")).names == ()
    taught = teach(library, "  Rex ", [two_things["red0.png"], two_things["red1.png"], two_things["red1.png"]])
    assert taught == Taught(1, "Rex", (two_things["red0.png"], two_things["red1.png"]))
    found = services.search(parse("a picture of rex"), 6)
    assert found.names == ("Rex",)
    assert {hit.photo.name for hit in found.hits} == {f"red{i}.png" for i in range(6)}
    assert services.search(parse("trex")).names == ()
    last = [hit.photo.name for hit in services.search(parse("a still life -rex"), 200).hits][-6:]
    assert set(last) == {f"red{i}.png" for i in range(6)}


def test_a_heat_map_is_asked_for_the_kind_of_thing(services: Services, ids: dict[str, int]) -> None:
    teach(services.library, "Rex", [ids["a.jpg"], ids["b.png"]])
    words, _ = kinds(services.library)
    spelled = services.search.spelled_out(parse("rex outside (near REX)^2 photo:1 -rex"))
    kind = spelled.text.removesuffix(" outside")
    assert kind in words and kind != "rex"
    assert spelled == replace(
        parse("x (x)^2 photo:1 -rex"), text=f"{kind} outside", weighted=(Part(f"near {kind}", 2),)
    )
    unnamed = parse("a dog outside")
    assert services.search.spelled_out(unnamed) == unnamed
    with TestClient(create_api(services), base_url="http://localhost") as client:
        named, kindly = (client.get(f"/photos/{ids['a.jpg']}/why", params={"q": q}) for q in ("rex", kind))
        assert named.status_code == 200 and named.content == kindly.content


@on_both_databases
def test_names_are_kept_changed_and_forgotten(services: Services, ids: dict[str, int]) -> None:
    library = services.library
    teach(library, "Rex", [ids["a.jpg"]])
    teach(library, "REX", [ids["b.png"]])
    teach(library, "Aunt Rose", [ids["c.webp"]])
    assert [(t.name, t.photos) for t in list_names(library)] == [
        ("Aunt Rose", (ids["c.webp"],)),
        ("REX", (ids["a.jpg"], ids["b.png"])),
    ]
    rex = find_name(library, "rex").id
    forget_name(library, rex, [ids["a.jpg"]])
    assert find_name(library, "Rex").photos == (ids["b.png"],)
    forget_name(library, rex, [ids["b.png"]])
    with pytest.raises(NotFoundError, match="no name 'rex'"):
        find_name(library, "rex")
    with pytest.raises(NotFoundError, match="no photo with id 999"):
        teach(library, "Max", [ids["a.jpg"], 999])
    for name in ("", "?!", "the", "a photo of", "x" * 101):
        with pytest.raises(QueryError):
            teach(library, name, [ids["a.jpg"]])
    with pytest.raises(QueryError, match="give photos that show Max"):
        teach(library, "Max", [])
    assert [t.name for t in list_names(library)] == ["Aunt Rose"]


def test_a_name_stays_when_its_photos_move(services: Services, ids: dict[str, int], folder: Path) -> None:
    taught = teach(services.library, "Rex", [ids["a.jpg"]])
    (folder / "a.jpg").rename(folder / "sub" / "moved.jpg")
    known = find_folder(services.library.catalog, str(folder))[0]
    assert known is not None
    ingest(services.library, known)
    assert find_name(services.library, "rex") == taught
    (folder / "sub" / "moved.jpg").unlink()
    ingest(services.library, known)
    assert find_name(services.library, "rex").photos == ()
    assert services.search(parse("rex")).names == ("Rex",), "the picture is gone, its vector is not"


def test_a_name_is_understood_by_another_encoder(
    services: Services, ids: dict[str, int], tiny_encoders: tuple[str, str]
) -> None:
    teach(services.library, "Rex", [ids["a.jpg"]])
    with_other = load_settings(encoder=tiny_encoders[0])
    other = Services(with_other, services.library.catalog)
    assert other.search(parse("rex")).names == (), "it has seen no photo of Rex yet"
    switch_encoder(other.library)
    assert Services(with_other, services.library.catalog).search(parse("rex")).names == ("Rex",)


def test_the_command_line(services: Services, ids: dict[str, int], folder: Path) -> None:
    def run(*args: str, status: int = 0) -> str:
        result = CliRunner().invoke(main, args)
        assert result.exit_code == status, result.output
        return result.stdout

    assert "2 photos" in run("name", "Rex", str(folder / "a.jpg"), str(ids["b.png"]))
    listed = json.loads(run("name", "--list", "--json"))
    assert listed == [{"id": 1, "name": "Rex", "photos": [ids["a.jpg"], ids["b.png"]]}]
    assert "Rex: taught on 2 photos: " in run("name")
    answer = CliRunner().invoke(main, ["search", "rex", "in", "colours"])
    assert "understood: Rex" in answer.stderr
    assert json.loads(run("search", "rex", "--json"))["names"] == ["Rex"]
    run("name", "--forget", "rex")
    run("name", "--forget", "rex", status=2)
    run("name", "--list", "Rex", status=2)
    assert run("name", "--list", "--json") == "[]\n"


def test_the_api(services: Services, ids: dict[str, int]) -> None:
    with TestClient(create_api(services), base_url="http://localhost") as client:
        body = {"name": "Rex", "photos": [ids["a.jpg"], ids["b.png"]]}
        taught = client.post("/names", json=body).json()
        assert client.get("/names").json() == [taught] == [{"id": taught["id"], **body}]
        assert client.get("/search", params={"q": "rex"}).json()["names"] == ["Rex"]
        page = client.post("/search", json={"query": {"text": "rex"}, "k": 2}).json()
        assert client.post("/search", json={"cursor": page["next_cursor"]}).json()["names"] == ["Rex"]
        assert client.delete(f"/names/{taught['id']}/photos/{ids['a.jpg']}").status_code == 204
        assert client.get("/names").json()[0]["photos"] == [ids["b.png"]]
        assert client.delete(f"/names/{taught['id']}").status_code == 204
        assert client.delete(f"/names/{taught['id']}").status_code == 404
        assert client.post("/names", json={"name": "Rex", "photos": [9999]}).status_code == 404
        assert client.post("/names", json={"name": "?", "photos": [ids["a.jpg"]]}).status_code == 422
