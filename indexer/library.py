"""A library opened: the settings, the catalog, the encoder and the thumbnails that belong together."""

from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from indexer.catalog import Catalog, EncoderRecord
from indexer.settings import Settings

if TYPE_CHECKING:  # a pass that finds nothing to do decodes and encodes nothing
    from clipcore import Encoder
    from indexer.photo import Limits
    from indexer.thumbnails import Thumbnails


class Library:
    """What every command and every request works on. The encoder is loaded when it is first used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.catalog = Catalog.open(settings.catalog_url)

    @cached_property
    def thumbnails(self) -> "Thumbnails":
        from indexer.thumbnails import Thumbnails

        return Thumbnails(self.settings.thumbnails_folder)

    @cached_property
    def limits(self) -> "Limits":
        from indexer.photo import Limits

        s = self.settings
        return Limits(s.max_file_bytes, s.max_pixels, s.decode_seconds, s.decode_memory_bytes)

    @cached_property
    def encoder(self) -> "Encoder":
        """The encoder that the settings name."""
        from clipcore import load_encoder

        s = self.settings
        return load_encoder(
            s.encoder,
            architecture=s.encoder_architecture,
            runtime=s.encoder_runtime,
            precision=s.encoder_precision,
            weights_folder=s.weights,
        )

    @cached_property
    def fingerprint(self) -> str:
        """The encoder's, without loading it where that can be."""
        from clipcore.identify import find_fingerprint

        s = self.settings
        known = find_fingerprint(s.encoder, s.encoder_architecture, s.encoder_runtime, s.encoder_precision, s.weights)
        return known or self.encoder.fingerprint

    def known_encoder_id(self) -> int | None:
        """The catalog's id of the encoder; None before its first use."""
        with self.catalog.reading() as session:
            return session.execute(self._by_fingerprint).scalar()

    @cached_property
    def encoder_id(self) -> int:
        """The catalog's id of the encoder, which is entered at its first use."""
        known = self.known_encoder_id()
        if known is not None:
            return known
        encoder = self.encoder
        with self.catalog.writing() as (session, _):
            known = session.execute(self._by_fingerprint).scalar()  # another process may have been faster
            if known is None:
                record = EncoderRecord(fingerprint=encoder.fingerprint, name=encoder.name, dim=encoder.dim)
                session.add(record)
                session.flush()
                known = record.id
        return known

    @property
    def _by_fingerprint(self) -> Select[int]:
        return select(EncoderRecord.id).where(EncoderRecord.fingerprint == self.fingerprint)

    def close(self) -> None:
        self.catalog.close()
