"""What one process needs to answer: a library, its search, its describe. The API and the pages share one."""

from functools import cached_property

from app.describe import Describe
from app.errors import ServerError
from app.search import Search
from indexer.library import Library
from indexer.settings import Settings


class Services:
    """Search and describe over one library, each made at its first use."""

    def __init__(self, settings: Settings) -> None:
        self.library = Library(settings)

    @cached_property
    def search(self) -> Search:
        return Search(self.library)

    @cached_property
    def describe(self) -> Describe:
        return Describe(self.library)


_current: Services | None = None


def use(services: Services) -> None:
    """Makes `services` what this process serves."""
    global _current
    _current = services


def current() -> Services:
    """What this process serves.

    Raises:
        ServerError: nothing: the pages were not started by ``sightline serve``.
    """
    if _current is None:
        raise ServerError("start Sightline with: sightline serve")
    return _current
