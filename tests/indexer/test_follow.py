from pathlib import Path

import pytest
from sqlalchemy import select

from indexer.catalog import Content
from indexer.folders import add_folder
from indexer.follow import FollowedIndex
from indexer.ingest import ingest
from indexer.library import Library
from tests.conftest import on_both_databases, paint


def searchable(library: Library) -> set[int]:
    index = FollowedIndex(library)
    vector = library.encoder.encode_texts(["anything"])[0]
    return set(index.search(vector, 1000)[1].tolist())


@on_both_databases
def test_follows_what_another_process_writes(library: Library, folder: Path) -> None:
    index = FollowedIndex(library)
    assert index.catch_up() == 0
    other = Library(library.settings)
    ingest(other, add_folder(other.catalog, folder)[0])
    other.close()
    assert index.catch_up() == 5
    assert searchable(library) == {1, 2, 3, 4, 5}


def test_a_snapshot_of_another_catalog_is_not_used(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.follow._WORTH_A_SNAPSHOT", 1)
    ingest(library, add_folder(library.catalog, folder)[0])
    FollowedIndex(library).catch_up()
    snapshots = list(library.settings.vectors_folder.glob("*.vectors"))
    assert len(snapshots) == 1
    library.close()
    for path in library.settings.data_folder.glob("catalog.sqlite3*"):
        path.unlink()

    fresh = Library(library.settings)
    paint(folder / "only.png", 70)
    for name in ("a.jpg", "b.png", "c.webp"):
        (folder / name).unlink()
    ingest(fresh, add_folder(fresh.catalog, folder)[0])
    with fresh.catalog.reading() as session:
        assert searchable(fresh) == set(session.scalars(select(Content.id)))
    fresh.close()


@on_both_databases
def test_a_snapshot_is_caught_up_with_not_trusted(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.follow._WORTH_A_SNAPSHOT", 1)
    row, _ = add_folder(library.catalog, folder)
    ingest(library, row)
    FollowedIndex(library).catch_up()
    (folder / "a.jpg").unlink()
    paint(folder / "new.png", 71)
    ingest(library, row)
    with library.catalog.reading() as session:
        gone = session.scalars(select(Content.id).order_by(Content.id)).all()
    assert len(gone) == 6
    assert len(searchable(library)) == 5
