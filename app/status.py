"""What a library holds, in numbers."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from indexer.catalog import Content, EncoderRecord, Folder, Photo, PhotoState, Vector
from indexer.follow import describe_vectors
from indexer.library import Library


@dataclass(frozen=True)
class FolderStatus:
    """One indexed folder. Times are UTC."""

    id: int
    path: str
    state: str
    photos: int  # present and readable
    missing: int
    failed: int
    scanned_at: datetime | None


@dataclass(frozen=True)
class Failure:
    """A file that could not be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Status:
    """A library at one moment."""

    folders: list[FolderStatus]
    photos: int
    searchable: int  # distinct contents with a vector of the encoder in use
    encoder: str
    encoder_fingerprint: str
    encoder_precision: str
    encoder_dim: int
    vectors: str  # the kind of index, and the recall that was measured when it was built
    revision: int
    data_folder: str


def read_folders(library: Library) -> list[FolderStatus]:
    """The indexed folders, by path."""
    with library.catalog.reading() as session:
        counts = {
            (folder_id, state, failed): count
            for folder_id, state, failed, count in session.execute(
                select(Photo.folder_id, Photo.state, Photo.error.is_not(None), func.count()).group_by(
                    Photo.folder_id, Photo.state, Photo.error.is_not(None)
                )
            )
        }
        return [
            FolderStatus(
                id=folder.id,
                path=folder.path,
                state=folder.state.value,
                photos=counts.get((folder.id, PhotoState.PRESENT, False), 0),
                missing=sum(
                    n for (id_, state, _), n in counts.items() if (id_, state) == (folder.id, PhotoState.MISSING)
                ),
                failed=counts.get((folder.id, PhotoState.PRESENT, True), 0),
                scanned_at=folder.scanned_at,
            )
            for folder in session.scalars(select(Folder).order_by(Folder.path))
        ]


def read_status(library: Library) -> Status:
    """Counts folder by folder. The encoder need not have been used yet."""
    encoder = library.encoder
    folders = read_folders(library)
    with library.catalog.reading() as session:
        searchable = select(func.count(Content.id)).where(
            select(Photo.id).where(Photo.content_id == Content.id, Photo.state == PhotoState.PRESENT).exists(),
            select(Vector.content_id)
            .join(EncoderRecord)
            .where(Vector.content_id == Content.id, EncoderRecord.fingerprint == encoder.fingerprint)
            .exists(),
        )
        return Status(
            folders=folders,
            photos=sum(folder.photos for folder in folders),
            searchable=session.execute(searchable).scalar_one(),
            encoder=encoder.name,
            encoder_fingerprint=encoder.fingerprint,
            encoder_precision=encoder.precision,
            encoder_dim=encoder.dim,
            vectors=describe_vectors(library),
            revision=library.catalog.revision(),
            data_folder=str(library.settings.data_folder),
        )


def read_failures(library: Library, limit: int = 1000) -> list[Failure]:
    """Files that could not be read, by path."""
    query = select(Photo.path, Photo.error).where(Photo.error.is_not(None), Photo.state == PhotoState.PRESENT)
    with library.catalog.reading() as session:
        return [
            Failure(path, reason or "") for path, reason in session.execute(query.order_by(Photo.path).limit(limit))
        ]
