"""The catalog: which photos there are, what is in them, and the vectors. The truth; every index is a cache of it.

A `Content` is a file's bytes, keyed by their hash; a `Photo` is a path that holds a content now. So a moved, renamed or
copied file needs no second encoding. A `Vector` belongs to one content and one encoder. Every change takes the next
number of one clock and marks the contents it touched with it, so that any reader in any process catches up by asking
for ``revision > mine``.
"""

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Connection,
    Double,
    Engine,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    select,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from indexer.columns import Moment, PathText, state_of
from indexer.database import open_engine, readable, snapshots
from indexer.formats import ContentKind as ContentKind
from indexer.migrations import IMMEDIATE, migrate

_NEVER_REUSED = {"sqlite_autoincrement": True}  # an id in a URL or an index never comes to mean another row


class FolderState(enum.StrEnum):
    ONLINE = "online"
    OFFLINE = "offline"  # its root was not there at the last pass: unplugged, not emptied
    PAUSED = "paused"  # its owner wants it left alone for now


class PhotoState(enum.StrEnum):
    PRESENT = "present"
    MISSING = "missing"  # kept: it may come back
    EXCLUDED = "excluded"  # kept: its owner left it out of the library


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: PathText}  # names and captions may hold any byte too


class Clock(Base):
    """One row: which catalog this is, and the number of its last change."""

    __tablename__ = "clock"
    id: Mapped[int] = mapped_column(primary_key=True)
    catalog: Mapped[str] = mapped_column(String(32))  # random, so that no index of another catalog fits
    revision: Mapped[int] = mapped_column(BigInteger)
    encoder_id: Mapped[int | None]  # the encoder that searches use, where the settings name none
    paused: Mapped[bool] = mapped_column(server_default=false())  # whoever indexes waits
    cancelled_at: Mapped[int] = mapped_column(BigInteger, server_default="0")  # counts up: runs under way then end
    compared_at: Mapped[int] = mapped_column(BigInteger, server_default="0")  # the revision that `Alike` is as of
    compared_by: Mapped[int | None]  # and the encoder


class Folder(Base):
    """A folder that its owner asked to have indexed, with all below it."""

    __tablename__ = "folder"
    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(unique=True)
    state: Mapped[FolderState] = mapped_column(state_of(FolderState))
    scanned_at: Mapped[datetime | None] = mapped_column(Moment)
    exclude: Mapped[str] = mapped_column(server_default="")  # gitignore's patterns, one a line
    mounts: Mapped[str] = mapped_column(server_default="")  # disks inside it at the last pass, a path a line


class Content(Base):
    """The bytes of at least one file, once."""

    __tablename__ = "content"
    __table_args__ = _NEVER_REUSED
    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    size: Mapped[int] = mapped_column(BigInteger)  # bytes
    width: Mapped[int]  # pixels, after orientation
    height: Mapped[int]
    format: Mapped[str] = mapped_column(String(16))
    kind: Mapped[ContentKind] = mapped_column(state_of(ContentKind, length=8), server_default="photo")
    taken_at: Mapped[datetime | None]  # as its bytes have it: the camera's local time
    revision: Mapped[int] = mapped_column(BigInteger, index=True)  # when its vectors or its photos last changed


class Photo(Base):
    """A path, the content it holds, and what the file looked like when that was read."""

    __tablename__ = "photo"
    __table_args__ = _NEVER_REUSED
    id: Mapped[int] = mapped_column(primary_key=True)
    folder_id: Mapped[int] = mapped_column(ForeignKey("folder.id"), index=True)
    path: Mapped[str] = mapped_column(unique=True)
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[PhotoState] = mapped_column(state_of(PhotoState))
    content_id: Mapped[int | None] = mapped_column(ForeignKey("content.id"), index=True)
    error: Mapped[str | None]  # why there is no content


class PhotoMetadata(Base):
    """What a photo says of itself, its side-car file before its own bytes; what nothing says is None.

    One row a photo, because a side-car and a file's time belong to a path. Its shape is in `Content`.
    """

    __tablename__ = "photo_metadata"
    __table_args__ = (Index("ix_photo_metadata_place", "latitude", "longitude"),)
    photo_id: Mapped[int] = mapped_column(ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int]  # of what read it: an older row is read again
    sidecar_mtime_ns: Mapped[int | None] = mapped_column(BigInteger)  # None: there is no side-car
    taken_at: Mapped[datetime | None] = mapped_column(index=True)  # local time where it was taken
    taken_at_offset_minutes: Mapped[int | None]  # local time less UTC, where that is known
    taken_at_source: Mapped[str | None] = mapped_column(
        String(8)
    )  # sidecar, exif, xmp, iptc, video, or file: its mtime
    camera: Mapped[str | None] = mapped_column(index=True)  # make and model
    lens: Mapped[str | None]
    latitude: Mapped[float | None] = mapped_column(Double)  # degrees, WGS 84
    longitude: Mapped[float | None] = mapped_column(Double)
    rating: Mapped[int | None]  # 0 to 5; -1 rejected
    title: Mapped[str | None]
    caption: Mapped[str | None]


class PhotoKeyword(Base):
    """A keyword of a photo, as its owner wrote it."""

    __tablename__ = "photo_keyword"
    photo_id: Mapped[int] = mapped_column(ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True)
    keyword: Mapped[str] = mapped_column(primary_key=True, index=True)


class TagState(enum.StrEnum):
    OWN = "own"  # the owner gave it, or accepted it
    SUGGESTED = "suggested"
    REJECTED = "rejected"  # kept, so that it is not suggested again


class PhotoTag(Base):
    """A tag that the library keeps of a photo, beside the keywords that the photo itself holds."""

    __tablename__ = "photo_tag"
    photo_id: Mapped[int] = mapped_column(ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True, index=True)
    state: Mapped[TagState] = mapped_column(state_of(TagState))
    encoder_id: Mapped[int | None]  # that suggested it; None: none did
    probability: Mapped[float | None] = mapped_column(Double)  # with which it was suggested


class PhotoText(Base):
    """What is written of a photo, as words are compared (`indexer.fulltext`)."""

    __tablename__ = "photo_text"
    photo_id: Mapped[int] = mapped_column(ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True)
    words: Mapped[str] = mapped_column(Text)


class Name(Base):
    """What its owner calls a person, a pet or a thing."""

    __tablename__ = "name"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    words: Mapped[str] = mapped_column(unique=True)  # as they are compared (`indexer.fulltext.tokens`)


class NameExample(Base):
    """A content that shows what is called by a name: so photos may move, and encoders change."""

    __tablename__ = "name_example"
    name_id: Mapped[int] = mapped_column(ForeignKey("name.id", ondelete="CASCADE"), primary_key=True)
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id"), primary_key=True, index=True)


class Album(Base):
    """Photos that their owner put together; or, with a `query`, whatever that finds."""

    __tablename__ = "album"
    __table_args__ = _NEVER_REUSED
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)  # the name as it is compared
    query: Mapped[str | None]  # in the query language


class AlbumContent(Base):
    """What an album of photos holds."""

    __tablename__ = "album_content"
    album_id: Mapped[int] = mapped_column(ForeignKey("album.id", ondelete="CASCADE"), primary_key=True)
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id"), primary_key=True, index=True)


class EncoderRecord(Base):
    """An encoder that vectors were made with."""

    __tablename__ = "encoder"
    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    dim: Mapped[int]
    source: Mapped[str | None]  # how it is loaded: JSON of `indexer.library.Source`


class Vector(Base):
    """A content as one encoder sees it: float16 little-endian, `dim` values, unit length."""

    __tablename__ = "vector"
    __table_args__ = (Index("ix_vector_encoder_content", "encoder_id", "content_id"),)
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id"), primary_key=True)
    encoder_id: Mapped[int] = mapped_column(ForeignKey("encoder.id"), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Frame(Base):
    """A moment of a video that was looked at. Its `id` never meets a content's in an index (`indexer.follow`)."""

    __tablename__ = "frame"
    __table_args__ = (UniqueConstraint("content_id", "time_s"), _NEVER_REUSED)
    id: Mapped[int] = mapped_column(primary_key=True)
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id"))
    time_s: Mapped[float] = mapped_column(Double)  # seconds from the start


class FrameVector(Base):
    """A frame as one encoder sees it, stored as a `Vector` is. A video's `Vector` is that of its thumbnail."""

    __tablename__ = "frame_vector"
    frame_id: Mapped[int] = mapped_column(ForeignKey("frame.id"), primary_key=True)
    encoder_id: Mapped[int] = mapped_column(ForeignKey("encoder.id"), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ContentLooks(Base):
    """What a picture's thumbnail tells it from others by (`indexer.looks`); hashes as signed numbers."""

    __tablename__ = "content_looks"
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id"), primary_key=True)
    looks: Mapped[int] = mapped_column(BigInteger)
    detail: Mapped[bytes] = mapped_column(LargeBinary)  # 256 bits
    colours: Mapped[int] = mapped_column(BigInteger)
    sharpness: Mapped[float] = mapped_column(Double)
    revision: Mapped[int] = mapped_column(BigInteger, index=True)  # when it was made


class ContentColours(Base):
    """The colours that a picture has much of: a bit for each of `indexer.colours.NAMES`."""

    __tablename__ = "content_colours"
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id"), primary_key=True)
    colours: Mapped[int]


class Likeness(enum.StrEnum):
    COPY = "copy"  # the same picture, edited at most a little
    BURST = "burst"  # the same moment, by the same camera


class Alike(Base):
    """Two contents that look alike, by `indexer.alike`; `first_id` is the smaller."""

    __tablename__ = "alike"
    first_id: Mapped[int] = mapped_column(ForeignKey("content.id"), primary_key=True)
    second_id: Mapped[int] = mapped_column(ForeignKey("content.id"), primary_key=True, index=True)
    likeness: Mapped[Likeness] = mapped_column(state_of(Likeness, length=8))


_REVISION = select(Clock.__table__.c.revision)  # asked for each search


class Catalog:
    """A database with the tables above. Sessions are short; writes are serialised by the clock."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._snapshots = snapshots(engine)
        self._readers = sessionmaker(self._snapshots, expire_on_commit=False)
        self._writers = sessionmaker(engine, expire_on_commit=False)

    @classmethod
    def open(cls, url: str) -> "Catalog":
        """Opens the catalog, making it or bringing it up to this version's tables first.

        Raises:
            CatalogError: it cannot be reached, is no catalog, or was made by a newer Sightline.
            StorageError: it cannot be written.
        """
        engine = open_engine(url)
        try:
            with readable(engine):
                migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on one consistent state of the catalog."""
        with readable(self.engine), self._readers() as session:
            yield session

    @contextmanager
    def reading_columns(self) -> Iterator[Connection]:
        """The same for statements of columns that each search executes: in half of a session's time."""
        with readable(self.engine), self._snapshots.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[tuple[Session, int]]:
        """A session whose changes are committed together at the end, and the revision they take.

        Raises:
            StorageError: the disk is full or the database read-only; nothing of this write is kept.
        """
        with readable(self.engine), self._writers() as session:
            session.connection(execution_options={IMMEDIATE: True})
            revision = session.execute(
                update(Clock).values(revision=Clock.revision + 1).returning(Clock.revision)
            ).scalar_one()
            yield session, revision
            session.commit()

    def revision(self) -> int:
        """The number of the last change."""
        with self.reading_columns() as connection:
            return connection.execute(_REVISION).scalar_one()

    def identity(self) -> str:
        """What tells this catalog from every other."""
        with self.reading() as session:
            return session.execute(select(Clock.catalog)).scalar_one()

    def close(self) -> None:
        self.engine.dispose()
