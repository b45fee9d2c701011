"""A disk that fails under a file says nothing of the file: what is known of it stays, and the next pass reads it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from indexer.catalog import Photo, PhotoMetadata, PhotoState
from indexer.folders import add_folder
from indexer.ingest import Report, ingest
from indexer.library import Library
from tests.faults.disks import compiled_shim
from tests.faults.trial import SIDECAR

Pass = Callable[..., Report]


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def one_pass(library: Library, folder: Path, shim: Path, monkeypatch: pytest.MonkeyPatch) -> Pass:
    """A pass over the folder, during which no decoder can read some file."""
    row, _ = add_folder(library.catalog, folder)
    library.settings = library.settings.model_copy(update={"decode_workers": 1})

    def run(unreadable: Path | None = None) -> Report:
        with monkeypatch.context() as patch:
            if unreadable is not None:
                patch.setenv("LD_PRELOAD", str(shim))
                patch.setenv("FAILS", f"1 1 1 {unreadable}")
            return ingest(library, row)

    return run


def photo(library: Library, path: Path) -> Photo:
    with library.catalog.reading() as session:
        return session.scalars(select(Photo).where(Photo.path == str(path))).one()


def rating(library: Library, path: Path) -> int | None:
    query = select(PhotoMetadata.rating).join(Photo, Photo.id == PhotoMetadata.photo_id)
    with library.catalog.reading() as session:
        return session.execute(query.where(Photo.path == str(path))).scalar()


def test_a_new_photo_is_a_row_with_the_reason_and_read_by_the_next_pass(
    library: Library, folder: Path, one_pass: Pass
) -> None:
    report = one_pass(unreadable=folder / "a.jpg")
    assert report.failed == [(str(folder / "a.jpg"), "cannot be read: Input/output error")]
    assert report.unread == [str(folder)] and photo(library, folder / "a.jpg").error == report.failed[0][1]
    assert one_pass().indexed == 1 and photo(library, folder / "a.jpg").error is None


def test_a_known_photo_keeps_what_is_known_of_it(library: Library, folder: Path, one_pass: Pass) -> None:
    one_pass()
    before = photo(library, folder / "a.jpg")
    os.utime(folder / "a.jpg", ns=(1, 1))
    assert one_pass(unreadable=folder / "a.jpg").failures == 1
    kept = photo(library, folder / "a.jpg")
    assert (kept.content_id, kept.state, kept.error) == (before.content_id, PhotoState.PRESENT, None)
    assert one_pass().known == 1 and photo(library, folder / "a.jpg").mtime_ns == 1


def test_a_side_car_is_read_by_the_next_pass(library: Library, folder: Path, one_pass: Pass) -> None:
    (folder / "a.xmp").write_text(SIDECAR.format(4))
    assert one_pass(unreadable=folder / "a.xmp").indexed == 5, "its photo can be found meanwhile"
    assert one_pass().described == 1 and rating(library, folder / "a.jpg") == 4
    (folder / "a.xmp").write_text(SIDECAR.format(2))
    for unreadable in ("a.xmp", "a.jpg"):
        assert one_pass(unreadable=folder / unreadable).described == 0
        assert rating(library, folder / "a.jpg") == 4, "what it said before"
    assert one_pass().described == 1 and rating(library, folder / "a.jpg") == 2


def test_a_walk_leaves_out_of_sight_what_the_disk_does_not_tell(folder: Path, shim: Path) -> None:
    (folder / "a.xmp").write_text(SIDECAR.format(4))
    (folder / "sub" / ".sightlineignore").write_text("d.jpg")
    (folder / "other").mkdir()
    (folder / "b.png").rename(folder / "other" / "b.png")
    code = f"""
import ctypes, json
from indexer.excludes import Excludes
from indexer.walk import walk
def look(unreadable):
    ctypes.CDLL({str(shim)!r}).fail_after(ctypes.c_long(1), 1, 1, unreadable.encode())
    said = {{}}
    return [file.path for file in walk({str(folder)!r}, Excludes(), said)], said
names = ["sub/deep", "sub/.sightlineignore", "a.jpg", "a.xmp"]
print(json.dumps([look({str(folder)!r} + "/" + name) for name in names]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"LD_PRELOAD": str(shim)}, capture_output=True, check=True
    )
    looks = [
        [{str(Path(path).relative_to(folder)) for path in found}, {os.path.relpath(path, folder) for path in said}]
        for found, said in json.loads(done.stdout)
    ]
    assert looks == [
        [{"a.jpg", "c.webp", "other/b.png"}, {"sub/deep"}],
        [{"a.jpg", "c.webp", "other/b.png"}, {"sub"}],  # what would be left out is not known
        [{"c.webp", "other/b.png", "sub/deep/e.png"}, {"a.jpg"}],
        [{"c.webp", "other/b.png", "sub/deep/e.png"}, {"a.jpg", "a.xmp"}],  # its words stay as they are
    ]
