import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from app.errors import ServerError
from app.server import Door, _listen, serve
from app.services import Services
from indexer.settings import Settings

UPGRADE = (
    b"GET /_stcore/stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.fixture
def clients() -> Iterator[list[socket.socket]]:
    """Connections that stay open for as long as the fixtures asked for after this one."""
    opened: list[socket.socket] = []
    yield opened
    for client in opened:
        client.close()


@pytest.fixture
def address(own_home: Path, folder: Path) -> Iterator[str]:
    """A server on a free port over five pictures."""
    run = [sys.executable, "-m", "app.cli"]
    subprocess.run([*run, "index", str(folder)], check=True, capture_output=True)
    command = [*run, "serve", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "Sightline is at http://" in line, process.stderr and process.stderr.read()
        yield line.split()[3]
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=30)
            assert process.returncode in (0, 130) and "Traceback" not in said, said
        finally:  # or the test that finds it running waits for ever
            process.kill()


def test_serves_pages_and_api_on_one_port(address: str) -> None:
    with urllib.request.urlopen(f"{address}/") as answer:
        assert b"<!doctype html>" in answer.read().lower()
    with urllib.request.urlopen(f"{address}/api/v1/search?q=colours&k=2") as answer:
        assert len(json.load(answer)["items"]) == 2


def test_it_ends_whatever_clients_do(clients: list[socket.socket], address: str) -> None:
    """A page left open, a body that never comes, a page that goes and reads no more: `address` asserts a clean end."""
    host, port = address.removeprefix("http://").split(":")
    clients.extend(socket.socket() for _ in range(3))
    page, body, going = clients
    going.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for client in clients:
        client.connect((host, int(port)))
    body.sendall(b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{")
    for client in (page, going):
        client.sendall(UPGRADE)
        assert client.recv(12) == b"HTTP/1.1 101"
    ping, close = b"\x89\xfd" + bytes(4 + 125), b"\x88\x80" + bytes(4)  # masked with zeros
    going.sendall(ping * 65_536 + close)  # the answers to which fill what the system holds of them
    time.sleep(2)  # until all are read: its connection is closing then, and cannot be closed again


def test_nothing_is_announced_before_searches_are_warm(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ServerError("no encoder")

    with pytest.raises(ServerError, match="no encoder"):
        serve(services, port=0, ready=fail)
    assert capsys.readouterr().out == ""


def test_an_answer_waits_for_no_acknowledgement() -> None:
    """asyncio turns Nagle's algorithm off for connections that say they are TCP's."""
    with closing(_listen("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.proto == socket.IPPROTO_TCP


def test_requests_are_read_by_httptools() -> None:
    """Which uvicorn takes where it is there; else they are read in Python, 1 ms a query."""
    assert AutoHTTPProtocol.__name__ == "HttpToolsProtocol"


def test_a_port_in_use_is_said_in_one_line(services: Services) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"port {port}: Address already in use; choose another with --port"):
            serve(services, port=port)


def test_an_address_that_is_not_this_machines_is_said_in_one_line(services: Services) -> None:
    with pytest.raises(ServerError, match="cannot listen on 192.0.2.1, port 0: Cannot assign"):
        serve(services, host="192.0.2.1", port=0)


def test_a_token_is_asked_for_wherever_others_can_ask(own_home: Path) -> None:
    assert Door.of(Settings(), "127.0.0.1").token is None
    assert Door.of(Settings(allowed_hosts=("photos.example",)), "127.0.0.1").token is not None
    assert Door.of(Settings.model_validate({"token": "x" * 16}), "127.0.0.1").token == "x" * 16
    first = Door.of(Settings(), "0.0.0.0")
    assert first.token == Door.of(Settings(), "0.0.0.0").token
    assert not Door.of(Settings(), "0.0.0.0").made
