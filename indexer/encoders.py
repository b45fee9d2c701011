"""The encoders that a library has vectors of: listing them, forgetting one."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select

from indexer.catalog import EncoderRecord, Vector
from indexer.errors import SwitchError
from indexer.library import Library

_A_STATEMENT = 500  # vectors deleted together: searches go on between


@dataclass(frozen=True)
class KnownEncoder:
    """An encoder that the library has vectors of."""

    name: str
    fingerprint: str
    dim: int
    vectors: int
    size: int  # bytes of them in the catalog
    active: bool


def list_encoders(library: Library) -> list[KnownEncoder]:
    """The encoders of a library, the one in use first."""
    active = library.fingerprint
    query = (
        select(EncoderRecord, func.count(Vector.content_id))
        .outerjoin(Vector, Vector.encoder_id == EncoderRecord.id)
        .group_by(EncoderRecord.id)
        .order_by(EncoderRecord.id)
    )
    with library.catalog.reading() as session:
        known = [
            KnownEncoder(e.name, e.fingerprint, e.dim, count, 2 * e.dim * count, e.fingerprint == active)
            for e, count in session.execute(query)
        ]
    return sorted(known, key=lambda encoder: not encoder.active)


def forget_encoder(library: Library, name: str) -> int:
    """Removes the vectors of an encoder, given by name or fingerprint; gives back how many those were.

    Raises:
        SwitchError: there is no such encoder, there are several, or it is the one in use.
    """
    fitting = [encoder for encoder in list_encoders(library) if name in (encoder.name, encoder.fingerprint)]
    if len(fitting) != 1:
        known = ", ".join(f"{encoder.name} ({encoder.fingerprint})" for encoder in list_encoders(library)) or "none"
        raise SwitchError(f"{'no' if not fitting else 'more than one'} encoder {name!r}: expected one of {known}")
    if fitting[0].active:
        raise SwitchError(f"{name} is the encoder in use: sightline switch to another one first")
    with library.catalog.reading() as session:
        record = select(EncoderRecord.id).where(EncoderRecord.fingerprint == fitting[0].fingerprint)
        encoder_id = session.execute(record).scalar_one()
    while _delete_some(library, encoder_id):
        pass
    with library.catalog.writing() as (session, _):
        session.execute(delete(EncoderRecord).where(EncoderRecord.id == encoder_id))
    for path in library.settings.vectors_folder.glob(f"{fitting[0].fingerprint}*"):
        path.unlink(missing_ok=True)
    return fitting[0].vectors


def _delete_some(library: Library, encoder_id: int) -> int:
    some = select(Vector.content_id).where(Vector.encoder_id == encoder_id).limit(_A_STATEMENT)
    with library.catalog.writing() as (session, _):
        ids = session.scalars(some).all()
        session.execute(delete(Vector).where(Vector.encoder_id == encoder_id, Vector.content_id.in_(ids)))
    return len(ids)
