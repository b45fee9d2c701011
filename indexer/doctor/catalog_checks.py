"""The catalog against itself: the file's structure, references, and what must hold between rows."""

import os
from collections.abc import Iterator, Sequence

from sqlalchemy import func, select, text, update

from clipcore.batches import batched
from indexer.catalog import Clock, Content, Folder, Photo
from indexer.doctor.check import Check, Finding
from indexer.library import Library

_IDS_A_STATEMENT = 500
_NEVER_SEEN = {"size": -1, "mtime_ns": -1}  # what no file looks like: the next pass reads it again


def _damaged(library: Library) -> Iterator[Finding]:
    if library.catalog.engine.dialect.name != "sqlite":
        return  # a server looks after its own pages
    with library.catalog.reading() as session:
        for (line,) in session.execute(text("PRAGMA integrity_check(100)")):
            if line != "ok":
                yield Finding(str(library.catalog.engine.url), line.replace("\n", " "))


def _dangling(library: Library) -> Iterator[Finding]:
    if library.catalog.engine.dialect.name != "sqlite":
        return  # enforced at every commit
    with library.catalog.reading() as session:
        for table, row, parent, _ in session.execute(text("PRAGMA foreign_key_check")):
            yield Finding(f"{table} {row}", f"refers to a {parent} that is not there", row or 0)


def _clock_behind(library: Library) -> Iterator[Finding]:
    with library.catalog.reading() as session:
        clock = session.execute(select(Clock.revision)).scalar_one()
        newest = session.execute(select(func.max(Content.revision))).scalar_one() or 0
    if newest > clock:
        yield Finding("clock", f"says {clock}, but a content was changed at {newest}", newest)


def _advance_clock(library: Library, findings: Sequence[Finding]) -> None:
    with library.catalog.writing() as (session, _):
        session.execute(update(Clock).values(revision=max(finding.id for finding in findings) + 1))


def _undecided(library: Library) -> Iterator[Finding]:
    neither = Photo.content_id.is_(None) & Photo.error.is_(None)
    both = Photo.content_id.is_not(None) & Photo.error.is_not(None)
    with library.catalog.reading() as session:
        for id_, path, error in session.execute(select(Photo.id, Photo.path, Photo.error).where(neither | both)):
            yield Finding(path, "has a content and a failure" if error else "has neither content nor failure", id_)


def _read_again(library: Library, findings: Sequence[Finding]) -> None:
    for part in batched(findings, _IDS_A_STATEMENT):
        with library.catalog.writing() as (session, revision):
            ids = [finding.id for finding in part]
            contents = select(Photo.content_id).where(Photo.id.in_(ids))
            session.execute(update(Content).where(Content.id.in_(contents)).values(revision=revision))
            session.execute(
                update(Photo)
                .where(Photo.id.in_(ids))
                .values(content_id=None, error="to be read again: its row was damaged", **_NEVER_SEEN)
            )


def _outside(library: Library) -> Iterator[Finding]:
    query = select(Photo.id, Photo.path, Folder.path).join(Folder, Folder.id == Photo.folder_id)
    with library.catalog.reading() as session:
        for id_, path, folder in session.execute(query).yield_per(10_000):
            if not path.startswith(os.path.join(folder, "")):
                yield Finding(path, f"is not inside its folder {folder}", id_)


def _forget_photos(library: Library, findings: Sequence[Finding]) -> None:
    for part in batched(findings, _IDS_A_STATEMENT):
        with library.catalog.writing() as (session, revision):
            for photo in session.scalars(select(Photo).where(Photo.id.in_([finding.id for finding in part]))):
                session.execute(update(Content).where(Content.id == photo.content_id).values(revision=revision))
                session.delete(photo)


CATALOG_CHECKS = (
    Check(
        "catalog-damaged",
        "the catalog's file is damaged",
        "export what can be read (sightline export), or put back a backup",
        _damaged,
    ),
    Check("reference-broken", "rows refer to rows that are not there", "put back a backup of the catalog", _dangling),
    Check(
        "clock-behind", "the clock is behind the changes, so that readers miss some", "advance it", _clock_behind,
        _advance_clock,
    ),
    Check(
        "photo-undecided", "photos that are neither read nor failed", "have the next pass read them again",
        _undecided, _read_again,
    ),
    Check(
        "photo-outside", "photos that lie in no indexed folder", "take them out; their files stay", _outside,
        _forget_photos,
    ),
)  # fmt: skip
