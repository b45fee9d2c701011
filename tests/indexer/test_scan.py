import os
from pathlib import Path

from indexer.catalog import Folder
from indexer.folders import add_folder
from indexer.ingest import ingest
from indexer.library import Library
from indexer.scan import Changes, find_changes, is_empty_or_absent, walk
from tests.conftest import on_both_databases, paint


def names(root: Path) -> set[str]:
    return {os.path.relpath(found.path, root) for found in walk(root, {})}


def changes(library: Library, folder: Folder, **options: object) -> Changes:
    with library.catalog.reading() as session:
        return find_changes(session, folder, library.encoder_id, **options)


def test_finds_photos_by_extension_whatever_its_case(folder: Path) -> None:
    paint(folder / "LOUD.JPG", 9)
    (folder / "notes.txt").write_text("not a photo")
    assert names(folder) == {"a.jpg", "b.png", "c.webp", "sub/d.jpg", "sub/deep/e.png", "LOUD.JPG"}


def test_leaves_out_hidden_and_system_folders_and_files(folder: Path) -> None:
    for name in (".hidden/x.jpg", "@eaDir/x.jpg", "node_modules/x.jpg", "._a.jpg"):
        paint(folder / name, 7)
    assert names(folder) == {"a.jpg", "b.png", "c.webp", "sub/d.jpg", "sub/deep/e.png"}


def test_does_not_run_in_circles_through_links(folder: Path) -> None:
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "nowhere.jpg").symlink_to(folder / "missing.jpg")
    assert names(folder) == {"a.jpg", "b.png", "c.webp", "sub/d.jpg", "sub/deep/e.png"}


@on_both_databases
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
    assert len(found.missing) == 1
    assert found.unchanged == 3


@on_both_databases
def test_looks_only_below_the_subfolder_asked_for(library: Library, folder: Path) -> None:
    indexed, _ = add_folder(library.catalog, folder)
    found = changes(library, indexed, below=folder / "sub")
    assert {os.path.basename(f.path) for f in found.to_read} == {"d.jpg", "e.png"}
    ingest(library, indexed)
    (folder / "a.jpg").unlink()
    assert changes(library, indexed, below=folder / "sub").nothing_to_do


def test_a_sibling_with_the_same_beginning_is_not_below(library: Library, folder: Path) -> None:
    paint(folder / "sub2" / "x.jpg", 30)
    indexed, _ = add_folder(library.catalog, folder)
    ingest(library, indexed)
    (folder / "sub2" / "x.jpg").unlink()
    assert changes(library, indexed, below=folder / "sub").nothing_to_do


def test_an_empty_or_absent_root_looks_unplugged(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert is_empty_or_absent(tmp_path / "empty")
    assert is_empty_or_absent(tmp_path / "absent")
    (tmp_path / "empty" / "x").touch()
    assert not is_empty_or_absent(tmp_path / "empty")
