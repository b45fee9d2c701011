"""Words of photos are found on both databases alike, and the index follows whatever is written."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from indexer.catalog import Photo, PhotoKeyword, PhotoMetadata, PhotoState
from indexer.folders import add_folder
from indexer.forget import forget_folder
from indexer.fulltext import DIVIDER, Written, index_words, tokens
from indexer.ingest import ingest
from indexer.library import Library
from tests.conftest import on_both_databases


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/photos/IMG_2034 (1).JPG", "photos img 2034 1 jpg"),
        ("Große Wiese, Café", "grosse wiese cafe"),
        ("東京タワーの夜景 2019", "東 京 タ ワ ー の 夜 景 2019"),
        ("\udce9 100% \0", "100"),
        (f"a {DIVIDER} b", "a b"),
        ("!?", ""),
    ],
)
def test_words_are_compared_without_case_accents_and_signs(text: str, words: str) -> None:
    assert tokens(text) == words


def found(library: Library, phrase: str, prefix: bool = False) -> set[str]:
    with library.catalog.reading() as session:
        paths = session.scalars(select(Photo.path).where(Written(Photo.id, [tokens(phrase)], prefix)))
        return {Path(path).name for path in paths}


@on_both_databases
def test_the_index_follows_what_is_written(library: Library, folder: Path) -> None:
    indexed = add_folder(library.catalog, folder)[0]
    ingest(library, indexed)
    assert found(library, "sub deep") == {"e.png"}
    with library.catalog.writing() as (session, _):
        photo = session.scalars(select(Photo).where(Photo.path.like("%/e.png"))).one()
        session.merge(PhotoMetadata(photo_id=photo.id, version=1, caption="Rex unter dem Weihnachtsbaum"))
        session.add(PhotoKeyword(photo_id=photo.id, keyword="東京タワー"))
        index_words(session, [photo.id])
    assert found(library, "unter DEM") == found(library, "京タ") == found(library, "weihn", prefix=True) == {"e.png"}
    assert found(library, "weihn") == found(library, "rex dem") == found(library, "png Rex") == set()
    (folder / "sub" / "deep" / "e.png").rename(folder / "renamed.png")
    ingest(library, indexed)
    assert found(library, "renamed png") == {"renamed.png"}
    assert found(library, "deep") == set()
    forget_folder(library.catalog, indexed)
    with library.catalog.reading() as session:
        assert session.execute(text("SELECT count(*) FROM photo_text")).scalar_one() == 0
        matching = "MATCH 'png'" if library.catalog.engine.dialect.name == "sqlite" else "= words"
        assert session.execute(text(f"SELECT count(*) FROM photo_words WHERE words {matching}")).scalar_one() == 0


def test_a_write_that_fails_leaves_the_index_as_it_was(library: Library, folder: Path) -> None:
    ingest(library, add_folder(library.catalog, folder)[0])
    with pytest.raises(ZeroDivisionError), library.catalog.writing() as (session, _):
        photo = session.scalars(select(Photo).where(Photo.path.like("%/a.jpg"))).one()
        session.add(PhotoKeyword(photo_id=photo.id, keyword="lost"))
        index_words(session, [photo.id])
        _ = 1 / 0
    assert found(library, "lost") == set()


@on_both_databases
def test_any_text_is_found_by_its_own_words(library: Library, folder: Path) -> None:
    ingest(library, add_folder(library.catalog, folder)[0])
    with library.catalog.reading() as session:
        photo_id = session.scalars(select(Photo.id)).first()

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.text(st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0"), max_size=30))
    def check(caption: str) -> None:
        with library.catalog.writing() as (session, _):
            session.merge(PhotoMetadata(photo_id=photo_id, version=1, caption=caption))
            index_words(session, [photo_id])
        if caption.isascii() and tokens(caption):
            assert found(library, caption)
        elif tokens(caption):
            found(library, caption)  # the database may know fewer letters; nothing breaks

    check()


def test_words_are_looked_up_and_photos_not_gone_through(library: Library) -> None:
    query = select(Photo.id).where(Photo.state == PhotoState.PRESENT, Written(Photo.id, ["dog"]))
    compiled = query.compile(library.catalog.engine, compile_kwargs={"literal_binds": True})
    with library.catalog.reading() as session:
        steps = [row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
    assert not any(step.startswith("SCAN photo ") or step == "SCAN photo" for step in steps), steps
