"""Who may ask, when others than this machine can: whoever has the token, in a header or a cookie, and not too often.

The token stands in ``Authorization: Bearer``, or the sign-in page keeps a cookie made from it. It is never looked for
in a URL, where it would stay in histories and logs. It covers pages, web sockets and API alike.
"""

import hashlib
import hmac
import os
import secrets
from http import HTTPStatus
from math import ceil

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.addresses import ROOT
from app.api.problems import problem
from app.errors import ServerError
from app.rates import Buckets, network_of
from app.shield import refuse
from app.sign_in import ADDRESS, asked_for, page, signed_in
from indexer.settings import Settings

COOKIE = "sightline"
_OPEN = f"{ROOT}/health/live"  # says nothing but that there is a server
_WRONG_PER_SECOND, _WRONG_AT_ONCE = 1 / 6, 20
_AT_ONCE = 10  # seconds' worth of requests: a page of thumbnails comes all at once


def find_token(settings: Settings) -> tuple[str, bool]:
    """The token of this server, kept in the data folder for its owner alone; and whether it was made just now.

    Raises:
        ServerError: it cannot be kept.
    """
    if settings.token is not None:
        return settings.token.get_secret_value(), False
    path = settings.token_file
    try:
        if path.exists():
            return path.read_text("ascii").strip(), False
        token = secrets.token_urlsafe(32)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{token}\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ServerError(f"cannot keep a token in {path}: {error}; set SIGHTLINE_TOKEN") from error
    return token, True


class Access:
    """Lets through whoever has the token."""

    def __init__(self, app: ASGIApp, token: str, per_second: float) -> None:
        self._app = app
        self._token = token
        self._cookie = hmac.digest(token.encode(), b"sightline sign-in", hashlib.sha256).hex()
        self._asked = Buckets(per_second, per_second * _AT_ONCE)
        self._wrong = Buckets(_WRONG_PER_SECOND, _WRONG_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        address = network_of((scope.get("client") or ("",))[0])
        if wait := self._asked.wait(address):
            await self._later(scope, receive, send, wait)
            return
        self._asked.take(address)
        if scope["type"] == "http" and scope["path"] == ADDRESS and scope["method"] == "POST":
            await (await self._sign_in(Request(scope, receive), address))(scope, receive, send)
        elif scope["path"] == _OPEN:
            await self._app(scope, receive, send)
        else:
            await self._judge(HTTPConnection(scope), address, receive, send)

    async def _judge(self, asked: HTTPConnection, address: str, receive: Receive, send: Send) -> None:
        given = self._given(asked)
        if given is None:
            await self._refuse(asked, receive, send)
        elif wait := self._wrong.wait(address):
            await self._later(asked.scope, receive, send, wait)
        elif given:
            await self._app(asked.scope, receive, send)
        else:
            self._wrong.take(address)
            await self._refuse(asked, receive, send)

    def _given(self, asked: HTTPConnection) -> bool | None:
        """Whether the header or the cookie is right; None where there is neither."""
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return _same(token.strip(), self._token)
        if COOKIE in asked.cookies:
            return _same(asked.cookies[COOKIE], self._cookie)
        return None

    async def _sign_in(self, request: Request, address: str) -> Response:
        if wait := self._wrong.wait(address):
            return page("/", f"Too many wrong tokens. Wait {ceil(wait)} seconds.", HTTPStatus.TOO_MANY_REQUESTS)
        token, then = await asked_for(request)
        if not _same(token, self._token):
            self._wrong.take(address)
            return page(then, "That is not the token.", HTTPStatus.FORBIDDEN)
        return signed_in(then, COOKIE, self._cookie, secure=request.url.scheme == "https")

    async def _refuse(self, asked: HTTPConnection, receive: Receive, send: Send) -> None:
        scope = asked.scope
        if scope["type"] == "websocket":
            await refuse(scope, receive, send, 401, "a token is needed")
            return
        if scope["method"] == "GET" and "text/html" in asked.headers.get("accept", ""):
            answer = page(f"{scope['path']}?{asked.url.query}".rstrip("?"))
        else:
            answer = problem(
                401, "A token is needed", "send it as Authorization: Bearer TOKEN, or sign in with a browser"
            )
            answer.headers["WWW-Authenticate"] = "Bearer"
        if COOKIE in asked.cookies:
            answer.delete_cookie(COOKIE, httponly=True, samesite="lax")  # or an old one is sent, and counted, for ever
        await answer(scope, receive, send)

    async def _later(self, scope: Scope, receive: Receive, send: Send, wait: float) -> None:
        if scope["type"] == "websocket":
            await refuse(scope, receive, send, 429, "too many requests")
            return
        answer = problem(429, "Too many requests", f"wait {ceil(wait)} seconds")
        answer.headers["Retry-After"] = str(ceil(wait))
        await answer(scope, receive, send)


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(), right.encode())
