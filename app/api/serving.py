"""What every route answers from."""

from typing import Annotated

from fastapi import Depends, Request

from app.services import Live


async def _live(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


Serving = Annotated[Live, Depends(_live)]
"""The services of the library; a route calls `now()` once, so that it answers with one encoder throughout."""
