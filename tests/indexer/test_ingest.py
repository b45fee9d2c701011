import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from app.progress import summary
from indexer.catalog import Content, Folder, FolderState, Photo, PhotoKeyword, PhotoMetadata, PhotoState, Vector
from indexer.errors import BusyError, DisappearedError, StorageError
from indexer.folders import add_folder
from indexer.follow import FollowedIndex
from indexer.forget import forget_folder
from indexer.guard import SAFE_TO_LOSE
from indexer.ingest import Report, ingest
from indexer.library import Library
from indexer.settings import load_settings
from indexer.stored import STORED_DTYPE
from tests.conftest import on_both_databases, paint


def run(library: Library, root: Path, **options: object) -> Report:
    folder, start = add_folder(library.catalog, root)
    return ingest(library, folder, below=start, **options)


def photos(library: Library) -> dict[str, Photo]:
    with library.catalog.reading() as session:
        return {os.path.basename(photo.path): photo for photo in session.scalars(select(Photo))}


def count(library: Library, table: type) -> int:
    with library.catalog.reading() as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


@on_both_databases
def test_every_photo_gets_a_row_a_vector_and_a_thumbnail(library: Library, folder: Path) -> None:
    report = run(library, folder)
    assert (report.indexed, report.failed, report.total, report.done) == (5, [], 5, 5)
    with library.catalog.reading() as session:
        rows = session.execute(select(Content, Vector.data).join(Vector)).all()
    assert len(rows) == 5
    for content, data in rows:
        vector = np.frombuffer(data, STORED_DTYPE).astype(np.float32)
        assert vector.shape == (library.encoder.dim,)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-2)
        assert library.thumbnails.path(content.sha256).is_file()
        assert (content.width, content.height) == (96, 64)


def test_stored_vectors_are_those_of_the_encoder(library: Library, folder: Path) -> None:
    run(library, folder)
    with library.catalog.reading() as session:
        query = select(Vector.data).join(Photo, Photo.content_id == Vector.content_id)
        data = session.execute(query.where(Photo.path == str(folder / "b.png"))).scalar_one()
    stored = np.frombuffer(data, STORED_DTYPE).astype(np.float32)
    assert stored @ library.encoder.encode_images([folder / "b.png"])[0] > 0.999


@on_both_databases
def test_a_second_run_does_nothing(library: Library, folder: Path) -> None:
    run(library, folder)
    revision = count(library, Vector)
    report = run(library, folder)
    assert report.nothing_to_do
    assert report.unchanged == 5
    assert count(library, Vector) == revision


@on_both_databases
def test_moving_and_renaming_costs_no_encoding_and_keeps_the_id(library: Library, folder: Path) -> None:
    run(library, folder)
    before = photos(library)["a.jpg"].id
    (folder / "2019").mkdir()
    (folder / "a.jpg").rename(folder / "2019" / "sea.jpg")
    report = run(library, folder)
    assert (report.indexed, report.moved, report.missing) == (0, 1, 0)
    assert photos(library)["sea.jpg"].id == before
    assert "a.jpg" not in photos(library)


def test_a_copy_shares_its_content(library: Library, folder: Path) -> None:
    run(library, folder)
    shutil.copy(folder / "a.jpg", folder / "copy.jpg")
    report = run(library, folder)
    assert (report.indexed, report.known) == (0, 1)
    rows = photos(library)
    assert rows["copy.jpg"].content_id == rows["a.jpg"].content_id
    assert FollowedIndex(library).catch_up() == 5


@on_both_databases
def test_a_changed_file_is_encoded_again(library: Library, folder: Path) -> None:
    run(library, folder)
    old = photos(library)["a.jpg"].content_id
    index = FollowedIndex(library)
    paint(folder / "a.jpg", 50)
    os.utime(folder / "a.jpg", ns=(5, 5))
    assert run(library, folder).indexed == 1
    new = photos(library)["a.jpg"].content_id
    assert new != old
    vector = library.encoder.encode_images([folder / "a.jpg"])[0]
    found = index.search(vector, 5)[1].tolist()
    assert found[0] == new
    assert old not in found


@on_both_databases
def test_a_deleted_file_is_missing_and_not_found_and_comes_back(library: Library, folder: Path) -> None:
    run(library, folder)
    index = FollowedIndex(library)
    kept = (folder / "a.jpg").rename(folder.parent / "a.jpg")
    status = kept.stat()
    assert run(library, folder).missing == 1
    assert photos(library)["a.jpg"].state == PhotoState.MISSING
    assert index.catch_up() == 4
    kept.rename(folder / "a.jpg")
    os.utime(folder / "a.jpg", ns=(status.st_atime_ns, status.st_mtime_ns))
    report = run(library, folder)
    assert (report.returned, report.indexed) == (1, 0)
    assert index.catch_up() == 5


@on_both_databases
def test_unreadable_files_are_rows_with_reasons_and_the_run_goes_on(library: Library, folder: Path) -> None:
    (folder / "letter.jpg").write_text("Dear photo,")
    (folder / "empty.png").touch()
    (folder / "cut.jpg").write_bytes((folder / "a.jpg").read_bytes()[:300])
    report = run(library, folder)
    assert report.indexed == 5
    assert {os.path.basename(path): reason for path, reason in report.failed} == {
        "letter.jpg": "not a picture, or a format that is not supported",
        "empty.png": "empty file",
        "cut.jpg": photos(library)["cut.jpg"].error,
    }
    assert photos(library)["empty.png"].error == "empty file"


def test_a_failed_file_is_tried_again_only_when_it_changes_or_when_asked(library: Library, folder: Path) -> None:
    (folder / "letter.jpg").write_text("Dear photo,")
    run(library, folder)
    assert run(library, folder).nothing_to_do
    assert len(run(library, folder, retry_failed=True).failed) == 1
    paint(folder / "letter.jpg", 60)
    report = run(library, folder)
    assert (report.indexed, report.failed) == (1, [])
    assert photos(library)["letter.jpg"].error is None


def test_a_photo_that_becomes_unreadable_is_not_found_any_more(library: Library, folder: Path) -> None:
    run(library, folder)
    index = FollowedIndex(library)
    (folder / "a.jpg").write_bytes(b"")
    assert len(run(library, folder).failed) == 1
    assert index.catch_up() == 4


@on_both_databases
def test_an_unplugged_folder_keeps_its_photos(library: Library, folder: Path) -> None:
    run(library, folder)
    with library.catalog.reading() as session:
        row = session.scalars(select(Folder)).one()
    folder.rename(folder.parent / "unplugged")
    for state in ("absent", "empty"):
        if state == "empty":
            folder.mkdir()
        assert ingest(library, row).offline
        assert run(library, folder).offline
        with library.catalog.reading() as session:
            assert session.scalars(select(Folder)).one().state == FolderState.OFFLINE
        assert FollowedIndex(library).catch_up() == 5
    folder.rmdir()
    (folder.parent / "unplugged").rename(folder)
    assert run(library, folder).unchanged == 5
    with library.catalog.reading() as session:
        assert session.scalars(select(Folder)).one().state == FolderState.ONLINE


def test_an_emptied_folder_can_be_confirmed(library: Library, folder: Path) -> None:
    run(library, folder)
    shutil.rmtree(folder)
    folder.mkdir()
    assert run(library, folder, accept_missing=True).missing == 5
    assert FollowedIndex(library).catch_up() == 0


def test_a_mass_disappearance_changes_nothing_until_confirmed(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "many"
    for i in range(SAFE_TO_LOSE + 20):
        paint(root / f"{i}.png", i, size=(12, 8))
    run(library, root)
    for i in range(SAFE_TO_LOSE + 1):
        (root / f"{i}.png").unlink()
    with pytest.raises(DisappearedError, match="51 of the 70 photos"):
        run(library, root)
    assert all(photo.state == PhotoState.PRESENT for photo in photos(library).values())
    assert run(library, root, accept_missing=True).missing == SAFE_TO_LOSE + 1


def test_most_of_a_folder_moved_inside_it_is_no_catastrophe(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "many"
    for i in range(SAFE_TO_LOSE + 20):
        paint(root / "2019" / f"{i}.png", i, size=(12, 8))
    run(library, root)
    (root / "old").mkdir()
    (root / "2019").rename(root / "old" / "2019")
    report = run(library, root)
    assert (report.moved, report.missing, report.indexed) == (70, 0, 0)


def test_a_folder_that_cannot_be_listed_loses_nothing(library: Library, folder: Path) -> None:
    run(library, folder)
    (folder / "sub").rename(folder.parent / "kept")
    (folder / "sub").symlink_to(folder / "sub")  # a name that can only fail to be listed, even for root
    with library.catalog.reading() as session:
        row = session.scalars(select(Folder)).one()
    report = ingest(library, row)
    assert report.missing == 2, "a link is not a folder: what was below it is gone, and comes back"
    (folder / "sub").unlink()
    (folder.parent / "kept").rename(folder / "sub")
    assert ingest(library, row).returned == 2


@on_both_databases
def test_a_second_run_at_the_same_time_is_refused(library: Library, folder: Path) -> None:
    other = Library(library.settings)
    seen: list[Exception] = []

    def meanwhile(report: Report) -> None:
        if not seen:
            with pytest.raises(BusyError, match="another run") as caught:
                run(other, folder)
            seen.append(caught.value)

    assert run(library, folder, progress=meanwhile).indexed == 5
    assert seen
    other.close()


@on_both_databases
def test_a_parent_folder_takes_over_and_a_subfolder_joins(library: Library, folder: Path) -> None:
    run(library, folder / "sub")
    report = run(library, folder)
    assert (report.indexed, report.unchanged) == (3, 2)
    with library.catalog.reading() as session:
        assert [f.path for f in session.scalars(select(Folder))] == [str(folder)]
    assert run(library, folder / "sub" / "deep").unchanged == 1


@on_both_databases
def test_forgetting_a_folder_leaves_its_files_and_remembers_its_vectors(library: Library, folder: Path) -> None:
    run(library, folder)
    index = FollowedIndex(library)
    row, _ = add_folder(library.catalog, folder)
    assert forget_folder(library.catalog, row) == 5
    assert index.catch_up() == 0
    assert (folder / "a.jpg").is_file()
    report = run(library, folder)
    assert (report.indexed, report.known) == (0, 5)


@on_both_databases
def test_names_that_are_no_unicode_are_indexed(library: Library, folder: Path) -> None:
    strange = os.fsencode(folder) + b"/caf\xe9.png"
    shutil.copy(folder / "b.png", os.fsdecode(strange))
    assert run(library, folder).done == 6
    assert run(library, folder).unchanged == 6


def test_a_report_counts_all_failures_and_holds_the_first(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.ingest._FAILURES_TOLD", 3)
    for i in range(7):
        (folder / f"broken{i}.jpg").write_bytes(b"no picture")
    report = run(library, folder)
    assert (report.indexed, report.failures, len(report.failed)) == (5, 7, 3)
    assert "7 unreadable" in summary(report, 1) and "and 4 more; all of them" in summary(report, 1)
    assert len([photo for photo in photos(library).values() if photo.error]) == 7


def test_a_full_disk_stops_with_one_line_and_loses_nothing(
    small_disk: Callable[[str], Path], tmp_path: Path, own_home: Path
) -> None:
    root = tmp_path / "photos"
    for i in range(60):
        paint(root / f"{i:02}.png", i)
    disk = small_disk("1m")
    library = Library(load_settings(home=disk, batch_size=4))
    with pytest.raises(StorageError) as caught:
        run(library, root)
    assert "\n" not in str(caught.value)
    kept = count(library, Vector)
    assert 0 < kept < 60
    library.close()

    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    library = Library(load_settings(home=disk, batch_size=4))
    report = run(library, root)
    assert report.indexed == 60 - kept, "what was committed before the disk was full is not done again"
    assert FollowedIndex(library).catch_up() == 60
    library.close()


def test_a_read_only_home_is_said_in_one_line(small_disk: Callable[[str], Path], folder: Path) -> None:
    disk = small_disk("8m")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(StorageError) as caught:
        Library(load_settings(home=disk / "library"))
    assert "\n" not in str(caught.value)


def test_photos_on_a_read_only_disk_are_indexed(
    small_disk: Callable[[str], Path], library: Library, folder: Path
) -> None:
    disk = small_disk("8m")
    shutil.copytree(folder, disk / "photos")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert run(library, disk / "photos").indexed == 5


@pytest.mark.parametrize("number", [pytest.param(signal.SIGKILL, marks=pytest.mark.slow), signal.SIGINT])
def test_whatever_interrupts_it_the_next_run_completes_it(own_home: Path, tmp_path: Path, number: int) -> None:
    root = tmp_path / "photos"
    for i in range(120):
        paint(root / f"{i:03}.png", i)
    environment = os.environ | {"SIGHTLINE_BATCH_SIZE": "4", "SIGHTLINE_DECODE_WORKERS": "2"}
    command = [sys.executable, "-m", "app.cli", "index", str(root)]
    database = own_home / "catalog.sqlite3"
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if database.exists() and _committed(database) >= 12:
            break
        time.sleep(0.02)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    if number == signal.SIGINT:
        assert "stopped" in errors
        assert "Traceback" not in errors
    kept = _committed(database)
    assert 12 <= kept < 120

    library = Library(load_settings())
    report = run(library, root)
    assert (report.indexed, report.unchanged) == (120 - kept, kept)
    assert FollowedIndex(library).catch_up() == count(library, Vector) == 120
    library.close()


def _committed(database: Path) -> int:
    import sqlite3

    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM vector").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


@on_both_databases
def test_a_keyword_as_long_as_a_letter_stops_nothing(library: Library, folder: Path) -> None:
    rng = np.random.default_rng(0)
    word = "".join(chr(code) for code in rng.integers(0x4E00, 0x9FA0, 4_000))  # three bytes each, and no two alike
    described = f'''<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
tiff:Model="{word}"><dc:subject><rdf:Bag><rdf:li>{word}</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta>'''
    (folder / "a.xmp").write_text(described, "utf-8")
    assert run(library, folder).indexed == 5
    with library.catalog.reading() as session:
        assert session.scalars(select(PhotoKeyword.keyword)).one() == word[:500]
        assert (
            session.scalars(select(PhotoMetadata.camera).where(PhotoMetadata.camera.is_not(None))).one() == word[:500]
        )
