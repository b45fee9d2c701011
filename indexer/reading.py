"""Files read and decoded by threads, a bounded distance ahead of whoever encodes them."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import select

from indexer.catalog import Content, Vector
from indexer.errors import PhotoError, VanishedError
from indexer.library import Library
from indexer.photo import DecodedPhoto, FileIdentity, decode, read_file
from indexer.walk import FoundFile

AHEAD = 2  # batches


@dataclass(frozen=True)
class ReadFile:
    """What became of one file: a new picture, bytes that are known already, a failure, or (nothing set) it is gone."""

    found: FoundFile
    identity: FileIdentity | None = None
    photo: DecodedPhoto | None = None
    error: str | None = None

    @property
    def vanished(self) -> bool:
        return self.identity is None and self.error is None


def read_ahead(library: Library, files: Iterable[FoundFile], encoder_id: int) -> Generator[ReadFile]:
    """`files` in order, read and decoded by threads that stay at most `AHEAD` batches before the reader.

    Close the iterator to stop the threads; what they had begun is dropped.
    """
    sources = iter(files)
    with ThreadPoolExecutor(library.settings.decode_workers, thread_name_prefix="decode") as pool:

        def submit(count: int) -> Iterator[Future[ReadFile]]:
            return (pool.submit(_read, library, found, encoder_id) for found in islice(sources, count))

        ahead = deque(submit(AHEAD * library.settings.batch_size))
        try:
            while ahead:
                yield ahead.popleft().result()
                ahead.extend(submit(1))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _read(library: Library, found: FoundFile, encoder_id: int) -> ReadFile:
    """One file, in a decode thread. Its thumbnail is on disk before its row can be committed."""
    try:
        data, identity = read_file(found.path, library.limits)
    except VanishedError:
        return ReadFile(found)
    except PhotoError as error:
        return ReadFile(found, error=str(error))
    if _has_vector(library, identity.sha256, encoder_id):
        return ReadFile(found, identity)
    try:
        photo = decode(data, library.encoder.preprocessing, library.limits)
    except PhotoError as error:
        return ReadFile(found, identity, error=str(error))
    library.thumbnails.write(identity.sha256, photo.thumbnail)
    return ReadFile(found, identity, photo)


def _has_vector(library: Library, sha256: str, encoder_id: int) -> bool:
    query = select(Vector.content_id).join(Content).where(Content.sha256 == sha256, Vector.encoder_id == encoder_id)
    with library.catalog.reading() as session:
        return session.execute(query).first() is not None
