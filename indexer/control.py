"""Pausing, resuming and cancelling whoever indexes, from any process: kept in the catalog, asked between batches."""

import threading
from collections.abc import Callable

from sqlalchemy import select, update

from indexer.catalog import Catalog, Clock, Folder, FolderState

_LOOK_EVERY = 0.5  # seconds, while paused


def pause(catalog: Catalog) -> None:
    """Whoever indexes into this catalog waits from its next batch on, and so does whoever begins to."""
    _set(catalog, paused=True)


def resume(catalog: Catalog) -> None:
    """Takes `pause` back."""
    _set(catalog, paused=False)


def cancel(catalog: Catalog) -> None:
    """Runs under way end after the batch at hand, paused ones too. What they did is kept."""
    with catalog.writing() as (session, _):
        session.execute(update(Clock).values(cancelled_at=Clock.cancelled_at + 1))


def is_paused(catalog: Catalog) -> bool:
    with catalog.reading() as session:
        return session.execute(select(Clock.paused)).scalar_one()


def _set(catalog: Catalog, *, paused: bool) -> None:
    with catalog.writing() as (session, _):
        session.execute(update(Clock).values(paused=paused))


class Control:
    """What one run asks between its batches."""

    def __init__(self, catalog: Catalog, stop: threading.Event, folder_id: int | None = None) -> None:
        self._catalog = catalog
        self._stop = stop
        self._folder = select(Folder.state).where(Folder.id == folder_id)
        self._cancelled_before = self._state()[1]

    def may_go_on(self, tell_paused: Callable[[bool], None]) -> bool:
        """Waits while indexing is paused, which `tell_paused` hears of; then whether the run may go on."""
        waited = False
        while True:
            paused, cancelled = self._state()
            if self._stop.is_set() or cancelled != self._cancelled_before or self.is_held():
                return False
            if not paused:
                break
            if not waited:
                waited = True
                tell_paused(True)
            self._stop.wait(_LOOK_EVERY)
        if waited:
            tell_paused(False)
        return True

    def is_held(self) -> bool:
        """Whether the folder of the run is paused by itself: others are looked through meanwhile."""
        with self._catalog.reading() as session:
            return session.execute(self._folder).scalar() is FolderState.PAUSED

    def _state(self) -> tuple[bool, int]:
        with self._catalog.reading() as session:
            paused, cancelled = session.execute(select(Clock.paused, Clock.cancelled_at)).one()
        return paused, cancelled
