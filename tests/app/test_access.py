"""Who gets an answer, when the server is reached from other machines."""

import json
import os
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.access import COOKIE
from app.api import ROOT, create_api
from app.rates import KEPT, Buckets, network_of
from app.server import Door, middleware
from app.services import Services
from app.sign_in import local
from indexer.settings import Settings

STREAM = "ws://192.0.2.9:8501/stream"
TOKEN = "a token that is only for tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")


def opened(services: Services, **settings: object) -> TestClient:
    routes = [Mount(ROOT, create_api(services)), WebSocketRoute("/stream", echo)]
    layers = middleware(Settings.model_validate(settings), Door("0.0.0.0", TOKEN))
    client = ("192.0.2.1", 50_000)
    return TestClient(Starlette(routes=routes, middleware=layers), base_url="http://192.0.2.9:8501", client=client)


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    with opened(services) as client:
        yield client


def test_without_the_token_nothing_is_answered_but_that_there_is_a_server(client: TestClient) -> None:
    answer = client.get(f"{ROOT}/status")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get(f"{ROOT}/health/live").json() == {"status": "ok"}
    assert client.get(f"{ROOT}/health/live/../../status").status_code == 401


def test_a_token_in_the_header_opens(client: TestClient) -> None:
    assert client.get(f"{ROOT}/status", headers=BEARER).status_code == 200
    assert client.get(f"{ROOT}/status", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get(f"{ROOT}/status", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401
    assert client.get(f"{ROOT}/status", headers={"Authorization": b"Bearer \xff"}).status_code == 401


@pytest.mark.parametrize("name", ["token", "access_token", "key", "authorization", COOKIE])
def test_a_token_in_a_url_opens_nothing(client: TestClient, name: str) -> None:
    assert client.get(f"{ROOT}/status", params={name: TOKEN}).status_code == 401
    assert client.post("/sign-in", params={name: TOKEN}).status_code == 403


def test_signing_in_leaves_a_cookie_that_is_not_the_token(client: TestClient) -> None:
    page = client.get("/?q=a+dog&x=<script>", headers={"Accept": "text/html"})
    assert page.status_code == 401
    assert 'value="/?q=a+dog&amp;x=%3Cscript%3E"' in page.text
    wrong = client.post("/sign-in", data={"token": "wrong"}, headers={"Accept": "text/html"})
    assert (wrong.status_code, COOKIE in client.cookies) == (403, False)
    right = client.post("/sign-in", data={"token": TOKEN, "next": "/?q=a+dog"}, follow_redirects=False)
    assert (right.status_code, right.headers["location"]) == (303, "/?q=a+dog")
    kept = right.headers["set-cookie"].lower()
    assert "httponly" in kept
    assert "samesite=lax" in kept
    assert TOKEN not in kept
    assert client.get(f"{ROOT}/status").status_code == 200
    changed = client.cookies[COOKIE][:-1] + "x"
    client.cookies.clear()
    client.cookies[COOKIE] = changed
    assert client.get(f"{ROOT}/status").status_code == 401


@pytest.mark.parametrize(
    "then", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_signing_in_leads_to_no_other_site(then: str) -> None:
    assert local(then) == "/"


def test_web_sockets_need_the_token_too(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(STREAM):
        pass
    with client.websocket_connect(STREAM, headers=BEARER) as socket:
        assert socket.receive_text() == "hello"
    evil = BEARER | {"Origin": "https://evil.example"}
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(STREAM, headers=evil):
        pass


def test_guessing_is_stopped_after_a_few_tries(client: TestClient) -> None:
    wrong = {"Authorization": "Bearer guess"}
    answers = [client.get(f"{ROOT}/status", headers=wrong).status_code for _ in range(25)]
    assert answers == [401] * 20 + [429] * 5
    blocked = client.get(f"{ROOT}/status", headers=BEARER)
    assert blocked.status_code == 429, "or a guess that is right would be told apart"
    assert int(blocked.headers["retry-after"]) >= 1
    assert client.post("/sign-in", data={"token": TOKEN}).status_code == 429


def test_asking_too_often_is_put_off(services: Services) -> None:
    with opened(services, requests_per_second=0.1) as client:
        assert client.get(f"{ROOT}/health/live").status_code == 200
        assert client.get(f"{ROOT}/health/live").status_code == 429


def test_buckets_fill_again_and_memory_is_bounded() -> None:
    clock = [0.0]
    buckets = Buckets(per_second=2, burst=3, now=lambda: clock[0])
    for _ in range(3):
        assert buckets.wait("a") == 0
        buckets.take("a")
    assert buckets.wait("a") == pytest.approx(0.5)
    assert buckets.wait("b") == 0
    clock[0] = 0.5
    assert buckets.wait("a") == 0
    for i in range(2 * KEPT):
        buckets.take(str(i))
    assert len(buckets._left) == KEPT


def test_one_owner_of_many_addresses_is_one_client() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::9") != network_of("2001:db8:1:3::9")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") != network_of("192.0.2.2")


def test_a_server_for_other_machines_tells_its_token_once(own_home: Path, folder: Path) -> None:
    run = [sys.executable, "-m", "app.cli"]
    subprocess.run([*run, "index", str(folder)], check=True, capture_output=True)
    command = [*run, "serve", "--host", "0.0.0.0", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().split()[3].rpartition(":")[2]
        assert "told once" in process.stdout.readline()
        token = process.stdout.readline().strip()
        try:
            _check_server(f"127.0.0.1:{port}", token)
        finally:
            process.send_signal(signal.SIGINT)
    kept = own_home / "token"
    assert kept.read_text().strip() == token
    assert stat.S_IMODE(os.stat(kept).st_mode) == 0o600


def _check_server(host: str, token: str) -> None:
    for path in ("/", "/_stcore/health", "/_stcore/host-config", "/static/index.html", "/api/v1/docs"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://{host}{path}")
    bearer = {"Authorization": f"Bearer {token}"}
    with urllib.request.urlopen(urllib.request.Request(f"http://{host}/api/v1/status", headers=bearer)) as answer:
        assert json.load(answer)["photos"] == 5
    pages = f"ws://{host}/_stcore/stream"
    with pytest.raises(InvalidStatus, match="403"), connect(pages, subprotocols=["streamlit"]):  # type: ignore[list-item]
        pass
    with connect(pages, subprotocols=["streamlit"], additional_headers=bearer):  # type: ignore[list-item]
        pass
