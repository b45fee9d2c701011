"""One ASGI process on one port: the pages (Streamlit) at /, the API at /api/v1. Loopback only."""

import socket
import webbrowser
from contextlib import closing
from pathlib import Path

from app import services as process
from app.api import ROOT, create_api
from app.errors import ServerError
from app.services import Live, Services
from app.shield import LOOPBACK, middleware

DEFAULT_PORT = 8501
_PAGES = Path(__file__).parent / "ui" / "main.py"


def serve(services: Services, host: str = "127.0.0.1", port: int = DEFAULT_PORT, *, open_browser: bool = False) -> None:
    """Answers until interrupted. Port 0 takes a free one. Prints the address once it can be visited.

    Raises:
        ServerError: the address is not loopback, or the port is taken.
    """
    with closing(_listen(host, port)) as listener:
        address = f"http://{'localhost' if host in LOOPBACK else host}:{listener.getsockname()[1]}"
        services.search.warm_up()
        _run(services, listener, address, open_browser)


def _listen(host: str, port: int) -> socket.socket:
    if host not in LOOPBACK:
        raise ServerError(f"cannot listen on {host}: this version answers on this machine only (127.0.0.1)")
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ServerError(f"cannot listen on port {port}: {error.strerror}; choose another with --port") from error
    return listener


def _run(services: Services, listener: socket.socket, address: str, open_browser: bool) -> None:
    import streamlit
    import uvicorn
    from starlette.routing import Mount

    live = Live(services)
    process.use(live)
    application = streamlit.App(
        _PAGES,
        routes=[Mount(ROOT, create_api(live))],
        middleware=middleware(),
    )

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(f"Sightline is at {address}   (API: {address}{ROOT}/docs)   Ctrl-C stops it", flush=True)
            if open_browser:
                webbrowser.open(address)

    Announcing(uvicorn.Config(application, log_level="warning", access_log=False, lifespan="on")).run(
        sockets=[listener]
    )
