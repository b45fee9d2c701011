"""The Hugging Face hub over a real socket: what is downloaded once, and what happens without it."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.serving import serving

ASK = """
import sys
from clipcore.downloads import hub_file
from clipcore.errors import DownloadError
repo, *names = sys.argv[1:]
try:
    file = hub_file(repo, *names)
    print(file and file.read_text())
except DownloadError as error:
    print("DownloadError:", error)
"""


class Hub(ThreadingHTTPServer):
    """Serves `files` of the repository someone/model as the hub does, and keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.wfile.write(self._answer())

    def _answer(self) -> bytes:
        repo, _, name = self.path.lstrip("/").partition("/resolve/main/")
        self.server.asked.append(f"{self.command} {name}")
        content = self.server.files.get(name) if repo == "someone/model" else None
        self.send_response(404 if content is None else 200)
        if content is None:
            self.send_header("X-Error-Code", "EntryNotFound" if repo == "someone/model" else "RepoNotFound")
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("ETag", f'"{hashlib.sha256(content or b"").hexdigest()}"')
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        return content or b""

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(Hub()) as running:
        yield running


def ask(home: Path, port: int, repo: str, *names: str) -> str:
    """What a new process says of the first of `names`, with the hub at `port`."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "SIGHTLINE_"))}
    environment |= {"HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    environment |= {"NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    command = [sys.executable, "-c", ASK, repo, *names]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=50)
    assert result.stderr == ""
    return result.stdout.strip()


def test_downloaded_once_and_then_no_network_is_needed(hub: Hub, tmp_path: Path) -> None:
    hub.files = {"open_clip_pytorch_model.bin": b"weights"}
    names = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
    assert ask(tmp_path, hub.server_port, "someone/model", *names) == "weights"
    assert "GET open_clip_pytorch_model.bin" in hub.asked
    asked = len(hub.asked)
    assert ask(tmp_path, hub.server_port, "someone/model", *names) == "weights"
    assert ask(tmp_path, hub.server_port, "someone/model", names[0]) == "None", "known not to be there"
    assert len(hub.asked) == asked


def test_a_hub_that_cannot_be_reached_is_said_at_once(tmp_path: Path) -> None:
    """It was tried six times for each name, with a line each, for more than a minute."""
    answer = ask(tmp_path, 9, "someone/model", "a.safetensors", "b.bin")
    assert answer.startswith("DownloadError: cannot get a.safetensors or b.bin of hf-hub:someone/model: ")
    assert "Connection refused" in answer and "\n" not in answer


def test_no_such_repository(hub: Hub, tmp_path: Path) -> None:
    answer = ask(tmp_path, hub.server_port, "someone/other", "model.safetensors")
    assert answer.startswith("DownloadError: cannot get model.safetensors of hf-hub:someone/other: ")
    assert "Repository Not Found" in answer
