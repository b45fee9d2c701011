"""Words that are written of photos count beside what is seen on them."""

from pathlib import Path

import pytest
from sqlalchemy import event, select

from app.language import parse
from app.mentions import CERTAIN, find_mentions
from app.query import Query
from app.services import Services
from indexer.catalog import Photo, PhotoMetadata
from indexer.folders import add_folder
from indexer.fulltext import index_words
from indexer.ingest import ingest
from tests.conftest import on_both_databases, paint

QUERY = "a steam locomotive at a station"


def caption(services: Services, name: str, text: str) -> int:
    with services.library.catalog.writing() as (session, _):
        photo = session.scalars(select(Photo).where(Photo.path.like(f"%/{name}"))).one()
        session.merge(PhotoMetadata(photo_id=photo.id, version=1, caption=text))
        index_words(session, [photo.id])
    assert photo.content_id is not None
    return photo.content_id


@pytest.fixture
def many(services: Services, folder: Path) -> Services:
    """Twenty pictures, so that a word of one of them is rare."""
    for seed in range(100, 115):
        paint(folder / f"IMG_{seed}.png", seed)
    ingest(services.library, add_folder(services.library.catalog, folder)[0])
    return services


def order(services: Services, query: str) -> list[str]:
    return [hit.photo.name for hit in services.search(parse(query), 30).hits]


@on_both_databases
def test_a_photo_whose_caption_says_it_comes_first_and_matches(many: Services) -> None:
    before = order(many, QUERY)
    caption(many, before[-1], "Steam locomotives, one station")
    results = many.search(Query(QUERY), 30)
    assert [hit.photo.name for hit in results.hits] == [before[-1], *before[:-1]]
    assert results.hits[0].relevance >= CERTAIN
    assert results.matches == results.matches_end == 1


def test_a_file_name_and_a_folder_say_it_too(many: Services, folder: Path) -> None:
    paint(folder / "Steam trains" / "old-locomotive_station.png", 200)
    ingest(many.library, add_folder(many.library.catalog, folder)[0])
    assert order(many, QUERY)[0] == "old-locomotive_station.png"


def test_filters_and_hidden_photos_hold_for_what_is_written(many: Services, ids: dict[str, int]) -> None:
    caption(many, "a.jpg", "steam locomotive station")
    assert "a.jpg" not in order(many, f"{QUERY} folder:sub")
    assert "a.jpg" not in order(many, f"{QUERY} photo:{ids['a.jpg']}")
    assert order(many, f"{QUERY} -(steam locomotive)")[0] == "a.jpg", "what is not seen there costs nothing"


def test_words_that_tell_nothing_change_nothing(many: Services) -> None:
    before = [(hit.photo.name, hit.relevance) for hit in many.search(Query("photos of the IMG"), 30).hits]
    assert find_mentions(many.library, "photos of the IMG").ids.size == 0, "written of most"
    caption(many, "a.jpg", "of the")
    assert find_mentions(many.library, "photos of the IMG").ids.size == 0
    assert [(hit.photo.name, hit.relevance) for hit in many.search(Query("photos of the IMG"), 30).hits] == before


def test_rare_words_count_more(many: Services) -> None:
    rare = caption(many, "a.jpg", "Rex")
    common = {caption(many, name, "beach") for name in ("b.png", "c.webp", "d.jpg", "e.png")}
    found = find_mentions(many.library, "Rex, beach", strong=0.0)
    shares = dict(zip(found.ids.tolist(), found.shares.tolist(), strict=True))
    assert shares.keys() == {rare, *common}
    assert shares[rare] > 0.59 > 0.42 > max(shares[i] for i in common)
    assert find_mentions(many.library, "Rex, beach", strong=0.59).ids.tolist() == [rare]


def test_all_words_are_looked_up_in_one_statement(services: Services) -> None:
    statements: list[str] = []
    engine = services.library.catalog.engine
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    find_mentions(services.library, QUERY, photos=20)
    assert len([said for said in statements if said.startswith("SELECT")]) == 1
