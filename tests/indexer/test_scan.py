import contextlib
import os
import random
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from indexer.catalog import Folder, Photo, PhotoState
from indexer.columns import stored_text
from indexer.errors import CatalogError, FolderError
from indexer.excludes import IGNORE_FILE, Excludes
from indexer.folders import add_folder
from indexer.follow import FollowedIndex
from indexer.ingest import Report, ingest
from indexer.library import Library
from indexer.scan import Changes, Rules, find_changes
from indexer.settings import load_settings
from indexer.spool import Spool
from indexer.walk import is_empty_or_absent, walk
from tests.conftest import paint


def names(root: Path, *patterns: str) -> set[str]:
    excludes = Excludes.of(str(root), patterns)
    if (root / IGNORE_FILE).exists():
        excludes = excludes.entering(str(root))
    return {os.path.relpath(found.path, root) for found in walk(str(root), excludes, {})}


def changes(library: Library, folder: Folder, *below: Path, **rules: object) -> Changes:
    with library.catalog.reading() as session:
        return find_changes(session, folder, library.encoder_id, below, Rules(**rules))


def run(library: Library, root: Path, **options: object) -> Report:
    folder, start = add_folder(library.catalog, root)
    return ingest(library, folder, below=start, **options)


def photos(library: Library) -> dict[str, Photo]:
    with library.catalog.reading() as session:
        return {photo.path: photo for photo in session.scalars(select(Photo))}


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """As a user whom permissions bind; root's tests would prove nothing."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


EVERYTHING = {"a.jpg", "b.png", "c.webp", "sub/d.jpg", "sub/deep/e.png"}


def test_finds_photos_by_extension_whatever_its_case(folder: Path) -> None:
    paint(folder / "LOUD.JPG", 9)
    for name in ("notes.txt", "jpg", ".jpg"):
        (folder / name).write_text("not a photo")
    assert names(folder) == EVERYTHING | {"LOUD.JPG"}


def test_leaves_out_hidden_and_system_folders_and_files(folder: Path) -> None:
    for name in (".hidden/x.jpg", ".git/x.jpg", "@eaDir/x.jpg", "node_modules/x.jpg", "._a.jpg", "#recycle/x.jpg"):
        paint(folder / name, 7)
    paint(folder / "SYSTEM VOLUME INFORMATION" / "x.jpg", 7)
    assert names(folder) == EVERYTHING


@pytest.mark.parametrize(
    ("patterns", "left_out"),
    [
        (["*.png"], {"b.png", "sub/deep/e.png"}),
        (["sub/"], {"sub/d.jpg", "sub/deep/e.png"}),
        (["/b.png"], {"b.png"}),
        (["sub/**/*.png"], {"sub/deep/e.png"}),
        (["*.png", "!b.png"], {"sub/deep/e.png"}),
        (["# a comment", "", "a.*"], {"a.jpg"}),
    ],
)
def test_leaves_out_what_gitignores_patterns_say(folder: Path, patterns: list[str], left_out: set[str]) -> None:
    assert names(folder, *patterns) == EVERYTHING - left_out
    (folder / IGNORE_FILE).write_text("\n".join(patterns))
    assert names(folder) == EVERYTHING - left_out


def test_a_pattern_takes_a_hidden_folder_in_again(folder: Path) -> None:
    paint(folder / ".film" / "x.jpg", 7)
    assert names(folder, "!.film/") == EVERYTHING | {".film/x.jpg"}


def test_an_ignore_file_speaks_of_its_own_folder_and_wins_over_those_above(folder: Path) -> None:
    (folder / IGNORE_FILE).write_text("*.png")
    (folder / "sub" / IGNORE_FILE).write_text("!e.png\n/d.jpg")
    assert names(folder) == {"a.jpg", "c.webp", "sub/deep/e.png"}


def test_a_line_that_is_no_pattern_is_said_and_the_others_hold(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / IGNORE_FILE).write_text("!\n*.png")
    assert names(folder) == {"a.jpg", "c.webp", "sub/d.jpg"}
    assert "line 1 is no pattern: !" in caplog.text


def test_a_pattern_typed_on_one_system_fits_a_name_written_on_another(folder: Path) -> None:
    paint(folder / unicodedata.normalize("NFD", "café") / "x.jpg", 7)
    assert names(folder, unicodedata.normalize("NFC", "café/")) == EVERYTHING


def test_photos_that_become_excluded_leave_the_results_and_come_back(library: Library, folder: Path) -> None:
    run(library, folder)
    index = FollowedIndex(library)
    add_folder(library.catalog, folder, ["sub/"])
    report = run(library, folder)
    assert (report.excluded, report.missing) == (2, 0)
    assert index.catch_up() == 3
    assert photos(library)[str(folder / "sub" / "d.jpg")].state == PhotoState.EXCLUDED
    assert run(library, folder).nothing_to_do
    add_folder(library.catalog, folder, [""])
    report = run(library, folder)
    assert (report.returned, report.indexed) == (2, 0)
    assert index.catch_up() == 5


def test_an_ignore_file_in_a_folder_and_the_setting_take_photos_out(library: Library, folder: Path) -> None:
    run(library, folder)
    (folder / "sub" / IGNORE_FILE).write_text("deep/\n")
    assert run(library, folder).excluded == 1
    assert run(library, folder / "sub" / "deep").nothing_to_do, "asked for by itself it is left out all the same"
    other = Library(load_settings(exclude=["*.webp"]))
    assert run(other, folder).excluded == 1
    other.close()


def test_leaving_out_most_of_a_folder_is_no_catastrophe(library: Library, tmp_path: Path) -> None:
    for i in range(60):
        paint(tmp_path / "many" / "in" / f"{i}.png", i, size=(12, 8))
    run(library, tmp_path / "many")
    (tmp_path / "many" / IGNORE_FILE).write_text("in/")
    assert run(library, tmp_path / "many").excluded == 60


def test_does_not_run_in_circles_through_links(folder: Path) -> None:
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "nowhere.jpg").symlink_to(folder / "missing.jpg")
    (folder / "round.jpg").symlink_to(folder / "round.jpg")
    assert names(folder) == EVERYTHING


def test_a_link_to_a_photo_and_a_hard_link_are_copies(library: Library, folder: Path) -> None:
    os.link(folder / "a.jpg", folder / "hard.jpg")
    (folder / "soft.jpg").symlink_to(folder / "a.jpg")
    assert run(library, folder).done == 7
    rows = photos(library)
    assert len({rows[str(folder / name)].content_id for name in ("a.jpg", "hard.jpg", "soft.jpg")}) == 1
    (folder / "a.jpg").unlink()
    report = run(library, folder)
    assert report.missing == 2, "the photo, and the link that leads to nothing now"
    assert FollowedIndex(library).catch_up() == 5


def test_a_renaming_of_case_alone_keeps_the_photo(library: Library, folder: Path) -> None:
    run(library, folder)
    before = photos(library)[str(folder / "a.jpg")].id
    (folder / "a.jpg").rename(folder / "A.JPG")
    report = run(library, folder)
    assert (report.moved, report.missing, report.indexed) == (1, 0, 0)
    assert photos(library)[str(folder / "A.JPG")].id == before
    assert str(folder / "a.jpg") not in photos(library)


def test_names_that_look_alike_are_two_files_and_a_change_of_form_is_a_move(library: Library, folder: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "café.png") for form in ("NFC", "NFD"))
    paint(folder / composed, 40)
    paint(folder / decomposed, 41)
    assert run(library, folder).indexed == 7
    assert run(library, folder).unchanged == 7
    (folder / decomposed).unlink()
    run(library, folder)
    before = photos(library)[str(folder / composed)].id
    (folder / composed).rename(folder / decomposed)
    report = run(library, folder)
    assert (report.indexed, report.missing) == (0, 1)
    assert photos(library)[str(folder / composed)].id == before


def test_a_folder_by_another_name_is_the_same_folder(library: Library, folder: Path) -> None:
    run(library, folder)
    (folder.parent / "link").symlink_to(folder)
    indexed, start = add_folder(library.catalog, folder.parent / "link" / "sub")
    assert (indexed.path, start) == (str(folder), folder / "sub")
    assert run(library, folder.parent / "link").unchanged == 5


def test_very_long_paths(library: Library, folder: Path) -> None:
    deep = folder
    while len(str(deep)) + 260 < 4000:
        deep = deep / ("x" * 250)
    paint(deep / "far.png", 33)
    report = run(library, folder)
    assert (report.indexed, report.unreadable) == (6, {})
    at = os.open(deep, os.O_RDONLY)
    try:  # deeper than any path can say
        os.mkdir("y" * 250, dir_fd=at)
        inner = os.open("y" * 250, os.O_RDONLY, dir_fd=at)
        os.mkdir("z" * 250, dir_fd=inner)
        os.close(inner)
        report = run(library, folder)
    finally:
        shutil.rmtree("y" * 250, dir_fd=at)
        os.close(at)
    assert report.unchanged == 6
    assert list(report.unreadable.values()) == ["File name too long"]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_path_too_long_for_postgresql_is_said_and_stops_nothing(library: Library, folder: Path) -> None:
    chance = random.Random(1)  # nothing that its index could compress
    deep = folder
    while len(str(deep)) < 2_800:
        deep = deep / f"{chance.getrandbits(960):0240x}"
    paint(deep / "far.png", 33)
    report = run(library, folder)
    assert report.indexed == 5
    [(path, reason)] = report.unreadable.items()
    assert path == str(deep / "far.png") and "PostgreSQL's index takes 2,600" in reason


def test_what_may_not_be_listed_is_said_and_keeps_its_photos(library: Library, folder: Path) -> None:
    indexed, _ = add_folder(library.catalog, folder)
    ingest(library, indexed)
    for above in (folder, *folder.parents[:-1]):
        above.chmod(above.stat().st_mode | 0o055)
    for mode, reason in ((0o300, "sub"), (0o600, "sub/d.jpg")):  # no list, no look
        (folder / "sub").chmod(mode)
        os.chown(folder / "sub", 65534, 65534) if os.geteuid() == 0 else None
        with library.catalog.reading() as session:
            encoder_id = library.encoder_id
            session.execute(select(Photo)).all()
            with as_nobody():
                found = find_changes(session, indexed, encoder_id)
        assert str(folder / reason) in found.unreadable
        assert "denied" in found.unreadable[str(folder / reason)]
        assert len(found.missing) == 0
    (folder / "sub").chmod(0o755)


def test_a_fault_while_rows_are_read_is_the_catalogs(library: Library, folder: Path) -> None:
    if library.catalog.engine.dialect.name != "sqlite":
        pytest.skip("the others' rows come through SQLAlchemy")
    indexed, _ = add_folder(library.catalog, folder)
    row = {"folder_id": indexed.id, "size": 1, "mtime_ns": 1, "state": PhotoState.PRESENT}
    with library.catalog.writing() as (session, _):
        session.execute(
            insert(Photo), [row | {"path": f"{folder}/{i:05}.jpg", "error": "broken"} for i in range(5_000)]
        )
    with pytest.raises(CatalogError, match="interrupted"), library.catalog.reading() as session:
        driver = session.connection().connection.driver_connection
        driver.set_progress_handler(lambda: 1, 20_000)  # instructions of SQLite's, which is then told to stop
        try:
            find_changes(session, indexed, None)
        finally:
            driver.set_progress_handler(None, 0)


def test_says_what_is_new_changed_and_gone(library: Library, folder: Path) -> None:
    indexed, _ = add_folder(library.catalog, folder)
    assert len(changes(library, indexed).to_read) == 5
    ingest(library, indexed)
    assert changes(library, indexed).nothing_to_do

    paint(folder / "a.jpg", 20)
    os.utime(folder / "a.jpg", ns=(1, 1))
    paint(folder / "new.png", 21)
    (folder / "b.png").unlink()
    found = changes(library, indexed)
    assert {os.path.basename(f.path) for f in found.to_read} == {"a.jpg", "new.png"}
    assert [photo.path for photo in found.missing] == [str(folder / "b.png")]
    assert found.unchanged == 3


def test_the_side_car_of_what_is_no_picture_is_not_read_at_every_pass(library: Library, folder: Path) -> None:
    (folder / "bad.jpg").write_bytes(b"no picture")
    (folder / "bad.xmp").write_text("<x/>")
    row, _ = add_folder(library.catalog, folder)
    assert ingest(library, row).failures == 1
    assert ingest(library, row).nothing_to_do


def test_looks_only_below_the_subfolders_asked_for(library: Library, folder: Path) -> None:
    indexed, _ = add_folder(library.catalog, folder)
    found = changes(library, indexed, folder / "sub")
    assert {os.path.basename(f.path) for f in found.to_read} == {"d.jpg", "e.png"}
    ingest(library, indexed)
    paint(folder / "other" / "x.png", 8)
    (folder / "a.jpg").unlink()
    found = changes(library, indexed, folder / "sub", folder / "other")
    assert (len(found.to_read), len(found.missing), found.unchanged) == (1, 0, 2)
    with pytest.raises(FolderError, match="not inside"):
        changes(library, indexed, folder.parent)


def test_a_sibling_with_the_same_beginning_is_not_below(library: Library, folder: Path) -> None:
    paint(folder / "sub2" / "x.jpg", 30)
    indexed, _ = add_folder(library.catalog, folder)
    ingest(library, indexed)
    (folder / "sub2" / "x.jpg").unlink()
    assert changes(library, indexed, folder / "sub").nothing_to_do


def test_the_walk_has_the_catalogs_order_whatever_the_names(library: Library, tmp_path: Path) -> None:
    root = os.fsencode(tmp_path / "odd")
    odd = [b"a.jpg", b"a/b.jpg", b"a-b/c.jpg", b"a.b/c.jpg", b"a0.jpg", "ä.jpg".encode(), b"\xe4.jpg", b"\xff/z.jpg"]
    odd += ["\uffee.jpg".encode(), "\U0001f600.jpg".encode(), "\U0001f600/x.jpg".encode(), b"Z.jpg", b" .jpg"]
    picture = paint(tmp_path / "one.jpg", 1).read_bytes()
    for name in odd:
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(picture)
    found = [stored_text(file.path) for file in walk(os.fsdecode(root), Excludes(), {})]
    assert found == sorted(found)
    assert len(found) == len(odd)
    run(library, Path(os.fsdecode(root)))
    assert run(library, Path(os.fsdecode(root))).unchanged == len(odd)


def test_an_empty_or_absent_root_looks_unplugged(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert is_empty_or_absent(tmp_path / "empty")
    assert is_empty_or_absent(tmp_path / "absent")
    (tmp_path / "empty" / "x").touch()
    assert not is_empty_or_absent(tmp_path / "empty")


def test_a_disk_inside_the_folder_that_is_unplugged_keeps_its_photos(
    small_disk: Callable[[str], Path], library: Library
) -> None:
    disk = small_disk("8m")
    root = disk.parent
    paint(root / "here.png", 1)
    paint(disk / "there.png", 2)
    assert run(library, root).indexed == 2
    os.system(f"umount {disk}")
    report = run(library, root)
    assert (report.missing, report.unchanged) == (0, 1)
    assert report.unreadable == {str(disk): "not mounted"}
    assert run(library, root).unreadable == {str(disk): "not mounted"}, "it is remembered until it returns"
    assert run(library, root, accept_missing=True).missing == 1
    assert run(library, root).nothing_to_do
    os.system(f"mount -t tmpfs tmpfs {disk}")


def test_a_long_list_of_work_lies_on_disk_and_is_read_in_order() -> None:
    spool: Spool[int] = Spool()
    for i in range(12_500):
        spool.append(i)
    assert list(spool) == list(range(12_500))
    for i in range(12_500, 14_200):
        spool.append(i)
    assert len(spool) == 14_200
    assert list(zip(spool, spool, strict=True))[-1] == (14_199, 14_199)


def test_files_and_folders_come_in_the_order_of_the_catalog(tmp_path: Path) -> None:
    raw = os.fsdecode(b"caf\xe9.jpg")
    for name in (
        "sub!.jpg",
        "sub.jpg",
        "sub/x.jpg",
        "sub/y/z.jpg",
        "sub0.jpg",
        "sub-1/a.jpg",
        "Z.jpg",
        "\u00e9.jpg",
        raw,
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = [file.path for file in walk(str(tmp_path), Excludes(), {})]
    assert len(found) == 9
    assert found == sorted(found, key=stored_text)


@pytest.mark.parametrize("rows_at_a_time", [1, 2, 3, 100])
def test_any_change_is_seen_wherever_it_stands_in_its_folder(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_at_a_time: int
) -> None:
    monkeypatch.setattr("indexer.scan._ROWS_AT_A_TIME", rows_at_a_time)
    root = tmp_path / "photos"
    paths = [paint(root / folder / f"{i}.png", i) for folder in ("a", "b", "c") for i in range(3)]
    run(library, root)
    folder, _ = add_folder(library.catalog, root)
    assert changes(library, folder).nothing_to_do
    for i, path in enumerate(paths):
        kept = path.read_bytes(), path.stat()
        path.write_bytes(kept[0] + b"more")
        found = changes(library, folder)
        assert [file.path for file in found.to_read] == [str(path)]
        assert (found.unchanged, len(found.missing)) == (8, 0)
        path.unlink()
        added = paint(path.with_name(f"{i}-new.png"), 99)
        found = changes(library, folder)
        assert [photo.path for photo in found.missing] == [str(path)]
        assert [file.path for file in found.to_read] == [str(added)]
        assert found.unchanged == 8
        added.unlink()
        path.write_bytes(kept[0])
        os.utime(path, ns=(kept[1].st_atime_ns, kept[1].st_mtime_ns))
    assert changes(library, folder).nothing_to_do
