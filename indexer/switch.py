"""Another encoder for the whole library: built beside the one in use, taken over in one step, the old one kept.

While its vectors are made, searches and passes go on with the old encoder. What is interrupted goes on where it was,
because a content is done when it has a vector. Photos that arrive meanwhile are found by the next round; the last round
and the step itself are one transaction, so that no photo is left without a vector of the encoder in use.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from filelock import FileLock, Timeout
from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import Session

from clipcore.batches import batched
from indexer.catalog import Clock, Content, Folder, Photo, PhotoState, Vector
from indexer.errors import BusyError, SwitchError
from indexer.library import Library
from indexer.reading import ReadFile, read_ahead
from indexer.spool import Spool
from indexer.store import store_batch
from indexer.walk import FoundFile

_ROWS_AT_A_TIME = 1_000


@dataclass
class Build:
    """How far the vectors of a new encoder are, in contents."""

    encoder: str
    total: int = 0
    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)  # path, reason
    switched: bool = False


def switch_encoder(
    target: Library,
    *,
    leave_unreadable: bool = False,
    progress: Callable[[Build], None] = lambda build: None,
    stop: threading.Event | None = None,
) -> Build:
    """Makes the vectors that `target`, the library with the new encoder, lacks, then makes that encoder the library's.

    `leave_unreadable`: go over although some photos cannot be read now; searches will not find them until they can be.

    Raises:
        SwitchError: some photos cannot be read now. What was made is kept; the next try goes on from there.
        BusyError: another switch is under way.
    """
    stop = stop or threading.Event()
    with _switching_alone(target):
        build = Build(target.encoder.name)
        skipped: set[int] = set()
        while not stop.is_set():
            build.total = build.done + _count(target, _lacking(target.encoder_id))
            progress(build)
            made = sum(_round(target, build, skipped, progress, stop))
            if stop.is_set():
                return build
            if skipped and not leave_unreadable:
                path, reason = next(iter(build.failed.items()))
                raise SwitchError(
                    f"{len(skipped):,} photos cannot be read for {build.encoder} now (the first: {path}: {reason}). "
                    "Searches go on with the encoder they had. Make the photos readable and run this again, or add "
                    "--leave-unreadable to go over without them"
                )
            if not made and _take_over(target, len(skipped)):
                build.switched = True
                return build
        return build


def _round(
    target: Library, build: Build, skipped: set[int], progress: Callable[[Build], None], stop: threading.Event
) -> Iterator[int]:
    """One walk over the contents without a vector; gives the number made, batch by batch."""
    content_ids: dict[str, int] = {}

    def files() -> Iterator[tuple[Folder, FoundFile]]:
        for content_id, folder, file in _files(target):
            if content_id not in skipped:
                content_ids[file.path] = content_id
                yield folder, file

    for group in batched(files(), _ROWS_AT_A_TIME):
        folders = {file.path: folder for folder, file in group}
        with closing(read_ahead(target, _spooled(file for _, file in group), target.encoder_id)) as read:
            for batch in batched(read, target.settings.batch_size):
                good = [item for item in batch if item.identity and item.error is None]
                for item in batch:
                    if item not in good:
                        build.failed[item.found.path] = item.error or "not there, or still being written"
                        skipped.add(content_ids[item.found.path])
                _store(target, folders, good)
                build.done += len(good)
                progress(build)
                yield len(good)
                if stop.is_set():
                    return


def _store(target: Library, folders: dict[str, Folder], items: Sequence[ReadFile]) -> None:
    by_folder: dict[int, list[ReadFile]] = {}
    for item in items:
        by_folder.setdefault(folders[item.found.path].id, []).append(replace(item, metadata=None))  # known already
    for batch in by_folder.values():
        store_batch(target, folders[batch[0].found.path], target.encoder_id, batch)


def _spooled(files: Iterable[FoundFile]) -> Spool[FoundFile]:
    spool: Spool[FoundFile] = Spool()
    for file in files:
        spool.append(file)
    return spool


def _lacking(encoder_id: int) -> ColumnElement[bool]:
    """Whether a content is to be found and has no vector of the encoder."""
    present = exists().where(Photo.content_id == Content.id, Photo.state == PhotoState.PRESENT).correlate(Content)
    seen = exists().where(Vector.content_id == Content.id, Vector.encoder_id == encoder_id).correlate(Content)
    return present & ~seen


def _files(target: Library) -> Iterator[tuple[int, Folder, FoundFile]]:
    """A file of each content that lacks a vector, by content, as the catalog stands at each thousand."""
    after = 0
    while True:
        one = select(func.min(Photo.id)).where(Photo.content_id == Content.id, Photo.state == PhotoState.PRESENT)
        query = (
            select(Content.id, Photo, Folder)
            .join(Photo, Photo.id == one.correlate(Content).scalar_subquery())
            .join(Folder, Folder.id == Photo.folder_id)
            .where(_lacking(target.encoder_id), Content.id > after)
            .order_by(Content.id)
            .limit(_ROWS_AT_A_TIME)
        )
        with target.catalog.reading() as session:
            rows = session.execute(query).all()
        for content_id, photo, folder in rows:
            yield content_id, folder, FoundFile(photo.path, photo.size, photo.mtime_ns)
        if not rows:
            return
        after = rows[-1][0]


def _take_over(target: Library, unreadable: int) -> bool:
    """Makes the encoder the library's, unless photos have arrived since the last round."""
    with target.catalog.writing() as (session, _):
        if _counted(session, _lacking(target.encoder_id)) > unreadable:
            return False
        session.execute(update(Clock).values(encoder_id=target.encoder_id))
    return True


def _count(library: Library, condition: ColumnElement[bool]) -> int:
    with library.catalog.reading() as session:
        return _counted(session, condition)


def _counted(session: Session, condition: ColumnElement[bool]) -> int:
    return session.execute(select(func.count(Content.id)).where(condition)).scalar_one()


def _switching_alone(library: Library) -> FileLock:
    folder = library.settings.data_folder
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "switching.lock", timeout=0)
    try:
        return lock.acquire().lock
    except Timeout as error:
        raise BusyError(f"another switch of encoders is under way in {folder}: wait for it to end") from error
