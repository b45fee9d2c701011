"""Under which names the server answers, and to which pages."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.server import Door, middleware
from app.shield import Hosts
from indexer.settings import Settings

STREAM = "ws://localhost:8501/stream"


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def stream(socket: WebSocket) -> None:
    await socket.accept()


@pytest.fixture
def client() -> Iterator[TestClient]:
    routes = [Route("/", echo, methods=["GET", "POST"]), WebSocketRoute("/stream", stream)]
    layers = middleware(Settings(max_upload_bytes=1 << 16), Door("127.0.0.1", None))
    with TestClient(Starlette(routes=routes, middleware=layers), base_url="http://localhost:8501") as opened:
        yield opened


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.0.2.1", "", "["]
)
def test_another_sites_name_for_this_machine_gets_no_answer(client: TestClient, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(STREAM, headers={"Host": host}):
        pass


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8501", "127.0.0.1:1", "[::1]:8501", "[::1]"])
def test_this_machines_names_get_one(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_on_other_addresses_any_address_and_the_names_that_are_set_get_one() -> None:
    hosts = Hosts(["Photos.example"], addresses=True)
    assert all(host in hosts for host in ("photos.example:443", "192.0.2.1", "[2001:db8::1]:8501", "localhost"))
    assert "evil.example" not in hosts


FROM_ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_sites_page_gets_no_answer(client: TestClient, method: str, headers: dict[str, str]) -> None:
    assert client.request(method, "/", headers=headers).status_code == 403
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(STREAM, headers=headers):
        pass


def test_a_link_from_another_site_may_be_followed_and_no_form_sent(client: TestClient) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client.get("/", headers=followed).status_code == 200
    assert client.post("/", headers=followed).status_code == 403


def test_its_own_pages_get_answers(client: TestClient) -> None:
    own = {"Origin": "http://localhost:8501", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/", headers=own, content=b"abc").text == "3"
    with client.websocket_connect(STREAM, headers=own):
        pass


def test_pages_may_load_nothing_from_elsewhere(client: TestClient) -> None:
    headers = client.get("/").headers
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert "http" not in headers["content-security-policy"]
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"


def test_too_long_a_body_is_refused_whether_its_length_is_said_or_not(client: TestClient) -> None:
    assert client.post("/", content=b"x" * (1 << 16)).text == "65536"
    assert client.post("/", content=b"x" * ((1 << 16) + 1)).status_code == 413
    assert client.post("/", content=(b"x" * 1000 for _ in range(70))).status_code == 413
