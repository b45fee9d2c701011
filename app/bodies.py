"""How much may be sent to this server at once."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.shield import refuse


class BodyLimit:
    """Refuses request bodies of more than `limit` bytes, before reading them where their length is said."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "0")
        too_much = f"the request has more than {self._limit:,} bytes (setting max_upload_bytes)"
        if said.isascii() and said.isdecimal() and int(said[:20]) > self._limit:
            await refuse(scope, receive, send, 413, too_much)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                raise HTTPException(413, too_much)
            return message

        await self._app(scope, counted, send)
