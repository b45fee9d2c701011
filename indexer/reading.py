"""Files read and decoded by processes, one for each of a few threads, a bounded distance before who encodes them."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from queue import LifoQueue
from typing import TypeVar

from sqlalchemy import select

from indexer.catalog import Content, Vector
from indexer.decode_process import DecodeProcess
from indexer.decoder import Setup
from indexer.errors import DiskError, PhotoError, VanishedError
from indexer.library import Library
from indexer.metadata import Metadata, dated_by_file
from indexer.photo import DecodedPhoto, FileIdentity
from indexer.spool import Spool
from indexer.walk import FoundFile

AHEAD = 2  # batches
T = TypeVar("T")


@dataclass(frozen=True)
class ReadFile:
    """What became of one file: a new picture, bytes that are known already, a failure, or (nothing set) it is gone."""

    found: FoundFile
    identity: FileIdentity | None = None
    photo: DecodedPhoto | None = None
    error: str | None = None
    metadata: Metadata | None = None  # of a picture, new or known; None where the next pass is to read it
    is_unread: bool = False  # the error is its disk's: the next pass tries again

    @property
    def vanished(self) -> bool:
        return self.identity is None and self.error is None


def read_ahead(library: Library, files: Spool[FoundFile], encoder_id: int) -> Generator[ReadFile]:
    """`files` in order, read and decoded at most `AHEAD` batches before the reader.

    Close the iterator to stop it; what had begun is dropped.

    Raises:
        DecoderError: no process can be started.
        StorageError: a thumbnail cannot be written.
    """
    return _ahead(library, files, lambda process, found: _read(library, process, found, encoder_id))


def describe_ahead(library: Library, files: Spool[FoundFile]) -> Generator[tuple[FoundFile, Metadata | None]]:
    """`files` in order, each with its metadata, none of them decoded; None where the disk failed. As `read_ahead`."""
    return _ahead(library, files, lambda process, found: (found, _describe(process, found)))


def _ahead(library: Library, files: Spool[FoundFile], work: Callable[[DecodeProcess, FoundFile], T]) -> Generator[T]:
    sources = iter(files)
    with _processes(library, min(library.settings.decode_workers, len(files))) as processes:
        free: LifoQueue[DecodeProcess] = LifoQueue()  # the last one put back first: few files start few
        for process in processes:
            free.put(process)

        def task(found: FoundFile) -> T:
            process = free.get()
            try:
                return work(process, found)
            finally:
                free.put(process)

        with ThreadPoolExecutor(max(1, len(processes)), thread_name_prefix="decode") as pool:

            def submit(count: int) -> Iterator[Future[T]]:
                return (pool.submit(task, found) for found in islice(sources, count))

            ahead = deque(submit(AHEAD * library.settings.batch_size))
            try:
                while ahead:
                    yield ahead.popleft().result()
                    ahead.extend(submit(1))
            finally:
                for process in processes:
                    process.kill()
                pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _processes(library: Library, count: int) -> Iterator[list[DecodeProcess]]:
    setup = Setup(library.encoder.preprocessing, library.limits)
    processes = [DecodeProcess(setup) for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            process.close()


def _read(library: Library, process: DecodeProcess, found: FoundFile, encoder_id: int) -> ReadFile:
    """One file. Its thumbnail is on disk before its row can be committed."""
    try:
        identity = process.read(found.path)
    except VanishedError:
        return ReadFile(found)
    except PhotoError as error:
        return ReadFile(found, error=str(error), is_unread=isinstance(error, DiskError))
    if _has_vector(library, identity.sha256, encoder_id):
        return ReadFile(found, identity, metadata=_describe(process, found))
    try:
        photo = process.decode(found.sidecar)
    except PhotoError as error:
        return ReadFile(found, identity, error=str(error))
    library.thumbnails.write(identity.sha256, photo.thumbnail)
    return ReadFile(found, identity, photo, metadata=photo.metadata if photo.is_described else None)


def _describe(process: DecodeProcess, found: FoundFile) -> Metadata | None:
    """Metadata; None where the disk failed.

    Where the file cannot be read it is the file's time alone, which is no reason to lose a picture that is known.
    """
    try:
        return process.describe(found.path, found.sidecar)
    except DiskError:
        return None
    except PhotoError:
        return dated_by_file(Metadata(), found.mtime_ns)


def _has_vector(library: Library, sha256: str, encoder_id: int) -> bool:
    query = select(Vector.content_id).join(Content).where(Content.sha256 == sha256, Vector.encoder_id == encoder_id)
    with library.catalog.reading() as session:
        return session.execute(query).first() is not None
