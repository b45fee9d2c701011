"""What changed on disk since last time: a walk compared with the catalog. Reads no file, writes nothing.

Both come in the order of their paths and are merged as two sorted lists are, so that neither is held in memory.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, String, and_, case, not_, null, or_, select, type_coerce
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from indexer.catalog import Folder, Photo, PhotoMetadata, PhotoState, Vector
from indexer.columns import original_text, stored_text
from indexer.errors import FolderError
from indexer.excludes import ExcludedPaths, Excludes
from indexer.metadata import VERSION
from indexer.spool import Spool
from indexer.walk import FoundFile, walk_runs

_ROWS_AT_A_TIME = 10_000
_LONGEST_INDEXED = 2_600  # bytes of UTF-8
_READ, _DESCRIBE, _FAILED, _MISSING, _EXCLUDED = 1, 2, 4, 8, 16  # to be read, to be described, could not be read ...
_Row = Sequence[Any]


class GonePhoto(NamedTuple):
    """A photo whose file the walk did not find."""

    id: int
    path: str
    size: int
    mtime_ns: int


@dataclass
class Changes:
    """What a pass has to do."""

    to_read: Spool[FoundFile] = field(default_factory=Spool)  # new or changed, or without a vector of this encoder
    to_describe: Spool[FoundFile] = field(default_factory=Spool)  # known, with another side-car or never described
    returned: Spool[int] = field(default_factory=Spool)  # ids of photos that were missing and are as they were
    missing: Spool[GonePhoto] = field(default_factory=Spool)
    excluded: Spool[int] = field(default_factory=Spool)  # ids of photos that are left out now
    unchanged: int = 0
    unsettled: set[str] = field(default_factory=set)  # folders with files that were written to a moment ago
    unreadable: dict[str, str] = field(default_factory=dict)  # what could not be looked at: path to reason

    @property
    def nothing_to_do(self) -> bool:
        return not (self.to_read or self.to_describe or self.returned or self.missing or self.excluded)


@dataclass(frozen=True)
class Rules:
    """How a pass looks at things.

    Attributes:
        retry_failed: read again what could not be read before.
        excludes: what is left out, ignore files aside.
        keep: folders whose photos stay as they are though they are not there, each with the reason.
        being_written: files modified between these two times, in ns, are left for a later pass.
    """

    retry_failed: bool = False
    excludes: Excludes = Excludes()
    keep: tuple[tuple[str, str], ...] = ()
    being_written: tuple[int, int] | None = None


def find_changes(
    session: Session, folder: Folder, encoder_id: int | None, starts: Sequence[Path] = (), rules: Rules = Rules()
) -> Changes:
    """Compares what is below `folder` (or below some folders in it) with what the catalog knows of it.

    A known file is unchanged while its size and modification time are, and a vector of this encoder is there. One that
    failed is not read again until it changes, or is asked for. What lies below an unreadable folder stays as it is.

    Raises:
        FolderError: one of the `starts` is not inside the folder.
    """
    changes = Changes(unreadable=dict(rules.keep))
    excluded = ExcludedPaths(folder.path, rules.excludes)
    for start in starts or [Path(folder.path)]:
        if not start.is_relative_to(folder.path):
            raise FolderError(f"{start} is not inside {folder.path}")
        try:
            here = excluded.rules_in(str(start))
        except OSError as error:  # nobody knows what is to be left out
            changes.unreadable[str(start)] = str(error.strerror)
            here = None
        runs = walk_runs(str(start), here, changes.unreadable) if here is not None else iter(())
        if session.get_bind().dialect.name == "postgresql":
            runs = _that_fit(runs, changes.unreadable)
        known = _Known(_known(session, str(start), encoder_id, rules.retry_failed))
        _compare(runs, known, changes, excluded, rules.being_written)
    return changes


def _that_fit(runs: Iterable[list[FoundFile]], unreadable: dict[str, str]) -> Iterator[list[FoundFile]]:
    """Leaves out, and says, files whose paths PostgreSQL cannot keep: its indexes take 2,704 bytes an entry."""
    for run in runs:
        fitting = []
        for file in run:
            size = len(stored_text(file.path).encode())
            if size <= _LONGEST_INDEXED:
                fitting.append(file)
            else:
                unreadable[file.path] = f"a path of {size:,} bytes; PostgreSQL's index takes {_LONGEST_INDEXED:,}"
        yield fitting


class _Known:
    """The photos below a folder as the catalog has them, in the order of their paths, a few thousand in memory.

    Each is a plain row, since there is one for every unchanged file: path as it is stored, size, mtime_ns, what is
    special about it (`_READ` and so on, added up; None: nothing), its side-car's mtime_ns; then its id. The first five
    are what a settled file without a side-car is as a `FoundFile`, so that most are compared a whole folder at a time.
    """

    def __init__(self, chunks: Iterator[Sequence[_Row]]) -> None:
        self._chunks = chunks
        self._rows: list[_Row] = []
        self._looks: list[_Row] = []  # their first five
        self._at = 0

    def first(self) -> _Row | None:
        """The next photo; None at the end."""
        return self._rows[self._at] if self._at < len(self._rows) or self._more() else None

    def skip(self, count: int) -> None:
        self._at += count

    def begin_with(self, run: list[FoundFile]) -> bool:
        """Whether the next photos are just these files, with nothing to do for any of them."""
        while len(self._rows) - self._at < len(run):
            if not self._more():
                return False
        return self._looks[self._at : self._at + len(run)] == run

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._rows = [*self._rows[self._at :], *chunk]
        self._looks = self._looks[self._at :] + [row[:5] for row in chunk]
        self._at = 0
        return True


def _known(session: Session, start: str, encoder_id: int | None, retry_failed: bool) -> Iterator[Sequence[_Row]]:
    """The photos below a folder, by path, a few thousand at a time, each as `_Known` says."""
    below = stored_text(os.path.join(start, ""))
    photo, vector, said = Photo.__table__.c, Vector.__table__.c, PhotoMetadata.__table__.c
    path: ColumnElement[str] = type_coerce(photo.path, String)
    if session.get_bind().dialect.name == "postgresql":
        path = path.collate("C")  # by code points, as SQLite does and Python
    failed: ColumnElement[Any] = photo.error.is_not(None)
    done: ColumnElement[Any] = vector.content_id.is_not(None)
    if not retry_failed:
        done = or_(done, failed)
    described: ColumnElement[Any] = or_(said.version == VERSION, failed)
    state = type_coerce(photo.state, String)
    special = (
        case((done, 0), else_=_READ)
        + case((described, 0), else_=_DESCRIBE)
        + case((failed, _FAILED), else_=0)
        + case((state == PhotoState.MISSING.value, _MISSING), (state == PhotoState.EXCLUDED.value, _EXCLUDED), else_=0)
    )
    ordinary = and_(done, described, not_(failed), state == PhotoState.PRESENT.value)
    of_encoder = and_(vector.content_id == photo.content_id, vector.encoder_id == encoder_id)
    query = (
        select(
            path,
            photo.size,
            photo.mtime_ns,
            case((ordinary, null()), else_=special),
            said.sidecar_mtime_ns,
            photo.id,
        )
        .select_from(
            Photo.__table__.outerjoin(Vector.__table__, of_encoder).outerjoin(
                PhotoMetadata.__table__, said.photo_id == photo.id
            )
        )
        .where(path >= below, path < below[:-1] + chr(ord(os.sep) + 1))
        .order_by(path)
    )
    return _fetched(session.connection(), query)


def _fetched(connection: Connection, query: Select[Any]) -> Iterator[Sequence[_Row]]:
    """Rows as tuples. SQLite's come from the driver itself: SQLAlchemy makes an object of each, in twice the time.

    Raises:
        DBAPIError: the database failed while they were fetched.
    """
    if connection.dialect.name != "sqlite":
        streamed = connection.execute(query, execution_options={"yield_per": _ROWS_AT_A_TIME})
        yield from (list(map(tuple, rows)) for rows in streamed.partitions())
        return
    with connection.execute(query) as result:
        assert result.cursor is not None
        try:
            while rows := result.cursor.fetchmany(_ROWS_AT_A_TIME):
                yield rows
        except sqlite3.Error as error:  # as SQLAlchemy would say it
            raise DBAPIError(str(query), None, error) from error


def _compare(
    runs: Iterable[list[FoundFile]],
    known: _Known,
    changes: Changes,
    excluded: ExcludedPaths,
    being_written: tuple[int, int] | None,
) -> None:
    for run in runs:
        if known.begin_with(run):
            known.skip(len(run))
            changes.unchanged += len(run)
        else:
            for file in run:
                _compare_file(file, known, changes, excluded, being_written)
    while (row := known.first()) is not None:
        _gone(row, changes, excluded)
        known.skip(1)


def _compare_file(
    file: FoundFile,
    known: _Known,
    changes: Changes,
    excluded: ExcludedPaths,
    being_written: tuple[int, int] | None,
) -> None:
    path = stored_text(file.path)
    while (row := known.first()) is not None and row[0] < path:
        _gone(row, changes, excluded)
        known.skip(1)
    if row is None or row[0] != path:
        _read(file, changes, being_written)
        return
    known.skip(1)
    _, size, mtime_ns, special, sidecar_mtime_ns, photo_id = row
    special = special or 0
    if special & _READ or mtime_ns != file.mtime_ns or size != file.size:
        _read(file, changes, being_written)
        return
    if not special & _FAILED and (special & _DESCRIBE or sidecar_mtime_ns != file.sidecar_mtime_ns):
        changes.to_describe.append(file)
    if special & (_MISSING | _EXCLUDED):
        changes.returned.append(photo_id)
    else:
        changes.unchanged += 1


def _read(file: FoundFile, changes: Changes, being_written: tuple[int, int] | None) -> None:
    if being_written is not None and being_written[0] < file.mtime_ns <= being_written[1]:
        changes.unsettled.add(os.path.dirname(file.path))
    else:
        changes.to_read.append(file)


def _gone(row: _Row, changes: Changes, excluded: ExcludedPaths) -> None:
    """A photo whose file was not found: left out on purpose, out of sight, or missing."""
    stored, size, mtime_ns, special, _, photo_id = row
    special = special or 0
    path = original_text(stored)
    if path in excluded:
        if not special & _EXCLUDED:
            changes.excluded.append(photo_id)
    elif not special & _MISSING and not _out_of_sight(path, changes.unreadable):
        changes.missing.append(GonePhoto(photo_id, path, size, mtime_ns))


def _out_of_sight(path: str, unreadable: dict[str, str]) -> bool:
    return any(path == hidden or path.startswith(os.path.join(hidden, "")) for hidden in unreadable)
