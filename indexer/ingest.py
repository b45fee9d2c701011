"""Scan -> decode -> encode -> commit: brings the catalog in step with a folder on disk.

Each batch of photos is committed with its vectors in one transaction, while the next is being encoded: whatever
interrupts a run, at most these two are done again by the next one. A file that fails becomes a row with its reason and
the run goes on.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from clipcore.batches import batched
from indexer.catalog import Clock, Content, ContentColours, ContentLooks, Folder, FolderState, Photo, PhotoState
from indexer.control import Control
from indexer.database import network_under, writing_alone
from indexer.errors import BusyError, StorageError
from indexer.excludes import Excludes
from indexer.guard import is_unplugged, lost_mounts, refuse_mass_disappearance
from indexer.library import Library
from indexer.mounts import mounts_in
from indexer.scan import Changes, Rules, find_changes

if TYPE_CHECKING:  # decoders and numpy, which a pass that finds nothing to do never needs
    from indexer.reading import ReadFile

log = logging.getLogger(__name__)

_IDS_A_STATEMENT = 500
_FAILURES_TOLD = 1_000
_PATIENCE = 5.0  # seconds to wait for another run to end
_warned_of: set[str | None] = set()  # once a process
_CLOCKS_DIFFER = 2.0  # seconds that a file's time may lie in the future and still mean "now"


@dataclass
class Report:
    """What a pass did, in files."""

    folder: str
    total: int = 0  # to be read
    done: int = 0  # of those
    indexed: int = 0  # read, decoded and encoded
    known: int = 0  # read; their content was known: copied or touched
    moved: int = 0  # read; a missing photo was found again under another name
    failures: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)  # path, reason; of the first: all are in the catalog
    described: int = 0  # their metadata was read, not they themselves
    returned: int = 0
    missing: int = 0
    excluded: int = 0  # left out from now on
    unchanged: int = 0
    unsettled: list[str] = field(default_factory=list)  # folders with files that were still being written
    unreadable: dict[str, str] = field(default_factory=dict)  # folder, reason
    unread: list[str] = field(default_factory=list)  # folders whose disk failed under a file: the next pass tries again
    offline: bool = False
    cancelled: bool = False
    paused: bool = False  # waiting, now
    comparing: bool = False  # all is read; now the colours and copies of what is new are looked for
    held: bool = False  # its owner paused this folder: nothing was looked at

    def count(self, batch: Sequence["ReadFile"], moved: int) -> None:
        self.done += len(batch)
        self.moved += moved
        self.missing -= moved
        for item in batch:
            if item.error:
                self.failures += 1
                if item.is_unread and os.path.dirname(item.found.path) not in self.unread[-1:]:
                    self.unread.append(os.path.dirname(item.found.path))
                if len(self.failed) < _FAILURES_TOLD:
                    self.failed.append((item.found.path, item.error))
            elif item.photo:
                self.indexed += 1
            elif item.identity:
                self.known += 1
        self.known -= moved

    @property
    def nothing_to_do(self) -> bool:
        return not (self.done or self.described or self.returned or self.missing or self.excluded or self.offline)


Progress = Callable[[Report], None]


@dataclass(frozen=True)
class Options:
    """How a pass is made.

    Attributes:
        retry_failed: read again what could not be read before.
        accept_missing: what is gone is meant to be: an empty folder is no unplugged one.
        settle_seconds: leave files that were written to more recently than this for a later pass.
    """

    retry_failed: bool = False
    accept_missing: bool = False
    settle_seconds: float = 0


def ingest(
    library: Library,
    folder: Folder,
    *,
    below: Path | Sequence[Path] | None = None,
    retry_failed: bool = False,
    accept_missing: bool = False,
    settle_seconds: float = 0,
    progress: Progress = lambda report: None,
    stop: threading.Event | None = None,
) -> Report:
    """One pass over a folder, or over what lies `below` some of its subfolders; `progress` hears of every batch.

    A folder that is absent or empty is marked offline and its photos are kept as they are. A pass that finds most of a
    folder gone stops before it changes anything. `accept_missing` says that both are meant. Once `stop` is set, or the
    run is cancelled from another process (`indexer.control`), the pass ends after the batch at hand.

    Raises:
        BusyError: another run is writing to this library.
        DisappearedError: too many photos are gone.
        StorageError: the disk is full or read-only; what was committed stays.
    """
    options = Options(retry_failed, accept_missing, settle_seconds)
    report = Report(folder.path)
    going = _Going(Control(library.catalog, stop or threading.Event(), folder.id), report, progress)
    if not going.may_go_on():
        report.held = going.is_held()
        report.cancelled = not report.held
        return report
    with writing_library(library) as still_alone:
        going.still_alone = still_alone
        encoder_id = library.encoder_id
        with library.catalog.reading() as session:
            if not accept_missing and is_unplugged(session, folder):
                report.offline = True
            else:
                changes = _look(session, library, folder, below, options, encoder_id)
        if report.offline:
            _set_state(library, folder, FolderState.OFFLINE)
            return report
        _mark_changes(library, changes, report)
        progress(report)
        if changes.to_read:
            _read(library, folder, changes, going)
        if changes.to_describe and not report.cancelled:
            _describe(library, changes, going)
        if not report.cancelled:
            report.comparing = True
            _colour(library, going)
            _compare(library, going)
            report.comparing = False
        _set_state(library, folder, FolderState.ONLINE, keep_mounts=not accept_missing)
    return report


def preview(
    library: Library, folder: Folder, below: Path | None = None, options: Options = Options()
) -> Changes | None:
    """What `ingest` would do, without doing it; None for a folder that is offline. The folder need not be added yet.

    Raises:
        DisappearedError: as `ingest` would.
    """
    encoder_id = library.known_encoder_id()
    with library.catalog.reading() as session:
        if not options.accept_missing and is_unplugged(session, folder):
            return None
        return _look(session, library, folder, below, options, encoder_id)


def _look(
    session: Session,
    library: Library,
    folder: Folder,
    below: Path | Sequence[Path] | None,
    options: Options,
    encoder_id: int | None,
) -> Changes:
    """The changes of a pass, once they are known to be no catastrophe."""
    patterns = (*library.settings.exclude, *folder.exclude.splitlines())
    keep = () if options.accept_missing else tuple((point, "not mounted") for point in lost_mounts(folder))
    now = time.time()
    rules = Rules(
        retry_failed=options.retry_failed,
        excludes=Excludes.of(folder.path, patterns),
        keep=keep,
        being_written=(int((now - options.settle_seconds) * 1e9), int((now + _CLOCKS_DIFFER) * 1e9))
        if options.settle_seconds
        else None,
    )
    starts = [below] if isinstance(below, Path) else below or []
    changes = find_changes(session, folder, encoder_id, starts, rules)
    if not options.accept_missing:
        refuse_mass_disappearance(session, folder, changes)
    return changes


def _mark_changes(library: Library, changes: Changes, report: Report) -> None:
    """Commits what needs no reading."""
    report.total, report.unchanged, report.unreadable = len(changes.to_read), changes.unchanged, changes.unreadable
    report.unsettled = sorted(changes.unsettled)
    report.missing = _mark(library, (photo.id for photo in changes.missing), PhotoState.MISSING)
    report.excluded = _mark(library, changes.excluded, PhotoState.EXCLUDED)
    report.returned = _mark(library, changes.returned, PhotoState.PRESENT)


class _Going:
    """A pass under way: what it has done, and whether it may go on."""

    def __init__(self, control: Control, report: Report, progress: Progress) -> None:
        self.report = report
        self._control = control
        self._progress = progress
        self.still_alone: Callable[[], None] = lambda: None

    def is_over(self) -> bool:
        """Tells of the batch that was done, waits while indexing is paused, and says whether to end here.

        Raises:
            CatalogError: the right to write was lost.
        """
        self._progress(self.report)
        self.still_alone()
        return not self.may_go_on()

    def may_go_on(self) -> bool:
        """Waits while indexing is paused, and says whether it is not to end."""
        return self._control.may_go_on(self._tell_paused)

    def is_held(self) -> bool:
        """Whether this folder is paused by itself."""
        return self._control.is_held()

    def _tell_paused(self, paused: bool) -> None:
        self.report.paused = paused
        self._progress(self.report)


def _read(library: Library, folder: Folder, changes: Changes, going: _Going) -> None:
    from indexer.reading import read_ahead
    from indexer.store import store_batches

    library.adopt_encoder()
    encoder_id, report = library.encoder_id, going.report
    with (
        closing(read_ahead(library, changes.to_read, encoder_id)) as read,
        closing(store_batches(library, folder, encoder_id, batched(read, library.settings.batch_size))) as stored,
    ):
        for batch, moved in stored:
            report.count(batch, moved)
            if going.is_over():
                report.cancelled = report.done < report.total
                return


def _describe(library: Library, changes: Changes, going: _Going) -> None:
    from indexer.reading import describe_ahead
    from indexer.store import store_metadata

    with closing(describe_ahead(library, changes.to_describe)) as described:
        for batch in batched(described, _IDS_A_STATEMENT):
            unread = [found.path for found, metadata in batch if metadata is None]
            going.report.unread += sorted({os.path.dirname(path) for path in unread})
            if unread:
                log.warning("%s and %d more could not be described: their disk failed", unread[0], len(unread) - 1)
            going.report.described += store_metadata(library, batch)
            if going.is_over():
                going.report.cancelled = going.report.described < len(changes.to_describe)
                return


def _colour(library: Library, going: _Going) -> None:
    """Looks at the colours of what is new, in a library without any at all of it."""
    with library.catalog.reading() as session:
        newest = session.execute(select(func.max(Content.id))).scalar() or 0
        if newest == (session.execute(select(func.max(ContentColours.content_id))).scalar() or 0):
            return
    from indexer.colours import complete_colours

    complete_colours(library, going.is_over)


def _compare(library: Library, going: _Going) -> None:
    """Compares what is new or gone with the rest, so that copies fold; in a library never compared, all of it."""
    with library.catalog.reading() as session:
        clock = session.scalars(select(Clock)).one()
        changed = (session.scalar(select(func.max(of.revision))) or 0 for of in (Content, ContentLooks))
        if clock.compared_by == library.encoder_id and max(changed) <= clock.compared_at:
            return
    from indexer.alike import follow_alike

    follow_alike(library, going.is_over)


@contextmanager
def writing_library(library: Library) -> Iterator[Callable[[], None]]:
    """Holds the locks of this machine's files and of a shared catalog; both are released when their holder dies.

    Gives what raises a CatalogError where the catalog's was lost.
    """
    folder = library.settings.data_folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "writing.lock", timeout=_PATIENCE).acquire()
    except Timeout as error:
        raise BusyError(f"another run is indexing into {folder}: wait for it to end, or stop it") from error
    except OSError as error:
        raise StorageError(f"cannot write in {folder}: {error.strerror}") from error
    _warn_of_network(library)
    with lock, writing_alone(library.catalog.engine, _PATIENCE) as still_alone:
        yield still_alone


def _warn_of_network(library: Library) -> None:
    path = library.catalog.engine.url.database
    if path in _warned_of or (kind := network_under(library.catalog.engine)) is None:
        return
    _warned_of.add(path)
    log.warning(
        "%s lies on a network (%s), where SQLite may lose what was committed: move SIGHTLINE_HOME to a disk of this "
        "machine, or use PostgreSQL (SIGHTLINE_DATABASE_URL)",
        *(path, kind),
    )


def _set_state(library: Library, folder: Folder, state: FolderState, keep_mounts: bool = True) -> None:
    with library.catalog.writing() as (session, _):
        values = {"state": state, "scanned_at": datetime.now(UTC)}
        if state == FolderState.ONLINE:
            mounts = set(mounts_in(folder.path)) | set(lost_mounts(folder) if keep_mounts else ())
            values["mounts"] = "\n".join(sorted(mounts))
        not_paused = Folder.state != FolderState.PAUSED  # since the pass began
        session.execute(update(Folder).where(Folder.id == folder.id, not_paused).values(values))


def _mark(library: Library, photo_ids: Iterable[int], state: PhotoState) -> int:
    """Sets the state of photos, tells followers of their contents, and gives back how many they are."""
    count = 0
    for ids in batched(photo_ids, _IDS_A_STATEMENT):
        with library.catalog.writing() as (session, revision):
            session.execute(update(Photo).where(Photo.id.in_(ids)).values(state=state))
            contents = select(Photo.content_id).where(Photo.id.in_(ids))
            session.execute(update(Content).where(Content.id.in_(contents)).values(revision=revision))
        count += len(ids)
    return count
