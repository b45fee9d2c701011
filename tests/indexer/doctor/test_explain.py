import shutil
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from indexer.catalog import Folder, FolderState, Vector
from indexer.doctor.explain import FOUND, explain
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.library import Library
from tests.conftest import paint


@pytest.fixture
def indexed(library: Library, folder: Path) -> Library:
    (folder / "letter.jpg").write_text("Dear photo,")
    (folder / "notes.txt").write_text("no photo")
    (folder / ".sightlineignore").write_text("private/\ndraft*\n")
    for hidden in ("private/z.png", "draft1.png", ".secret/x.png", "@eaDir/x.png", ".hidden.png"):
        paint(folder / hidden, 1)
    (folder / "nowhere.jpg").symlink_to(folder / "missing.jpg")
    paint(folder.parent / "elsewhere" / "y.png", 5)
    (folder / "link").symlink_to(folder.parent / "elsewhere")
    ingest(library, add_folder(library.catalog, folder)[0])
    shutil.copy(folder / "b.png", folder / "copy.png")
    ingest(library, add_folder(library.catalog, folder)[0])
    return library


@pytest.mark.parametrize(
    "name, reason",
    [
        ("a.jpg", FOUND),
        ("copy.png", "has the same bytes as"),
        ("letter.jpg", "could not be read: not a picture"),
        ("notes.txt", "is no photo by its ending .txt"),
        (".secret/x.png", ".secret, which is left out: its name"),
        ("@eaDir/x.png", "@eaDir, which is left out: its name"),
        (".hidden.png", "is left out: its name"),
        ("private/z.png", "private, which is left out: a pattern"),
        ("draft1.png", "is left out: a pattern"),
        ("nowhere.jpg", "is a link to a file that is not there"),
        ("never.jpg", "is not on the disk"),
        ("sub", "is a folder"),
        ("link/y.png", "lies behind the link"),
        ("../elsewhere/y.png", "lies in no indexed folder"),
    ],
)
def test_says_why(indexed: Library, folder: Path, name: str, reason: str) -> None:
    assert reason in "\n".join(explain(indexed, folder / name))


def test_says_what_has_changed_since(indexed: Library, folder: Path) -> None:
    paint(folder / "new.png", 50)
    assert explain(indexed, folder / "new.png") == ["has not been looked at yet; run: sightline index"]
    paint(folder / "a.jpg", 51)
    assert "has changed since" in explain(indexed, folder / "a.jpg")[0]
    (folder / "c.webp").unlink()
    ingest(indexed, add_folder(indexed.catalog, folder)[0])
    assert explain(indexed, folder / "c.webp") == [
        "is not on the disk",
        "is marked missing; run sightline index when it is back",
    ]


def test_says_what_is_wrong_with_its_vector(indexed: Library, folder: Path) -> None:
    with indexed.catalog.writing() as (session, _):
        session.execute(update(Vector).values(data=b"\0\0"))
    assert "has a damaged vector (2 bytes" in explain(indexed, folder / "a.jpg")[0]
    with indexed.catalog.writing() as (session, _):
        session.execute(delete(Vector))
    assert "waits for a vector" in explain(indexed, folder / "a.jpg")[0]


def test_what_is_offline_is_still_found(indexed: Library, folder: Path) -> None:
    with indexed.catalog.writing() as (session, _):
        session.execute(update(Folder).values(state=FolderState.OFFLINE))
    folder.rename(folder.parent / "away")
    reasons = explain(indexed, folder / "a.jpg")
    assert "offline" in reasons[1]
    assert reasons[-1].startswith(FOUND)
