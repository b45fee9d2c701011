"""The pages (Streamlit), in a server that answers the API before they are there: to import them takes half a second.

They are opened in a thread, once somebody asks for one or a moment after the server began. Who asks meanwhile waits.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import problem
from app.heap import keep_what_is_loaded

if TYPE_CHECKING:
    import streamlit

log = logging.getLogger(__name__)

_SCRIPT = Path(__file__).parent / "ui" / "main.py"
_AT_THE_LATEST = 3.0  # seconds after the server began: the first searches shall not share a core with an import


class Pages:
    """An ASGI application, and its lifespan. Where they cannot be opened whoever asks is told, and the API goes on."""

    def __init__(self) -> None:
        self._wanted = asyncio.Event()
        self._opened: asyncio.Task[ASGIApp] | None = None

    def want(self) -> None:
        """Opens them now."""
        self._wanted.set()

    @asynccontextmanager
    async def lifespan(self, _: object) -> AsyncIterator[None]:
        """While the server runs."""
        async with AsyncExitStack() as running:
            self._opened = asyncio.create_task(self._open(running))
            yield
            self._opened.cancel()
            with suppress(asyncio.CancelledError):
                await self._opened

    async def _open(self, running: AsyncExitStack) -> ASGIApp:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), _AT_THE_LATEST)
        try:
            pages = await asyncio.to_thread(_import)
            await running.enter_async_context(pages.lifespan()(pages))
        except Exception as error:  # whatever there is in Streamlit, or in its settings, which are not ours alone
            log.error("the pages cannot be opened, the API can: %s", error)
            return _closed
        keep_what_is_loaded()
        return pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.want()
        assert self._opened is not None, "asked before the lifespan began"
        pages = await asyncio.shield(self._opened)
        await pages(scope, receive, send)


def _import() -> "streamlit.App":
    import streamlit

    return streamlit.App(_SCRIPT)


async def _closed(scope: Scope, receive: Receive, send: Send) -> None:
    told = problem(503, "No pages", "they could not be opened: the server said why, where it was started")
    await told(scope, receive, send)
