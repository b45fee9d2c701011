"""The encoders that a library can go over to without anything being fetched: those it knows, and the embedded one."""

import json
from dataclasses import dataclass

from sqlalchemy import select

from app.errors import NotFoundError
from indexer.catalog import EncoderRecord
from indexer.encoders import list_encoders
from indexer.library import Library, Source

EMBEDDED = "starter"


@dataclass(frozen=True)
class Available:
    """An encoder, and how far the library's vectors of it are.

    Attributes:
        fingerprint: None where it was never used here.
        vectors: how many contents have one.
        size: bytes of them in the catalog.
        active: searches use it.
    """

    name: str
    source: Source
    fingerprint: str | None = None
    dim: int | None = None
    vectors: int = 0
    size: int = 0
    active: bool = False


def available_encoders(library: Library) -> list[Available]:
    """The encoders that the catalog knows, the one in use first; then the embedded one, where it is not among them."""
    with library.catalog.reading() as session:
        rows = session.execute(select(EncoderRecord.fingerprint, EncoderRecord.source)).all()
    sources = {fingerprint: Source(**json.loads(source)) for fingerprint, source in rows if source}
    found = [
        Available(known.name, source, known.fingerprint, known.dim, known.vectors, known.size, known.active)
        for known in list_encoders(library)
        if (source := sources.get(known.fingerprint)) is not None
    ]
    if not any(one.source.encoder == EMBEDDED for one in found):
        found.append(Available(EMBEDDED, Source(EMBEDDED)))
    return found


def find_encoder(library: Library, name: str) -> Available:
    """One of them, by its fingerprint or its name.

    Raises:
        NotFoundError: there is none, or there are several of that name.
    """
    known = available_encoders(library)
    fitting = [one for one in known if name == one.fingerprint] or [one for one in known if name == one.name]
    if len(fitting) != 1:
        which = ", ".join(f"{one.name} ({one.fingerprint or 'not used yet'})" for one in known)
        raise NotFoundError(f"{'no' if not fitting else 'more than one'} encoder {name!r}: expected one of {which}")
    return fitting[0]
