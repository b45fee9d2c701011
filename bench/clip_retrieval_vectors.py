"""A library's vectors as clip-retrieval's inference writes them: python -m bench.clip_retrieval_vectors WORK

Half-precision arrays in WORK/vectors/img_emb, and the paths beside them in WORK/vectors/metadata.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select

from indexer.catalog import Photo, Vector
from indexer.library import Library
from indexer.settings import load_settings
from indexer.stored import STORED_DTYPE


def write_vectors(library: Library, folder: Path) -> None:
    """Writes all vectors of the encoder in use, by photo."""
    query = (
        select(Photo.path, Vector.data)
        .join(Vector, Vector.content_id == Photo.content_id)
        .where(Vector.encoder_id == library.encoder_id)
        .order_by(Photo.id)
    )
    with library.catalog.reading() as session:
        rows = session.execute(query).all()
    vectors = np.frombuffer(b"".join(row.data for row in rows), STORED_DTYPE).reshape(len(rows), -1)
    for name in ("img_emb", "metadata"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    np.save(folder / "img_emb" / "img_emb_0.npy", vectors)
    paths = [row.path for row in rows]
    pq.write_table(pa.table({"image_path": paths}), folder / "metadata" / "metadata_0.parquet")


if __name__ == "__main__":
    write_vectors(Library(load_settings()), Path(sys.argv[1]) / "vectors")
