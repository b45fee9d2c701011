"""What changed in the catalog, for whoever keeps an index of its vectors."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from indexer.catalog import Content, Photo, PhotoState, Vector
from indexer.stored import STORED_DTYPE
from indexer.vectors.base import Ids
from indexer.vectors.half import Codes

_ROWS_AT_A_TIME = 20_000


@dataclass(frozen=True)
class Changes:
    """Contents to be searched, with their vectors, and contents that are not to be (any more)."""

    found: Ids
    codes: Codes
    gone: Ids


def newer_than(revision: int) -> ColumnElement[bool]:
    """Contents that changed after a revision."""
    return Content.revision > revision


def read_changes(session: Session, encoder_id: int, which: ColumnElement[bool]) -> Iterator[Changes]:
    """Contents by id, in parts. One is searched while it has a vector of the encoder and a present photo."""
    present = exists().where(Photo.content_id == Content.id, Photo.state == PhotoState.PRESENT)
    query = (
        select(Content.id, Vector.data, present.label("present"))
        .outerjoin(Vector, (Vector.content_id == Content.id) & (Vector.encoder_id == encoder_id))
        .where(which)
        .order_by(Content.id)
    )
    for rows in session.execute(query).yield_per(_ROWS_AT_A_TIME).partitions():
        found = [row.id for row in rows if row.present and row.data is not None]
        data = b"".join(row.data for row in rows if row.present and row.data is not None)
        gone = [row.id for row in rows if not row.present or row.data is None]
        codes = np.frombuffer(data, STORED_DTYPE).reshape(len(found), -1 if found else 0)
        yield Changes(np.array(found, np.int64), codes, np.array(gone, np.int64))
