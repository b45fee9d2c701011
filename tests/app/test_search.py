from pathlib import Path

import numpy as np
import pytest

from app.errors import NotFoundError, QueryError
from app.language import parse
from app.query import MAX_TEXT, Query
from app.services import Services
from indexer.errors import PhotoError
from indexer.folders import add_folder
from indexer.ingest import ingest
from tests.conftest import on_both_databases, paint


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


@pytest.mark.usefixtures("five_subjects")
@on_both_databases
def test_ranks_as_the_encoder_does(services: Services, folder: Path) -> None:
    paths = sorted(folder.rglob("*.*"))
    paths = [path for path in paths if path.is_file()]
    encoder = services.library.encoder
    scores = encoder.encode_images(paths) @ encoder.encode_texts(["a bouquet of flowers"])[0]
    found = services.search(Query("a bouquet of flowers"), 5)
    assert {hit.photo.path: hit.score for hit in found.hits} == pytest.approx(
        {str(path): score for path, score in zip(paths, scores, strict=True)}, abs=2e-3
    )
    matching = [hit.score for hit in found.hits[: found.matches] if hit.score is not None]
    assert matching and matching == sorted(matching, reverse=True)
    assert Path(found.hits[0].photo.path) == paths[scores.argmax()]


def test_gives_k_results_when_k_exist(services: Services) -> None:
    assert len(services.search(Query("anything"), 3).hits) == 3
    assert len(services.search(Query("anything"), 100).hits) == 5


@on_both_databases
def test_a_photo_finds_others_and_not_itself(services: Services, ids: dict[str, int]) -> None:
    found = services.search(Query(photos=(ids["a.jpg"],)), 10).hits
    assert {hit.photo.name for hit in found} == {"b.png", "c.webp", "d.jpg", "e.png"}


def test_a_picture_from_elsewhere_finds_its_like(services: Services, folder: Path) -> None:
    hits = services.search(Query(images=((folder / "b.png").read_bytes(),)), 1).hits
    assert hits[0].photo.name == "b.png"
    assert hits[0].score > 0.99


def test_parts_of_a_query_are_averaged(services: Services, ids: dict[str, int], folder: Path) -> None:
    encoder = services.library.encoder
    text = encoder.encode_texts(["a photo of grass", "a picture of grass", "grass"]).mean(axis=0)
    mean = unit(text) + encoder.encode_images([folder / "a.jpg"])[0]
    wanted = encoder.encode_images([folder / "b.png"])[0] @ mean / np.linalg.norm(mean)
    hits = services.search(Query("grass", photos=(ids["a.jpg"],)), 5).hits
    assert next(hit.score for hit in hits if hit.photo.name == "b.png") == pytest.approx(wanted, abs=3e-3)


def test_weights_move_the_mean(services: Services, folder: Path) -> None:
    encoder = services.library.encoder
    parts = encoder.encode_texts(["grass", "a red wall"])
    for text, (first, second) in (("grass (a red wall)^3", (1, 3)), ("grass^0.5 (a red wall)", (0.5, 1))):
        mean = unit(first * parts[0] + second * parts[1])
        wanted = encoder.encode_images([folder / "b.png"])[0] @ mean
        hits = services.search(parse(text), 5).hits
        assert next(hit.score for hit in hits if hit.photo.name == "b.png") == pytest.approx(wanted, abs=3e-3)


@pytest.mark.usefixtures("five_subjects", "at_large")
def test_minus_moves_only_what_shows_it(services: Services, ids: dict[str, int]) -> None:
    """The photo itself falls to the end; the others keep their order, which subtracting vectors would not leave."""
    asked = "folder:photos a red wall"
    before = [hit.photo.name for hit in services.search(parse(asked), 5).hits]
    after = [hit.photo.name for hit in services.search(parse(f"{asked} -photo:{ids[before[0]]}^5"), 5).hits]
    assert after == [*before[1:], before[0]]


def test_minus_alone_gives_what_is_least_like_it(services: Services) -> None:
    best = sorted(services.search(Query("a red wall"), 5).hits, key=lambda hit: hit.score or 0.0)
    assert [hit.photo.name for hit in services.search(parse("-(a red wall)"), 5).hits] == [h.photo.name for h in best]


@on_both_databases
def test_sees_at_once_what_was_indexed_since(services: Services, folder: Path) -> None:
    assert services.search(Query("x")).searched == 5
    paint(folder / "new.png", 90)
    ingest(services.library, add_folder(services.library.catalog, folder)[0])
    assert services.search(Query("x")).searched == 6


@on_both_databases
def test_copies_are_one_result_that_names_both(services: Services, folder: Path) -> None:
    (folder / "copy.jpg").write_bytes((folder / "a.jpg").read_bytes())
    ingest(services.library, add_folder(services.library.catalog, folder)[0])
    hits = services.search(Query("x"), 10).hits
    assert len(hits) == 5
    pair = next(hit.photo for hit in hits if hit.photo.also_at)
    assert {pair.path, *pair.also_at} == {str(folder / "a.jpg"), str(folder / "copy.jpg")}


@pytest.mark.parametrize("text", ["", "   \n"])
def test_an_empty_query_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="nothing to search for"):
        Query(text)


def test_a_query_too_long_is_refused() -> None:
    with pytest.raises(QueryError, match="the limit is 2,000"):
        Query("x" * (MAX_TEXT + 1))


def test_an_unknown_photo_is_said(services: Services) -> None:
    with pytest.raises(NotFoundError, match="no photo with id 999"):
        services.search(Query(photos=(999,)))


def test_a_picture_that_is_none_is_said(services: Services) -> None:
    with pytest.raises(PhotoError, match="not a picture"):
        services.search(Query(images=(b"nonsense",)))
