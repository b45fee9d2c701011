"""A library written out and taken in elsewhere, the other database included, says the same of every photo."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select, update

from indexer.catalog import (
    Album,
    AlbumContent,
    Content,
    Folder,
    FolderState,
    Frame,
    FrameVector,
    Name,
    NameExample,
    Photo,
    PhotoKeyword,
    PhotoMetadata,
    PhotoTag,
    TagState,
    Vector,
)
from indexer.doctor.examine import examine
from indexer.errors import StorageError, TransferError
from indexer.export import export_library
from indexer.folders import add_folder
from indexer.fulltext import index_words
from indexer.ingest import ingest
from indexer.library import Library
from indexer.parquet import codes_of, read_manifest, read_parts, vectors_schema, write_manifest
from indexer.settings import load_settings
from indexer.stored import STORED_DTYPE
from indexer.take_in import import_library
from tests.conftest import on_both_databases, paint
from tests.faults.compare import differences, portrait
from tests.indexer.test_video import film

Open = Callable[..., Library]


@pytest.fixture
def opened(tmp_path: Path, tiny_encoders: tuple[str, str]) -> Iterator[Open]:
    """Opens libraries on SQLite, each in a home of its own unless told otherwise."""
    libraries: list[Library] = []

    def open_library(name: str, **settings: Any) -> Library:
        home = tmp_path / name
        wanted = {"home": home, "database_url": f"sqlite:///{home}/c.sqlite3", "encoder": tiny_encoders[0]} | settings
        libraries.append(Library(load_settings(**wanted)))
        return libraries[-1]

    yield open_library
    for library in libraries:
        library.close()


@pytest.fixture
def full(opened: Open, folder: Path) -> Library:
    """A library with one of everything: copies, failures, missing photos, metadata, frames, odd names."""
    library = opened("full")
    shutil.copy(folder / "b.png", folder / "copy.png")
    (folder / "letter.jpg").write_text("Dear photo,")
    shutil.copy(folder / "b.png", os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png"))
    index(library, folder)
    (folder / "c.webp").unlink()
    index(library, folder)
    with library.catalog.writing() as (session, _):
        for photo in session.scalars(select(Photo).where(Photo.content_id.is_not(None))):
            if session.get(PhotoMetadata, photo.id) is None:
                session.add(PhotoMetadata(photo_id=photo.id, version=1, camera="Leica \udce9", latitude=1.5, rating=4))
            session.add(PhotoKeyword(photo_id=photo.id, keyword="sea \U0001f40b"))
            session.add(PhotoTag(photo_id=photo.id, tag="Rex \udce9", state=TagState.OWN))
            session.add(PhotoTag(photo_id=photo.id, tag="cat", state=TagState.REJECTED))
            session.add(PhotoTag(photo_id=photo.id, tag="dog", state=TagState.SUGGESTED, probability=0.7))
        index_words(session, list(session.scalars(select(Photo.id).where(Photo.content_id.is_not(None)))))
        frame = Frame(content_id=1, time_s=2.5)
        session.add(frame)
        session.flush()
        data = np.eye(1, library.encoder.dim, dtype=STORED_DTYPE).tobytes()
        session.add(FrameVector(frame_id=frame.id, encoder_id=library.encoder_id, data=data))
    return library


def index(library: Library, folder: Path) -> None:
    ingest(library, add_folder(library.catalog, folder)[0])


def counts(library: Library) -> list[int]:
    with library.catalog.reading() as session:
        return [
            session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (Photo, Content, Vector, Frame, FrameVector, PhotoMetadata, PhotoKeyword, PhotoTag)
        ]


@on_both_databases
def test_a_library_comes_back_whole(full: Library, opened: Open, tmp_path: Path, database: str | None) -> None:
    export_library(full, tmp_path / "out")
    other = opened("other", **({"database_url": database} if database else {}))
    taken = import_library(other, tmp_path / "out")
    assert differences(portrait(other), portrait(full)) == []
    assert counts(other) == counts(full)
    with other.catalog.reading() as session:
        told = select(PhotoTag.tag, PhotoTag.state, PhotoTag.probability).distinct().order_by(PhotoTag.tag)
        assert [tuple(row) for row in session.execute(told)] == [
            ("Rex \udce9", TagState.OWN, None),
            ("cat", TagState.REJECTED, None),
            ("dog", TagState.SUGGESTED, 0.7),
        ]
    assert (taken.photos, taken.vectors, taken.frames, taken.known_photos) == (counts(full)[0], 5, 1, 0)
    assert not any(diagnosis.unwell for diagnosis in examine(other))


def test_a_videos_frames_come_with_it_and_are_mended(opened: Open, tmp_path: Path) -> None:
    library, root = opened("home"), tmp_path / "films"
    paint(root / "still.png", 1)
    film(root / "red-and-blue.mp4", 12)
    ingest(library, add_folder(library.catalog, root)[0])
    frames = codes(library)
    assert len(frames) == 3 and len({data for _, data in frames}) > 1
    assert not any(diagnosis.unwell for diagnosis in examine(library))
    export_library(library, tmp_path / "out")

    other = opened("other")
    assert import_library(other, tmp_path / "out").frames == 3
    assert codes(other) == frames
    assert not any(diagnosis.unwell for diagnosis in examine(other))
    assert ingest(other, add_folder(other.catalog, root)[0]).nothing_to_do

    with other.catalog.writing() as (session, _):
        session.execute(update(FrameVector).values(data=b"\0\0"))
    (found,) = [diagnosis for diagnosis in examine(other, repair=True) if diagnosis.kind == "frame-damaged"]
    assert found.repaired
    ingest(other, add_folder(other.catalog, root)[0])
    assert codes(other) == frames


def codes(library: Library) -> list[tuple[float, bytes]]:
    """Every frame's time and vector."""
    with library.catalog.reading() as session:
        query = select(Frame.time_s, FrameVector.data).join(FrameVector, FrameVector.frame_id == Frame.id)
        return [(time_s, data) for time_s, data in session.execute(query.order_by(Frame.time_s))]


@on_both_databases
def test_names_and_albums_come_back_and_join_those_there(
    full: Library, opened: Open, tmp_path: Path, database: str | None
) -> None:
    with full.catalog.writing() as (session, _):
        hashes = dict(session.execute(select(Content.id, Content.sha256).order_by(Content.id).limit(2)).all())
        first, second = hashes
        session.add_all([Name(id=1, name="Rex \udce9", words="rex"), Name(id=2, name="Max", words="max")])
        session.add_all(
            [Album(id=1, name="Italy", key="italy"), Album(id=2, name="Sub", key="sub", query="folder:sub")]
        )
        session.flush()
        session.add_all([NameExample(name_id=1, content_id=first), NameExample(name_id=1, content_id=second)])
        session.add(AlbumContent(album_id=1, content_id=second))
    export_library(full, tmp_path / "out")
    other = opened("other", **({"database_url": database} if database else {}))
    with other.catalog.writing() as (session, _):
        session.add(Name(name="REX", words="rex"))
        session.add(Album(name="sub", key="sub", query="date:2019"))
    for _ in range(2):  # the second time changes nothing
        import_library(other, tmp_path / "out")
        with other.catalog.reading() as session:
            shown = select(Name.name, Content.sha256).outerjoin(NameExample, NameExample.name_id == Name.id)
            shown = shown.outerjoin(Content, Content.id == NameExample.content_id)
            told = {(name, sha256) for name, sha256 in session.execute(shown)}
            assert told == {("REX", hashes[first]), ("REX", hashes[second]), ("Max", None)}
            albums = {(name, query) for name, query in session.execute(select(Album.name, Album.query))}
            assert albums == {("Italy", None), ("sub", "date:2019")}
            held = select(Content.sha256).join(AlbumContent, AlbumContent.content_id == Content.id)
            assert session.scalars(held).all() == [hashes[second]]


@on_both_databases
def test_taking_it_in_again_changes_nothing(full: Library, opened: Open, tmp_path: Path, database: str | None) -> None:
    export_library(full, tmp_path / "out")
    other = opened("other", **({"database_url": database} if database else {}))
    import_library(other, tmp_path / "out")
    before = portrait(other)
    taken = import_library(other, tmp_path / "out")
    assert (taken.photos, taken.contents, taken.vectors, taken.frames) == (0, 0, 0, 0)
    assert differences(portrait(other), before) == []


def test_folders_that_lie_elsewhere_now_are_found_there_and_nothing_is_encoded_again(
    full: Library, opened: Open, folder: Path, tmp_path: Path
) -> None:
    export_library(full, tmp_path / "out")
    shutil.copytree(folder, tmp_path / "moved" / "photos", copy_function=shutil.copy2)
    other = opened("other")
    taken = import_library(other, tmp_path / "out", moved={str(folder.parent): str(tmp_path / "moved")})
    assert taken.folders == [str(tmp_path / "moved" / "photos")]
    with other.catalog.reading() as session:
        row = session.scalars(select(Folder)).one()
        assert row.state == FolderState.ONLINE
        assert all(path.startswith(row.path + os.sep) for path in session.scalars(select(Photo.path)))
    assert ingest(other, row).indexed == 0
    assert str(tmp_path / "moved" / "photos" / "a.jpg") in portrait(other).photos


def test_a_folder_that_is_not_on_this_machine_is_offline(full: Library, opened: Open, tmp_path: Path) -> None:
    export_library(full, tmp_path / "out")
    other = opened("other")
    import_library(other, tmp_path / "out", moved={str(tmp_path / "photos"): "/nowhere/at/all"})
    with other.catalog.reading() as session:
        assert session.scalars(select(Folder.state)).one() == FolderState.OFFLINE


def test_joins_what_is_there_already(full: Library, opened: Open, folder: Path, tmp_path: Path) -> None:
    export_library(full, tmp_path / "out")
    other = opened("other")
    paint(tmp_path / "more" / "new.png", 77)
    shutil.copy(folder / "a.jpg", tmp_path / "more" / "same.jpg")
    index(other, tmp_path / "more")
    index(other, folder / "sub")
    taken = import_library(other, tmp_path / "out")
    assert taken.known_photos == 2
    with other.catalog.reading() as session:
        assert sorted(session.scalars(select(Folder.path))) == sorted([str(folder), str(tmp_path / "more")])
        same = session.scalars(select(Photo.content_id).where(Photo.path.endswith("same.jpg"))).one()
        assert session.scalars(select(Photo.content_id).where(Photo.path == str(folder / "a.jpg"))).one() == same


def test_any_tool_reads_the_vectors(full: Library, tmp_path: Path) -> None:
    export_library(full, tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "vectors" / full.encoder.fingerprint)
    stored = portrait(full).vectors
    for row in table.to_pylist():
        if row["sha256"] in stored:
            assert np.array(row["vector"], np.float16).tobytes() == stored[row["sha256"]]
    manifest = read_manifest(tmp_path / "out")
    (file,) = manifest.files_of(f"vectors/{full.encoder.fingerprint}")
    (part,) = read_parts(tmp_path / "out", file, vectors_schema(full.encoder.dim))
    assert codes_of(part).shape == (5, full.encoder.dim)


def test_thumbnails_may_stay_behind_and_are_made_again(full: Library, opened: Open, tmp_path: Path) -> None:
    export_library(full, tmp_path / "out", thumbnails=False)
    other = opened("other")
    import_library(other, tmp_path / "out")
    assert not list(other.thumbnails.folder.rglob("*.webp"))
    examine(other, repair=True)
    assert portrait(other).thumbnails == portrait(full).thumbnails


def test_an_export_appears_whole_or_not_at_all(
    full: Library, tmp_path: Path, small_disk: Callable[[str], Path]
) -> None:
    with pytest.raises(TransferError, match="exists"):
        export_library(full, tmp_path)
    disk = small_disk("16k")
    with pytest.raises(StorageError, match="cannot write"):
        export_library(full, disk / "out")
    assert list(disk.iterdir()) == []


def nothing(export: Path) -> None:
    shutil.rmtree(export)


def no_manifest(export: Path) -> None:
    (export / "manifest.json").unlink()


def edited(**changes: object) -> Callable[[Path], None]:
    def edit(export: Path) -> None:
        path = export / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


def flipped(export: Path) -> None:
    path = export / "contents" / "0.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def lost(export: Path) -> None:
    (export / "photos" / "0.parquet").unlink()


def rewritten(table: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """A table with other values and a manifest that vouches for it."""

    def rewrite(export: Path) -> None:
        path = next((export / table).rglob("*.parquet"))
        old = pq.read_table(path)
        rows = old.to_pylist()
        change(rows[0])
        pq.write_table(type(old).from_pylist(rows, old.schema), path)
        said = read_manifest(export)
        write_manifest(export, said.encoders, said.folders)

    return rewrite


@pytest.mark.parametrize(
    "spoil, reason",
    [
        (nothing, "is no export"),
        (no_manifest, "is no export"),
        (edited(version=99), "newer Sightline"),
        (edited(tables="9999"), "newer Sightline"),
        (edited(files=[{"name": "x"}]), "cannot be understood"),
        (edited(files=[{"path": "../full/c.sqlite3", "rows": 1, "sha256": ""}]), "does not lie in"),
        (flipped, "is damaged"),
        (lost, "cannot read"),
        (rewritten("vectors", lambda row: row["vector"].__setitem__(0, float("nan"))), "has length nan, not 1"),
        (rewritten("vectors", lambda row: row.update(sha256="0" * 64)), "has no content"),
        (rewritten("contents", lambda row: row.update(sha256="../../../x")), "is no SHA-256"),
        (rewritten("photos", lambda row: row.update(state="eaten")), "'eaten' is unknown"),
    ],
)
def test_an_export_that_is_not_whole_and_sound_changes_nothing(
    full: Library, opened: Open, tmp_path: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    export_library(full, tmp_path / "out")
    spoil(tmp_path / "out")
    other = opened("other")
    with pytest.raises(TransferError, match=reason) as caught:
        import_library(other, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert counts(other) == [0] * 8
    assert other.catalog.revision() == 0


def test_a_folder_that_is_not_in_the_export_is_misuse(full: Library, opened: Open, tmp_path: Path) -> None:
    export_library(full, tmp_path / "out")
    with pytest.raises(TransferError, match="/elsewhere is not in the export; its folders are"):
        import_library(opened("other"), tmp_path / "out", moved={"/elsewhere": "/x"})
