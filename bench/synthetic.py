"""A library of any size without its pictures: rows and vectors, as indexing would have left them.

    python -m bench.synthetic HOME PHOTOS
    python -m bench.synthetic HOME PHOTOS flickr8k-dev.tar

Without pictures to be like, vectors are random in clusters, and lie to the encoder's texts as no pictures do: an index
of more than 200,000 finds no short way and scores all. With some (captioned: a table, a tar) each is one of theirs,
moved by the difference of two others, and they behave as a library's do.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sqlalchemy import insert

from bench.clusters import ROWS, picture_like
from clipcore import Encoder
from clipcore.evaluation.datasets import DataSet
from clipcore.evaluation.encoded import encode_captioned
from indexer.catalog import Content, Folder, FolderState, Photo, PhotoState, Vector
from indexer.library import Library
from indexer.settings import load_settings
from indexer.vectors.half import Codes


def like(data: str, encoder: Encoder, count: int) -> Iterator[Codes]:
    """`count` unit vectors in half precision, in parts, as the pictures of a captioned data set have them."""
    real, rng = encode_captioned(encoder, DataSet.parse(data)).vectors, np.random.default_rng(0)
    for start in range(0, count, ROWS):
        rows = min(ROWS, count - start)
        one, other, third = rng.integers(len(real), size=(3, rows))
        moved = real[one] + rng.uniform(0.3, 0.8, (rows, 1)).astype(np.float32) * (real[other] - real[third])
        yield (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float16)


def fill_library(home: Path, photos: int, data: str | None = None) -> None:
    """Fills an empty library in `home` for the starter encoder, with vectors like those of the pictures in `data`."""
    library = Library(load_settings(home=home))
    dim, encoder_id = library.encoder.dim, library.encoder_id
    with library.catalog.writing() as (session, _):
        session.add(Folder(id=1, path=str(home / "photos"), state=FolderState.ONLINE))
    first = 1
    for vectors in like(data, library.encoder, photos) if data else picture_like(photos, dim):
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
    fill_library(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
