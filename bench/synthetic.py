"""A library of any size without its pictures: rows and clustered random vectors, as indexing would have left them.

python -m bench.synthetic HOME PHOTOS
"""

import sys
from pathlib import Path

import numpy as np
from sqlalchemy import insert

from clipcore.batches import batched
from indexer.catalog import Content, Folder, FolderState, Photo, PhotoState, Vector
from indexer.library import Library
from indexer.settings import load_settings
from indexer.store import STORED_DTYPE

_ROWS = 5_000


def fill_library(home: Path, photos: int) -> None:
    """Fills an empty library in `home` for the starter encoder."""
    library = Library(load_settings(home=home))
    dim, encoder_id = library.encoder.dim, library.encoder_id
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((max(photos // 100, 1), dim)).astype(np.float32)
    with library.catalog.writing() as (session, _):
        session.add(Folder(id=1, path=str(home / "photos"), state=FolderState.ONLINE))
    for ids in batched(range(1, photos + 1), _ROWS):
        vectors = centres[rng.integers(len(centres), size=len(ids))]
        vectors = vectors + 0.7 * rng.standard_normal(vectors.shape).astype(np.float32)
        vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(STORED_DTYPE)
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
