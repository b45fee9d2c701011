import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from PIL import Image

from app.errors import QueryError
from app.language import parse
from app.services import Services
from indexer.catalog import PhotoKeyword, PhotoMetadata
from indexer.folders import add_folder
from indexer.fulltext import index_words
from indexer.ingest import ingest
from tests.conftest import on_both_databases, paint

DATES = {"winter.jpg": "2019:12:31 23:59:59", "spring.jpg": "2020:03:01 00:00:00", "now.jpg": None}
UNDATED = {"a.jpg", "b.png", "c.webp", "d.jpg", "e.png", "tall.jpg", "square.jpg"}  # these have their files' date
LONG_AGO = 946_728_000  # that date: 2000-01-01, noon


@pytest.fixture
def dated(services: Services, folder: Path, tmp_path: Path) -> Services:
    """Besides the five pictures: three with dates, the last of today; two in folders with odd names."""
    root = tmp_path / "dated"
    for seed, (name, taken) in enumerate(DATES.items(), 50):
        exif = Image.Exif()
        exif[0x0132] = taken or f"{date.today():%Y:%m:%d} 12:00:00"  # DateTime
        paint(root / "Holidays 100%" / name, seed, exif=exif)
    paint(root / "a_b" / "tall.jpg", 60, size=(64, 96))
    paint(root / "axb" / "square.jpg", 61, size=(100, 98))
    for picture in (*folder.rglob("*.*"), *root.rglob("*.jpg")):
        os.utime(picture, (LONG_AGO, LONG_AGO))
    for indexed in (folder, root):
        ingest(services.library, add_folder(services.library.catalog, indexed)[0])
    return services


def names(services: Services, text: str) -> set[str]:
    return {hit.photo.name for hit in services.search(parse(text), 50).hits}


def test_dates(dated: Services) -> None:
    assert names(dated, "date:2019") == {"winter.jpg"}
    assert names(dated, "date:2019-12-31") == names(dated, "date:2001..2019") == {"winter.jpg"}
    assert names(dated, "date:2000") == UNDATED
    assert names(dated, "date:2019-12..2020-03-01") == {"winter.jpg", "spring.jpg"}
    assert names(dated, "date:2020-02") == set()
    assert names(dated, "date:2020..") == {"spring.jpg", "now.jpg"}
    yesterday = date.today() - timedelta(days=1)
    assert names(dated, "date:today") == names(dated, "date:this-week -date:2020") == {"now.jpg"}
    assert names(dated, f"date:{yesterday}") == names(dated, "date:yesterday") == set()


def test_a_filter_turned_round_has_the_others_and_those_of_which_it_is_not_known(dated: Services) -> None:
    assert names(dated, "-date:2019..") == UNDATED
    assert names(dated, "-rating:5") == UNDATED | set(DATES)


def test_folders(dated: Services, folder: Path) -> None:
    assert names(dated, "folder:sub") == {"d.jpg", "e.png"}
    assert names(dated, "folder:SUB/deep") == {"e.png"}
    assert names(dated, "folder:su") == set()
    assert names(dated, "folder:su*") == {"d.jpg", "e.png"}
    assert names(dated, 'folder:"holidays 100%"') == set(DATES)
    assert names(dated, "folder:a_b") == {"tall.jpg"}, "_ is no wildcard"
    assert names(dated, f"folder:{folder}") == {"a.jpg", "b.png", "c.webp", "d.jpg", "e.png"}
    assert names(dated, f"folder:{folder} -folder:sub") == {"a.jpg", "b.png", "c.webp"}


def test_orientations(dated: Services) -> None:
    assert names(dated, "orientation:portrait") == {"tall.jpg"}
    assert names(dated, "orientation:square") == {"square.jpg"}
    assert names(dated, "orientation:portrait|square -orientation:square") == {"tall.jpg"}
    assert len(names(dated, "orientation:landscape")) == 8


def test_k_results_come_when_k_photos_meet_the_filter(dated: Services) -> None:
    """Whatever the other photos score."""
    hits = dated.search(parse("anything at all orientation:portrait|square"), 2).hits
    assert {hit.photo.name for hit in hits} == {"tall.jpg", "square.jpg"}
    assert all(hit.score is not None for hit in hits)


def test_filters_alone_give_the_newest_first(dated: Services) -> None:
    hits = dated.search(parse("date:2001..2030"), 50).hits
    assert [hit.photo.name for hit in hits] == ["now.jpg", "spring.jpg", "winter.jpg"]
    assert [hit.score for hit in hits] == [None] * 3


def test_only_a_present_photo_meets_a_filter(dated: Services, folder: Path) -> None:
    os.rename(folder / "sub" / "d.jpg", folder / "d.jpg")
    ingest(dated.library, add_folder(dated.library.catalog, folder)[0])
    assert names(dated, "folder:sub") == {"e.png"}


@pytest.fixture
def told(services: Services, ids: dict[str, int]) -> Services:
    """Three of the pictures with metadata: a in Paris with four stars, b in Sydney with one, c without a place."""
    rows = [
        PhotoMetadata(photo_id=ids["a.jpg"], camera="Nikon D70", latitude=48.8584, longitude=2.2945, rating=4),
        PhotoMetadata(photo_id=ids["b.png"], camera="Canon", latitude=-33.8568, longitude=151.2153, rating=1),
        PhotoMetadata(photo_id=ids["c.webp"], title="Rex at 100%", caption="Große Wiese", rating=None),
    ]
    with services.library.catalog.writing() as (session, _):
        for row in rows:
            row.version = 1
            session.merge(row)
        session.flush()
        session.merge(PhotoKeyword(photo_id=ids["a.jpg"], keyword="Eiffel Tower"))
        session.merge(PhotoKeyword(photo_id=ids["a.jpg"], keyword="night"))
        index_words(session, list(ids.values()))
    return services


def test_what_photos_say_of_themselves(told: Services) -> None:
    assert names(told, "camera:nikon") == {"a.jpg"}
    assert names(told, "rating:4") == names(told, "rating:>=2") == {"a.jpg"}
    assert names(told, "rating:<=4") == {"a.jpg", "b.png"}
    assert names(told, "keyword:night") == names(told, 'keyword:"eiffel tower"') == {"a.jpg"}
    assert names(told, "keyword:eiffel") == set()
    assert names(told, "kind:photo|video") == {"a.jpg", "b.png", "c.webp", "d.jpg", "e.png"}
    assert names(told, "kind:raw") == set()


def test_near_is_within_the_great_circle(told: Services) -> None:
    assert names(told, "near:48.8530,2.3499,5km") == {"a.jpg"}, "Notre-Dame is 4.1 km from the Eiffel Tower"
    assert names(told, "near:48.8530,2.3499,4km") == set()
    assert names(told, "near:48.8530,2.3499,4100m") == names(told, "near:48.853,2.3499,2.6mi") == {"a.jpg"}
    assert names(told, "near:-33.86,-179,3000km") == {"b.png"}, "across the date line"
    assert names(told, "near:0,0,20100km") == {"a.jpg", "b.png"}, "the whole earth"
    assert names(told, "-near:48.85,2.29,50km") == {"b.png", "c.webp", "d.jpg", "e.png"}


@on_both_databases
def test_quoted_words_are_required_where_anything_is_written(told: Services) -> None:
    assert names(told, '"eiffel"') == names(told, 'a tower "EIFFEL TOWER"') == {"a.jpg"}
    assert names(told, '"100%"') == names(told, '"rex at"') == {"c.webp"}
    assert names(told, '"b.png"') == {"b.png"}
    assert names(told, '"rex" "eiffel"') == set()
    assert names(told, 'x -"rex" -"photos/sub"') == {"a.jpg", "b.png"}
    assert names(told, '"grosse WIESE"') == {"c.webp"}
    assert names(told, '"eiffel tow"') == names(told, '"tower eiffel"') == names(told, '"tower night"') == set()
    assert names(told, '"eiffel tow*"') == {"a.jpg"}, "a star stands for the rest of a word"


@pytest.mark.parametrize("text", ["near:1,2", "near:91,0,1km", "near:1,2,5", "rating:6", "rating:>4", "kind:film"])
def test_values_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(QueryError, match="expected"):
        parse(text)


@on_both_databases
def test_colours(services: Services, folder: Path) -> None:
    for name in ("red", "green", "blue"):
        Image.new("RGB", (96, 64), name).save(folder / f"{name}.png")
    ingest(services.library, add_folder(services.library.catalog, folder)[0])
    plain = {"red.png", "green.png", "blue.png"}
    assert names(services, "color:red folder:photos") & plain == {"red.png"}
    assert names(services, "colour:GREEN|blue") & plain == {"green.png", "blue.png"}
    assert names(services, "-color:red") & plain == {"green.png", "blue.png"}
    with pytest.raises(QueryError, match=r"expected black\|grey.*; got 'crimson'"):
        parse("color:crimson")
