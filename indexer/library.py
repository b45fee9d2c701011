"""A library opened: the settings, the catalog, the encoder and the thumbnails that belong together."""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Select, select, update

from indexer.catalog import Catalog, Clock, EncoderRecord
from indexer.settings import Settings

if TYPE_CHECKING:  # a pass that finds nothing to do decodes and encodes nothing
    from clipcore import Encoder
    from indexer.photo import Limits
    from indexer.thumbnails import Thumbnails


@dataclass(frozen=True)
class Source:
    """How an encoder is loaded: what `clipcore.load_encoder` takes."""

    encoder: str
    architecture: str | None = None
    runtime: Literal["torch", "onnx"] | None = None
    precision: Literal["auto", "fp32", "bf16", "int8"] = "auto"

    @classmethod
    def of(cls, settings: Settings) -> "Source":
        """The encoder that the settings name; a path is the same from every working directory."""
        path = Path(settings.encoder).expanduser()
        name = str(path.resolve()) if path.exists() else settings.encoder
        return cls(name, settings.encoder_architecture, settings.encoder_runtime, settings.encoder_precision)


class Library:
    """What every command and every request works on. The encoder is loaded when it is first used, and stays the same.

    That is the encoder the settings name; where they name none, the one the catalog says the library uses.
    """

    def __init__(self, settings: Settings, catalog: Catalog | None = None) -> None:
        self.settings = settings
        self.catalog = catalog or Catalog.open(settings.catalog_url)

    @cached_property
    def source(self) -> Source:
        """How the encoder is loaded."""
        return self._source_now()

    def is_current(self) -> bool:
        """Whether the library still uses the encoder that this was opened with."""
        return self.source == self._source_now()

    def _source_now(self) -> Source:
        if "encoder" not in self.settings.model_fields_set:
            active = select(EncoderRecord.source).join(Clock, Clock.encoder_id == EncoderRecord.id)
            with self.catalog.reading() as session:
                if (source := session.execute(active).scalar()) is not None:
                    return Source(**json.loads(source))
        return Source.of(self.settings)

    def adopt_encoder(self) -> None:
        """Makes this encoder the library's, if it has none yet: the first that it is indexed with."""
        encoder_id = self.encoder_id
        with self.catalog.reading() as session:
            if session.execute(select(Clock.encoder_id)).scalar() is not None:
                return
        source = json.dumps(asdict(self.source))
        with self.catalog.writing() as (session, _):
            session.execute(update(EncoderRecord).where(EncoderRecord.id == encoder_id).values(source=source))
            session.execute(update(Clock).where(Clock.encoder_id.is_(None)).values(encoder_id=encoder_id))

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
        from clipcore import load_encoder

        s = self.source
        return load_encoder(
            s.encoder,
            architecture=s.architecture,
            runtime=s.runtime,
            precision=s.precision,
            weights_folder=self.settings.weights,
        )

    @cached_property
    def fingerprint(self) -> str:
        """The encoder's, without loading it where that can be."""
        from clipcore.identify import find_fingerprint

        s = self.source
        known = find_fingerprint(s.encoder, s.architecture, s.runtime, s.precision, self.settings.weights)
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
                source = json.dumps(asdict(self.source))
                record = EncoderRecord(
                    fingerprint=encoder.fingerprint, name=encoder.name, dim=encoder.dim, source=source
                )
                session.add(record)
                session.flush()
                known = record.id
        return known

    @property
    def _by_fingerprint(self) -> Select[int]:
        return select(EncoderRecord.id).where(EncoderRecord.fingerprint == self.fingerprint)

    def close(self) -> None:
        self.catalog.close()
