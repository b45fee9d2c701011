"""A second run over unchanged files, beside a bare walk with stat and, where it is installed, rclip.

python -m bench.rescan [--files 100000] [--rclip PATH] [--json FILE]

Each is a process of its own, start-up included. The files are empty but for a byte; both catalogs are filled as if they
had been indexed, because encoding a hundred thousand photos is another benchmark (`bench.library`).
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import insert

from bench.figures import machine, write_results
from bench.process import Measured, compile_ours, measure
from indexer.catalog import Content, Photo, PhotoMetadata, PhotoState, Vector
from indexer.excludes import Excludes
from indexer.folders import add_folder
from indexer.library import Library
from indexer.metadata import VERSION
from indexer.settings import load_settings
from indexer.walk import FoundFile, walk

WALK = (
    "import os, sys\nfor folder, _, files in os.walk(sys.argv[1]):\n for f in files: os.stat(os.path.join(folder, f))"
)
_FILES_A_FOLDER = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rclip", type=Path, help="the rclip command of another environment")
    parser.add_argument("--repeat", type=int, default=5, help="the best of so many is told")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        figures = bench(Path(temporary), options.files, options.rclip, options.repeat)
    print(f"\n{machine()}")
    for name, value in figures.items():
        print(f"{name:58} {value:10.2f}")
    if options.json:
        write_results(options.json, figures)


def bench(work: Path, files: int, rclip: Path | None, repeat: int) -> dict[str, float]:
    """Seconds of the fastest run of each, and the ratios."""
    compile_ours()
    photos = make_files(work / "photos", files)
    fill_ours(work / "home", photos)
    ours = [sys.executable, "-m", "app.cli", "index", str(photos)]
    said = subprocess.run(
        ours, env={**os.environ, "SIGHTLINE_HOME": str(work / "home")}, capture_output=True, text=True, check=True
    )
    if "nothing to do" not in said.stderr:
        sys.exit(f"expected nothing to do: {said.stderr}")
    bare = _best([sys.executable, "-c", WALK, str(photos)], {}, work, repeat)
    second = _best(ours, {"SIGHTLINE_HOME": str(work / "home")}, Path.cwd(), repeat)
    figures = {
        "bare walk with stat, s": bare.wall,
        "bare walk with stat, CPU s": bare.cpu,
        "sightline index, nothing to do, s": second.wall,
        "sightline index, nothing to do, CPU s": second.cpu,
        "sightline index, resident MB": second.resident / 1e6,
        "sightline over bare walk (ratio)": second.wall / bare.wall,
    }
    if rclip:
        theirs = _rclip(work, photos, rclip, repeat)
        figures |= {"rclip, nothing to do, s": theirs.wall, "rclip over sightline (ratio)": theirs.wall / second.wall}
    return figures


def make_files(root: Path, count: int) -> Path:
    for i in range(count):
        folder = root / f"{2000 + i // 5_000}" / f"{i // _FILES_A_FOLDER:05}"
        if i % _FILES_A_FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"IMG_{i:06}.jpg").write_bytes(b"x")
    return root


def fill_ours(home: Path, photos: Path) -> None:
    """Rows as indexing would leave them; the vectors mean nothing."""
    library = Library(load_settings(home=home))
    folder, _ = add_folder(library.catalog, photos)
    encoder_id, data = library.encoder_id, bytes(2 * library.encoder.dim)
    files = list(enumerate(walk(str(photos), Excludes(), {}), 1))
    with library.catalog.writing() as (session, revision):
        session.execute(insert(Content), [_content(i, file, revision) for i, file in files])
        session.execute(insert(Photo), [_photo(i, file, folder.id) for i, file in files])
        session.execute(insert(PhotoMetadata), [{"photo_id": i, "version": VERSION} for i, _ in files])
        session.execute(insert(Vector), [{"content_id": i, "encoder_id": encoder_id, "data": data} for i, _ in files])
    library.close()


def _content(i: int, file: FoundFile, revision: int) -> dict[str, object]:
    shape = {"width": 1, "height": 1, "format": "JPEG", "taken_at": None}
    return {"id": i, "sha256": f"{i:064x}", "size": file.size, "revision": revision, **shape}


def _photo(i: int, file: FoundFile, folder_id: int) -> dict[str, object]:
    row = {"path": file.path, "size": file.size, "mtime_ns": file.mtime_ns, "content_id": i, "error": None}
    return {"id": i, "folder_id": folder_id, "state": PhotoState.PRESENT, **row}


def _rclip(work: Path, photos: Path, rclip: Path, repeat: int) -> Measured:
    """rclip indexes one real picture, which makes its tables; then rows for every file are put beside it."""
    home = {"RCLIP_DATADIR": str(work / "rclip"), "HF_HUB_OFFLINE": "1"}
    subprocess.run([sys.executable, "-m", "bench.rclip_model", str(work / "rclip")], check=True)
    subprocess.run([sys.executable, "-m", "bench.pictures", str(work / "one"), "1", "1"], check=True)
    command = [str(rclip), "--filepath-only", "--top", "1", "a dog"]
    measure(command, home, work / "one")
    database = next(path for path in (work / "rclip").rglob("*.sqlite3") if path.is_file())
    with sqlite3.connect(database) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(images)")]
        example = dict(zip(columns, connection.execute("SELECT * FROM images LIMIT 1").fetchone(), strict=True))
        rows = []
        for file in walk(str(photos), Excludes(), {}):
            row = {**example, "filepath": file.path, "size": file.size, "modified_at": os.path.getmtime(file.path)}
            row.pop("id", None)
            rows.append(row)
        names = list(rows[0])
        statement = f"INSERT INTO images ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        connection.executemany(statement, [list(row.values()) for row in rows])
    connection.close()
    return _best(command, home, photos, repeat)


def _best(command: list[str], environment: dict[str, str], folder: Path, repeat: int) -> Measured:
    return min((measure(command, environment, folder) for _ in range(repeat)), key=lambda one: one.wall)


if __name__ == "__main__":
    main()
