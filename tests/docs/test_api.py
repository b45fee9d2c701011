"""docs/api.md: every route has an example, every example is answered, and the Python client works."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.api import create_api
from app.services import Services
from indexer.settings import load_settings
from tests.conftest import paint

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
EXAMPLES = [line for line in LINES if line.startswith("curl")]
SAID_ELSEWHERE = {("post", "/jobs/{job_id}/pause"), ("post", "/jobs/{job_id}/resume")}


@pytest.fixture
def address(own_home: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server of its own, with a folder of pictures at ~/Pictures that is not indexed yet."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    paint(tmp_path / "user" / "Pictures" / "new.png", 50)
    sightline = [sys.executable, "-m", "app.cli"]
    subprocess.run([*sightline, "index", str(folder)], check=True, capture_output=True)
    command = [*sightline, "serve", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().split()[3]
        server.terminate()


def test_every_route_has_an_example() -> None:
    api = create_api(Services(load_settings()))
    asked = {(method, path) for line in EXAMPLES for method, path in [_asked(line)]}
    routes = {(method, path) for path, item in api.openapi()["paths"].items() for method in item} - SAID_ELSEWHERE
    missing = [
        route for route in routes if not any(route[0] == method and _fits(route[1], path) for method, path in asked)
    ]
    assert missing == []


def _asked(line: str) -> tuple[str, str]:
    method = re.search(r"-X (\w+)", line)
    path = re.search(r"\$API(/[^\"?]*)", line)
    assert path, line
    return (method.group(1) if method else "POST" if "--json" in line else "GET").lower(), path.group(1)


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", r"\\d+", template), path) is not None


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_every_example_is_answered_and_the_client_works(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in EXAMPLES:
        line = re.sub(r"--json '", "-H 'Content-Type: application/json' -d '", line)  # as curl before 7.82 has it
        faulty = "colr:red" in line
        command = line.replace("curl", "curl -sS" if faulty else "curl -sS --fail-with-body", 1)
        environment = {**os.environ, "API": f"{address}/api/v1"}
        ran = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, timeout=120)
        assert ran.returncode == 0, (line, ran.stdout, ran.stderr)
        assert not faulty or b'"position":4' in ran.stdout
    (client,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(client.replace("http://localhost:8501", address), {})
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if re.match(r"[01]\.\d\d  /", line)]) == 3
    assert lines[-1].startswith("done")
