import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import ServerError
from app.server import Door, serve
from app.services import Services
from indexer.settings import Settings


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
        assert process.wait(30) in (0, 130)


def test_serves_pages_and_api_on_one_port(address: str) -> None:
    with urllib.request.urlopen(f"{address}/") as answer:
        assert b"<!doctype html>" in answer.read().lower()
    with urllib.request.urlopen(f"{address}/api/v1/search?q=colours&k=2") as answer:
        assert len(json.load(answer)["items"]) == 2


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
