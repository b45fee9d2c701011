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
from app.server import serve
from app.services import Services


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


def test_only_this_machine_is_answered(services: Services) -> None:
    with pytest.raises(ServerError, match="on this machine only"):
        serve(services, host="0.0.0.0", port=0)
