"""Jobs over HTTP: begun, followed, ended."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from fastapi.testclient import TestClient

from app.api import ROOT, create_api
from app.services import Live, Services
from tests.conftest import paint


@pytest.fixture
def live(services: Services) -> Live:
    return Live(services)


@pytest.fixture
def client(live: Live) -> Iterator[TestClient]:
    with TestClient(create_api(live)) as opened:
        yield opened


def events(client: TestClient, job_id: int) -> list[dict[str, object]]:
    """All that is told of a job, until it is over."""
    with client.stream("GET", f"/jobs/{job_id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = list(answer.iter_lines())
    assert "event: job" in lines
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def test_a_job_is_begun_and_followed_to_its_end(client: TestClient, folder: Path) -> None:
    for seed in range(50, 56):
        paint(folder / f"new-{seed}.png", seed)
    begun = client.post("/jobs", json={"kind": "index"})
    assert begun.status_code == 202
    job = begun.json()
    assert begun.headers["location"] == f"{ROOT}/jobs/{job['id']}"
    told = events(client, job["id"])
    assert told[-1]["state"] == "done"
    assert (told[-1]["done"], told[-1]["total"], told[-1]["failed"]) == (6, 6, 0)
    versions = [one["version"] for one in told]
    assert versions == sorted(set(versions))
    assert client.get("/jobs").json() == [client.get(f"/jobs/{job['id']}").json()] == [told[-1]]
    assert client.get("/search", params={"q": "colours", "k": 20}).json()["searched"] == 11


def test_a_job_is_paused_and_ended(client: TestClient, services: Services, folder: Path) -> None:
    for seed in range(50, 80):
        paint(folder / f"new-{seed}.png", seed)
    services.library.settings = services.library.settings.model_copy(update={"batch_size": 1})
    job_id = client.post("/jobs", json={"kind": "index"}).json()["id"]
    client.post(f"/jobs/{job_id}/pause")
    deadline = time.monotonic() + 60
    while client.get(f"/jobs/{job_id}").json()["state"] != "paused":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    client.post(f"/jobs/{job_id}/cancel")
    assert events(client, job_id)[-1]["state"] == "cancelled"
    over = client.post(f"/jobs/{job_id}/resume")
    assert (over.status_code, over.headers["content-type"]) == (409, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/jobs/7", None, 404),
        ("GET", "/jobs/7/events", None, 404),
        ("POST", "/jobs/7/cancel", None, 404),
        ("POST", "/jobs", {"kind": "format the disk"}, 422),
        ("POST", "/jobs", {"kind": "index", "folder_id": 7}, 404),
        ("POST", "/jobs", {"kind": "suggest-tags", "threshold": 2}, 422),
        ("POST", "/jobs", {"kind": "switch"}, 409),
        ("POST", "/jobs", {"kind": "switch", "encoder": "/etc/passwd"}, 404),
        ("POST", "/jobs", {"kind": "switch", "encoder": "ViT-B-32/openai"}, 404),
    ],
)
def test_what_cannot_be_is_said(client: TestClient, method: str, path: str, body: object, status: int) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_whoever_follows_a_job_does_not_keep_the_server_from_ending(own_home: Path, tmp_path: Path) -> None:
    for seed in range(60):
        paint(tmp_path / "photos" / f"{seed}.png", seed)
    environment = {**os.environ, "SIGHTLINE_BATCH_SIZE": "1"}
    sightline = [sys.executable, "-m", "app.cli"]
    subprocess.run([*sightline, "index", str(tmp_path / "photos")], check=True, env=environment, capture_output=True)
    for seed in range(60, 160):
        paint(tmp_path / "photos" / f"{seed}.png", seed)
    command = [*sightline, "serve", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        root = server.stdout.readline().split()[3] + ROOT
        body = Request(f"{root}/jobs", json.dumps({"kind": "index"}).encode(), {"Content-Type": "application/json"})
        with urlopen(body) as answer:
            job = json.load(answer)
        urlopen(Request(f"{root}/jobs/{job['id']}/pause", method="POST")).close()
        with urlopen(f"{root}/jobs/{job['id']}/events") as followed:
            assert followed.readline() == b"event: job\n"
            server.send_signal(signal.SIGINT)
            server.wait(30)
