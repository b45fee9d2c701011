"""What one process needs to answer: a library, its search, its describe. The API and the pages share one."""

import gc
import logging
import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING

from app.errors import ServerError
from app.jobs import Jobs
from clipcore.errors import ClipcoreError
from indexer.catalog import Catalog
from indexer.errors import IndexerError
from indexer.library import Library
from indexer.settings import Settings

if TYPE_CHECKING:  # a command that asks for neither imports neither
    from app.describe import Describe
    from app.map import LibraryMap
    from app.paging import Pages
    from app.search import Search

log = logging.getLogger(__name__)

_LOOK_EVERY = 0.5  # seconds


class Services:
    """Search and describe over one library, each made at its first use."""

    def __init__(self, settings: Settings, catalog: Catalog | None = None) -> None:
        self.library = Library(settings, catalog)

    @cached_property
    def search(self) -> "Search":
        from app.search import Search

        return Search(self.library)

    @cached_property
    def pages(self) -> "Pages":
        from app.paging import Pages

        return Pages(self.search)

    @cached_property
    def describe(self) -> "Describe":
        from app.describe import Describe

        return Describe(self.library)

    @cached_property
    def map(self) -> "LibraryMap":
        from app.map import LibraryMap

        return LibraryMap(self.library, self.describe.likelihood)


class Live:
    """The services of a process that goes on while its library goes over to another encoder.

    Whoever answers a question takes `now()` once and keeps to it, so that nothing is compared across two encoders.
    `follows` tells whether this process takes changes on disk in by itself.
    """

    def __init__(self, services: Services, *, follows: bool = False) -> None:
        self.follows = follows
        self.jobs = Jobs(self)
        self._services = services
        self._lock = threading.Lock()
        self._looked = time.monotonic()

    def now(self) -> Services:
        """Those of the encoder that the library uses now; while a new one is being loaded, still the old one's."""
        if time.monotonic() - self._looked > _LOOK_EVERY and self._lock.acquire(blocking=False):
            try:
                self._follow()
            finally:
                self._looked = time.monotonic()
                self._lock.release()
        return self._services

    def _follow(self) -> None:
        library = self._services.library
        if library.is_current():
            return
        try:
            fresh = Services(library.settings, library.catalog)
            fresh.search.warm_up()
            self._services = fresh
            gc.unfreeze()  # so that what the old encoder leaves can be collected (`app.heap`)
        except (ClipcoreError, IndexerError) as error:
            log.warning("the library uses another encoder now, which cannot be loaded: %s", error)


_current: Live | None = None


def use(services: Live) -> None:
    """Makes `services` what this process serves."""
    global _current
    _current = services


def current() -> Services:
    """What this process serves.

    Raises:
        ServerError: nothing: the pages were not started by ``sightline serve``.
    """
    return _live().now()


def jobs() -> Jobs:
    """The long work of this process. Raises as `current` does."""
    return _live().jobs


def _live() -> Live:
    if _current is None:
        raise ServerError("start Sightline with: sightline serve")
    return _current


def follows() -> bool:
    """Whether this process takes in by itself what changes in the indexed folders."""
    return _current is not None and _current.follows
