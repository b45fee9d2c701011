"""What one process needs to answer: a library, its search, its describe. The API and the pages share one."""

from functools import cached_property
from typing import TYPE_CHECKING

from app.errors import ServerError
from indexer.library import Library
from indexer.settings import Settings

if TYPE_CHECKING:  # a command that asks for neither imports neither
    from app.describe import Describe
    from app.search import Search


class Services:
    """Search and describe over one library, each made at its first use."""

    def __init__(self, settings: Settings) -> None:
        self.library = Library(settings)

    @cached_property
    def search(self) -> "Search":
        from app.search import Search

        return Search(self.library)

    @cached_property
    def describe(self) -> "Describe":
        from app.describe import Describe

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
