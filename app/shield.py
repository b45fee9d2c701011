"""What stands between the pages and the world: under which names they answer, to which pages, and what a page may load.

A browser that was given another site's name that resolves to this machine (DNS rebinding) gets no answer, nor does
another site's page (cross-site requests), be it over HTTP or a web socket; and no page loads anything from elsewhere,
so that nothing about a photo can leave.
"""

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem

LOOPBACK = ("127.0.0.1", "localhost", "::1")

_HEADERS = {
    # Streamlit's pages need inline styles and evaluated scripts; nothing may come from, or go to, another origin
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "base-uri 'self'; form-action 'self'; object-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Hosts:
    """The names under which this server answers; with `addresses`, under any address as well."""

    def __init__(self, names: Iterable[str] = (), *, addresses: bool = False) -> None:
        self._names = {*LOOPBACK, *(name.lower() for name in names)}
        self._addresses = addresses
        if addresses:
            own = socket.gethostname().lower()
            self._names |= {own, f"{own.partition('.')[0]}.local"}

    def __contains__(self, header: str) -> bool:
        name = _name_of(header)
        return name in self._names or (self._addresses and _is_address(name))


class Shield:
    """Refuses what comes under another name or from another site's page, and adds the headers above."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if reason := self._reason_against(scope, Headers(scope=scope)):
            await refuse(scope, receive, send_with_headers, *reason)
        else:
            await self._app(scope, receive, send_with_headers)

    def _reason_against(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if host not in self._hosts:
            return 400, "this server does not answer under that name: add it to the setting allowed_hosts if it should"
        if is_from_another_site(scope.get("method", "GET"), host, headers):
            return 403, "this request comes from another site's page"
        return None


def is_from_another_site(method: str, host: str, headers: Headers) -> bool:
    """Whether a browser says that another site's page asks; following a link from there is no harm."""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return True
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return False
    opens_page = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not (method in ("GET", "HEAD") and opens_page)


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, detail: str) -> None:
    """Answers with a problem, or does not accept a web socket."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": detail})
    else:
        await problem(status, "Refused", detail)(scope, receive, send)


def _name_of(header: str) -> str:
    """A Host header's name, without its port and an IPv6 address's brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
