"""A library of any size without its pictures: rows and clustered random vectors, as indexing would have left them.

python -m bench.synthetic HOME PHOTOS
"""

import sys
from pathlib import Path

from sqlalchemy import insert

from bench.clusters import picture_like
from indexer.catalog import Content, Folder, FolderState, Photo, PhotoState, Vector
from indexer.library import Library
from indexer.settings import load_settings


def fill_library(home: Path, photos: int) -> None:
    """Fills an empty library in `home` for the starter encoder."""
    library = Library(load_settings(home=home))
    dim, encoder_id = library.encoder.dim, library.encoder_id
    with library.catalog.writing() as (session, _):
        session.add(Folder(id=1, path=str(home / "photos"), state=FolderState.ONLINE))
    first = 1
    for vectors in picture_like(photos, dim):
        ids = range(first, first + len(vectors))
        first += len(vectors)
        with library.catalog.writing() as (session, revision):
            session.execute(insert(Content), [_content(i, revision) for i in ids])
            session.execute(insert(Photo), [_photo(i, home) for i in ids])
            rows = [
                {"content_id": i, "encoder_id": encoder_id, "data": vector.tobytes()}
                for i, vector in zip(ids, vectors, strict=True)
            ]
            session.execute(insert(Vector), rows)
    library.close()


def _content(number: int, revision: int) -> dict[str, object]:
    values = {"size": 4_000_000, "width": 4000, "height": 3000, "format": "JPEG", "taken_at": None}
    return {"id": number, "sha256": f"{number:064x}", "revision": revision} | values


def _photo(number: int, home: Path) -> dict[str, object]:
    path = str(home / "photos" / f"{number // 1000:05}" / f"IMG_{number:08}.jpg")
    values = {"size": 4_000_000, "mtime_ns": 1, "state": PhotoState.PRESENT, "error": None}
    return {"id": number, "folder_id": 1, "path": path, "content_id": number} | values


if __name__ == "__main__":
    fill_library(Path(sys.argv[1]), int(sys.argv[2]))
