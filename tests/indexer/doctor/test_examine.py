"""Each kind of problem, by really breaking a library of five pictures."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, text, update

from indexer.catalog import Clock, Content, EncoderRecord, Folder, FolderState, Frame, FrameVector, Photo, Vector
from indexer.doctor.check import Diagnosis
from indexer.doctor.examine import CHECKS, examine
from indexer.folders import add_folder
from indexer.follow import FollowedIndex
from indexer.ingest import ingest
from indexer.library import Library
from indexer.settings import load_settings
from indexer.stored import STORED_DTYPE
from tests.conftest import on_both_databases, paint
from tests.faults.compare import differences, portrait

Break = Callable[[Library, Path], None]


def index(library: Library, folder: Path) -> None:
    ingest(library, add_folder(library.catalog, folder)[0])


def by_kind(diagnoses: list[Diagnosis]) -> dict[str, Diagnosis]:
    return {diagnosis.kind: diagnosis for diagnosis in diagnoses}


def change(library: Library, *statements: object) -> None:
    with library.catalog.writing() as (session, _):
        for statement in statements:
            session.execute(statement)  # type: ignore[call-overload]


def thumbnails(library: Library) -> list[Path]:
    return sorted(library.thumbnails.folder.rglob("*.webp"))


def write_snapshot(library: Library) -> Path:
    FollowedIndex(library).settle()
    (path,) = library.settings.vectors_folder.glob("*.vectors")
    return path


@pytest.fixture(autouse=True)
def every_change_is_worth_a_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.vectors.faiss_index._WORTH_A_SNAPSHOT", 1)


def damage_pages(library: Library, folder: Path) -> None:
    """Overwrites the middle of a page of the vectors' index."""
    library.catalog.close()
    path = library.settings.data_folder / "catalog.sqlite3"
    with library.catalog.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        page = connection.execute(
            text("SELECT rootpage FROM sqlite_master WHERE name = 'ix_vector_encoder_content'")
        ).scalar_one()
        size = connection.execute(text("PRAGMA page_size")).scalar_one()
    library.catalog.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size + size - 12)
        file.write(b"\x7f" * 12)


def break_a_reference(library: Library, folder: Path) -> None:
    raw = library.catalog.engine.raw_connection()
    raw.cursor().execute("PRAGMA foreign_keys=OFF")
    raw.cursor().execute("DELETE FROM content WHERE id = 1")
    raw.close()
    library.catalog.close()


def put_back_the_clock(library: Library, folder: Path) -> None:
    with library.catalog.engine.begin() as connection:
        connection.execute(update(Clock).values(revision=1))


def forget_an_outcome(library: Library, folder: Path) -> None:
    change(library, update(Photo).where(Photo.path == str(folder / "a.jpg")).values(content_id=None))


def misplace(library: Library, folder: Path) -> None:
    change(library, update(Photo).where(Photo.path == str(folder / "a.jpg")).values(path="/elsewhere/a.jpg"))


def spoil_vectors(library: Library, folder: Path) -> None:
    dim = library.encoder.dim
    for content_id, data in (
        (1, b"\0" * 4),
        (2, np.full(dim, np.nan, STORED_DTYPE).tobytes()),
        (3, np.full(dim, 3, STORED_DTYPE).tobytes()),
    ):
        change(library, update(Vector).where(Vector.content_id == content_id).values(data=data))


def spoil_a_frame(library: Library, folder: Path) -> None:
    with library.catalog.writing() as (session, _):
        frame = Frame(content_id=1, time_s=1.5)
        session.add(frame)
        session.flush()
        session.add(FrameVector(frame_id=frame.id, encoder_id=library.encoder_id, data=b"\0\0"))


def flip_a_snapshot(library: Library, folder: Path) -> None:
    path = write_snapshot(library)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def restore_an_old_copy(library: Library, folder: Path) -> None:
    """What putting back a backup and going on does: a snapshot of a future that never came."""
    write_snapshot(library)
    change(library, delete(Photo).where(Photo.content_id == 2), update(Clock).values(revision=Clock.revision + 50))


def lose_a_vector(library: Library, folder: Path) -> None:
    change(library, delete(Vector).where(Vector.content_id == 2))


def lose_a_thumbnail(library: Library, folder: Path) -> None:
    thumbnails(library)[0].unlink()


def cut_thumbnails(library: Library, folder: Path) -> None:
    first, second, third, *_ = thumbnails(library)
    first.write_bytes(first.read_bytes()[:-20])
    second.write_bytes(b"")
    third.write_bytes(b"GIF89a" + bytes(100))


def leave_things_behind(library: Library, folder: Path) -> None:
    library.thumbnails.write("ab" * 32, b"of nothing")
    os.utime(library.thumbnails.path("ab" * 32), (0, 0))
    part = library.thumbnails.folder / "ab" / "x.part"
    part.write_bytes(b"half")
    os.utime(part, (0, 0))


def unplug(library: Library, folder: Path) -> None:
    folder.rename(folder.parent / "away")


def change_a_folder(library: Library, folder: Path) -> None:
    paint(folder / "new.png", 99)
    (folder / "a.jpg").unlink()


def add_a_letter(library: Library, folder: Path) -> None:
    (folder / "letter.jpg").write_text("Dear photo,")
    index(library, folder)


BREAKS: dict[str, Break] = {
    "catalog-damaged": damage_pages,
    "reference-broken": break_a_reference,
    "clock-behind": put_back_the_clock,
    "photo-undecided": forget_an_outcome,
    "photo-outside": misplace,
    "vector-damaged": spoil_vectors,
    "frame-damaged": spoil_a_frame,
    "snapshot-bad": flip_a_snapshot,
    "vector-missing": lose_a_vector,
    "thumbnail-missing": lose_a_thumbnail,
    "thumbnail-damaged": cut_thumbnails,
    "thumbnail-orphaned": leave_things_behind,
    "folder-closed": lambda library, folder: (folder / "sub").chmod(0),
    "file-closed": lambda library, folder: (folder / "a.jpg").chmod(0),
    "folder-offline": unplug,
    "folder-changed": change_a_folder,
    "file-failed": add_a_letter,
}
TESTED_APART = {"disk-read-only", "disk-full", "catalog-on-network"}


def test_every_check_has_a_library_that_it_finds_broken() -> None:
    assert BREAKS.keys() | TESTED_APART == {check.kind for check in CHECKS}


@on_both_databases
def test_a_healthy_library_has_nothing_to_say(library: Library, folder: Path) -> None:
    assert examine(library) == [], "before anything is indexed"
    index(library, folder)
    write_snapshot(library)
    assert examine(library) == []


@pytest.mark.parametrize("kind", BREAKS)
def test_finds_and_repairs(library: Library, folder: Path, kind: str, rights_bind: None) -> None:
    index(library, folder)
    BREAKS[kind](library, folder)
    found = by_kind(examine(library))
    assert found[kind].findings
    if not found[kind].repairable:
        return
    repaired = by_kind(examine(library, repair=True))[kind]
    assert repaired.repaired and not repaired.unwell
    index(library, folder)
    anew = Library(load_settings(home=library.settings.data_folder / "anew", encoder=library.settings.encoder))
    anew.encoder = library.encoder
    index(anew, folder)
    assert differences(portrait(library), portrait(anew)) == []
    assert by_kind(examine(library)).keys() <= {"thumbnail-orphaned"}, "of contents that repair left without a photo"
    anew.close()


def test_thumbnails_of_a_run_under_way_are_no_findings(library: Library, folder: Path) -> None:
    index(library, folder)
    library.thumbnails.write("ab" * 32, b"of what is committed in a moment")
    assert "thumbnail-orphaned" not in by_kind(examine(library))


def test_pages_that_cannot_be_read_stop_no_other_check(library: Library, folder: Path) -> None:
    index(library, folder)
    with library.catalog.engine.begin() as connection:
        connection.execute(text("DROP TABLE frame_vector"))
    lose_a_thumbnail(library, folder)
    found = by_kind(examine(library))
    assert "no such table" in found["frame-damaged"].findings[0].detail
    assert found["thumbnail-missing"].findings


def test_a_snapshot_of_a_future_that_never_came_is_found(library: Library, folder: Path) -> None:
    index(library, folder)
    restore_an_old_copy(library, folder)
    found = by_kind(examine(library))["snapshot-bad"]
    assert "1 pictures too many" in found.findings[0].detail
    examine(library, repair=True)
    assert FollowedIndex(library).catch_up() == 4


def test_a_thumbnail_whose_photo_is_gone_stays_a_problem(library: Library, folder: Path) -> None:
    index(library, folder)
    for path in thumbnails(library):
        path.unlink()
    unplug(library, folder)
    found = by_kind(examine(library, repair=True))["thumbnail-missing"]
    assert (len(found.findings), found.unwell) == (5, True)


def test_little_room_and_a_folder_that_cannot_be_written_are_said(
    small_disk: Callable[[str], Path], folder: Path, tiny_encoders: tuple[str, str]
) -> None:
    disk = small_disk("8m")
    library = Library(load_settings(home=disk, encoder=tiny_encoders[0]))
    index(library, folder)
    closed = small_disk("8m")
    subprocess.run(["mount", "-o", "remount,ro", str(closed)], check=True)
    library.settings.vectors_folder.symlink_to(closed)
    found = by_kind(examine(library))
    assert found["disk-full"].unwell
    assert found["disk-read-only"].findings[0].subject == str(disk / "vectors")
    library.close()


def test_unplugged_folders_and_failed_files_are_no_illness(library: Library, folder: Path) -> None:
    (folder / "letter.jpg").write_text("Dear photo,")
    index(library, folder)
    unplug(library, folder)
    change(library, update(Folder).values(state=FolderState.OFFLINE))
    diagnoses = examine(library)
    assert {diagnosis.kind for diagnosis in diagnoses} == {"folder-offline", "file-failed"}
    assert not any(diagnosis.unwell for diagnosis in diagnoses)


def test_vectors_of_an_older_encoder_are_judged_by_its_own_size(library: Library, folder: Path) -> None:
    index(library, folder)
    with library.catalog.writing() as (session, _):
        old = EncoderRecord(fingerprint="old", name="old", dim=4)
        session.add(old)
        session.flush()
        session.add(Vector(content_id=1, encoder_id=old.id, data=np.full(4, 0.5, STORED_DTYPE).tobytes()))
        session.add(Content(sha256="f" * 64, size=1, width=1, height=1, format="PNG", revision=1))
    assert examine(library) == []
