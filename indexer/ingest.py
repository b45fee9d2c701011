"""Scan -> decode -> encode -> commit: brings the catalog in step with a folder on disk.

Each batch of photos is committed with its vectors in one transaction: whatever interrupts a run, at most the batch at
hand is done again by the next one. A file that fails becomes a row with its reason and the run goes on.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import func, select, update

from clipcore.batches import batched
from indexer.catalog import Content, Folder, FolderState, Photo, PhotoState
from indexer.database import writing_alone
from indexer.errors import BusyError, DisappearedError, StorageError
from indexer.library import Library
from indexer.reading import ReadFile, read_ahead
from indexer.scan import Changes, find_changes, is_empty_or_absent
from indexer.store import store_batch

SAFE_TO_LOSE = 50  # photos; a pass that finds more than this, and more than half of a folder, gone asks first
_IDS_A_STATEMENT = 500
_PATIENCE = 5.0  # seconds to wait for another run to end


@dataclass
class Report:
    """What a pass did, in files."""

    folder: str
    total: int = 0  # to be read
    done: int = 0  # of those
    indexed: int = 0  # read, decoded and encoded
    known: int = 0  # read; their content was known: copied or touched
    moved: int = 0  # read; a missing photo was found again under another name
    failed: list[tuple[str, str]] = field(default_factory=list)  # path, reason
    returned: int = 0
    missing: int = 0
    unchanged: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)  # folder, reason
    offline: bool = False

    def count(self, batch: Sequence[ReadFile], moved: int) -> None:
        self.done += len(batch)
        self.moved += moved
        self.missing -= moved
        for item in batch:
            if item.error:
                self.failed.append((item.found.path, item.error))
            elif item.photo:
                self.indexed += 1
            elif item.identity:
                self.known += 1
        self.known -= moved

    @property
    def nothing_to_do(self) -> bool:
        return not (self.done or self.returned or self.missing or self.offline)


Progress = Callable[[Report], None]


def ingest(
    library: Library,
    folder: Folder,
    *,
    below: Path | None = None,
    retry_failed: bool = False,
    accept_missing: bool = False,
    progress: Progress = lambda report: None,
) -> Report:
    """One pass over a folder, or over what lies `below` one of its subfolders; `progress` hears of every batch.

    A folder that is absent or empty is marked offline and its photos are kept as they are. A pass that finds most of a
    folder gone stops before it changes anything. `accept_missing` says that both are meant.

    Raises:
        BusyError: another run is writing to this library.
        DisappearedError: too many photos are gone.
        StorageError: the disk is full or read-only; what was committed stays.
    """
    report = Report(folder.path)
    with _writing_alone(library):
        if not accept_missing and is_empty_or_absent(Path(folder.path)) and _count_present(library, folder):
            _set_state(library, folder, FolderState.OFFLINE)
            report.offline = True
            return report
        encoder_id = library.encoder_id
        with library.catalog.reading() as session:
            changes = find_changes(session, folder, encoder_id, below=below, retry_failed=retry_failed)
        if not accept_missing:
            _refuse_mass_disappearance(library, folder, changes)
        report.total, report.unchanged, report.unreadable = len(changes.to_read), changes.unchanged, changes.unreadable
        report.missing = _mark(library, changes.missing, PhotoState.MISSING)
        report.returned = _mark(library, changes.returned, PhotoState.PRESENT)
        progress(report)
        with closing(read_ahead(library, changes.to_read, encoder_id)) as read:
            for batch in batched(read, library.settings.batch_size):
                report.count(batch, store_batch(library, folder, encoder_id, batch))
                progress(report)
        _set_state(library, folder, FolderState.ONLINE)
    return report


@contextmanager
def _writing_alone(library: Library) -> Iterator[None]:
    """Holds the locks of this machine's files and of a shared catalog; both are released when their holder dies."""
    folder = library.settings.data_folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "writing.lock", timeout=_PATIENCE).acquire()
    except Timeout as error:
        raise BusyError(f"another run is indexing into {folder}: wait for it to end, or stop it") from error
    except OSError as error:
        raise StorageError(f"cannot write in {folder}: {error.strerror}") from error
    with lock, writing_alone(library.catalog.engine, _PATIENCE):
        yield


def _count_present(library: Library, folder: Folder) -> int:
    query = select(func.count()).where(Photo.folder_id == folder.id, Photo.state == PhotoState.PRESENT)
    with library.catalog.reading() as session:
        return session.execute(query).scalar_one()


def _refuse_mass_disappearance(library: Library, folder: Folder, changes: Changes) -> None:
    gone = len(changes.missing)
    if gone <= SAFE_TO_LOSE:
        return
    present = _count_present(library, folder)
    if gone > present / 2:
        raise DisappearedError(
            f"{gone:,} of the {present:,} photos in {folder.path} are gone; nothing was changed. "
            "If that is right, run again with --accept-missing"
        )


def _set_state(library: Library, folder: Folder, state: FolderState) -> None:
    with library.catalog.writing() as (session, _):
        session.execute(update(Folder).where(Folder.id == folder.id).values(state=state, scanned_at=datetime.now(UTC)))


def _mark(library: Library, photo_ids: Sequence[int], state: PhotoState) -> int:
    """Sets the state of photos, tells followers of their contents, and gives back how many they are."""
    for ids in batched(photo_ids, _IDS_A_STATEMENT):
        with library.catalog.writing() as (session, revision):
            session.execute(update(Photo).where(Photo.id.in_(ids)).values(state=state))
            contents = select(Photo.content_id).where(Photo.id.in_(ids))
            session.execute(update(Content).where(Content.id.in_(contents)).values(revision=revision))
    return len(photo_ids)
