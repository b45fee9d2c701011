"""One ASGI process on one port: the pages (`app.pages`) at /, the API at /api/v1.

It answers this machine alone; on other addresses, and under other names, whoever has the token.
"""

import asyncio
import logging
import socket
import webbrowser
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount

from app import services as process
from app.access import Access, find_token
from app.api import ROOT, create_api
from app.bodies import BodyLimit
from app.errors import ServerError
from app.heap import keep_what_is_loaded
from app.new_folder import allowed
from app.pages import Pages
from app.services import Live, Services
from app.shield import LOOPBACK, Hosts, Shield
from indexer.settings import Settings

DEFAULT_PORT = 8501
_EVERY_ADDRESS = ("0.0.0.0", "::")
_COMPRESSED = Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
_LAST_ANSWERS = 5  # seconds that requests under way have once it is told to end


@dataclass(frozen=True)
class Door:
    """How the server is reached."""

    host: str
    token: str | None  # None: by this machine alone
    made: bool = False  # just now: it is told once

    @classmethod
    def of(cls, settings: Settings, host: str) -> "Door":
        """A token is asked for where others than this machine can ask, or where one is set.

        Raises:
            ServerError: a token is needed and cannot be kept.
        """
        if host in LOOPBACK and not settings.allowed_hosts and settings.token is None:
            return cls(host, None)
        return cls(host, *find_token(settings))


def middleware(settings: Settings, door: Door) -> list[Middleware]:
    """What every request passes through, outermost first."""
    hosts = Hosts(settings.allowed_hosts, addresses=door.host not in LOOPBACK)
    layers = [Middleware(Shield, hosts=hosts)]
    if door.token is not None:
        layers.append(Middleware(Access, token=door.token, per_second=settings.requests_per_second))
    return [*layers, Middleware(BodyLimit, limit=settings.max_upload_bytes)]


def serve(
    services: Services,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    *,
    open_browser: bool = False,
    follows: bool = False,
    ready: Callable[[], object] | None = None,
) -> None:
    """Answers until interrupted. Port 0 takes a free one. Prints the address once it can be visited.

    `follows` says that this process also takes in what changes on disk; `ready` waits for searches that are being
    warmed up elsewhere.

    Raises:
        ServerError: the address is not this machine's, or the port is taken, or no token can be kept.
    """
    with closing(_listen(host, port)) as listener:
        door = Door.of(services.library.settings, host)
        live = Live(services, follows=follows)
        _run(live, services.library.settings, listener, door, open_browser, ready or services.search.warm_up)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # TCP by name, or asyncio leaves Nagle's algorithm on: a body waits 40 ms for the headers' acknowledgement
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        hint = f"port {port}: {error.strerror}; choose another with --port"
        raise ServerError(f"cannot listen on {hint if host in LOOPBACK else f'{host}, {hint}'}") from error
    return listener


def _address(door: Door, port: int) -> str:
    if door.host in LOOPBACK:
        return f"http://localhost:{port}"
    name = socket.gethostname() if door.host in _EVERY_ADDRESS else door.host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _announce(address: str, settings: Settings, door: Door) -> None:
    print(f"Sightline is at {address}   (API: {address}{ROOT}/docs)   Ctrl-C stops it", flush=True)
    if door.made:
        print(
            f"It asks for this token, which is told once and kept in {settings.token_file}:\n{door.token}", flush=True
        )
    elif door.token is not None:
        where = "the setting token" if settings.token is not None else settings.token_file
        print(f"It asks for the token that is in {where}", flush=True)


def _not_a_cancel(record: logging.LogRecord) -> bool:
    """A request cancelled at the end is no fault: that some were is said in one line already."""
    return record.exc_info is None or not isinstance(record.exc_info[1], asyncio.CancelledError)


def _run(
    live: Live,
    settings: Settings,
    listener: socket.socket,
    door: Door,
    open_browser: bool,
    ready: Callable[[], object],
) -> None:
    process.use(live)
    api = create_api(live, may_change_folders=allowed(settings, asks_for_token=door.token is not None))
    pages = Pages()
    if open_browser:
        pages.want()
    application = Starlette(
        routes=[Mount(ROOT, api, middleware=[_COMPRESSED]), Mount("/", pages)],  # pages compress what they send
        middleware=middleware(settings, door),
        lifespan=pages.lifespan,
    )
    address = _address(door, listener.getsockname()[1])

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            keep_what_is_loaded()
            _announce(address, settings, door)
            if open_browser:
                webbrowser.open(address)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await asyncio.to_thread(live.jobs.close)  # whoever listens to a job is told, and goes
            for connection in list(self.server_state.connections):
                if connection.transport.is_closing():  # and its client reads no more: it cannot be closed again
                    connection.transport.abort()
            await asyncio.sleep(0)
            await super().shutdown(sockets)

    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        lifespan="on",
        proxy_headers=bool(settings.allowed_hosts),  # else a client could say it is another, and guess on
        server_header=False,
        timeout_graceful_shutdown=_LAST_ANSWERS,  # without it a page left open is waited for, for ever
    )
    server = Announcing(config)
    logging.getLogger("uvicorn.error").addFilter(_not_a_cancel)
    ready()
    server.run(sockets=[listener])
