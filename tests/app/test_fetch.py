"""Pictures by URL: off unless switched on, from public addresses alone, within limits."""

import base64
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import app.fetch
from app.api import create_api
from app.errors import QueryError
from app.fetch import FetchLimits, fetch, is_public, public_address
from app.services import Services
from indexer.settings import load_settings
from tests.serving import serving

NOT_PUBLIC = [
    *("127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1"),
    *("255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1"),
    *("::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "2001:db8::1"),
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_for_everyone_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_what_everyone_reaches_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/a",
        "gopher://x",
        "//example.com",
        "",
        "http://",
        "http://[",
        "javascript:1",
    ]
    + [
        "javascript:1",
        "http://user:pass@example.com/",
        "http://example.com:22/",
        "http://example.com:99999/",
        "http://a b/",
    ]
    + ["http://example.com/\r\nHost: evil", "http://exämple.com/"]
    + ["http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://0/", "http://2130706433/", "http://0x7f.1/"],
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(QueryError):
        fetch(url)


def test_every_address_of_a_name_must_be_public(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("1.1.1.1", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(QueryError, match="expected a public address"):
        public_address("two.example", 80)


Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def web(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> Iterator[list[str]]:
    """A web server that names of .example lead to, as if its address were public; and which hosts were looked up.

    Each name is looked up once for a connection; a second look would be seen.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            pass  # whoever asked has gone, as it should

    looked_up: list[str] = []
    with serving(Server(("127.0.0.1", 0), Handler)) as server:
        where = ("127.0.0.1", server.server_address[1])
        true_address = public_address

        def lookup(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
            looked_up.append(host)
            return (socket.AF_INET, where) if host.endswith(".example") else true_address(host, port)

        monkeypatch.setattr(app.fetch, "public_address", lookup)
        yield looked_up


def sends(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def test_the_connection_is_made_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        hosts.append(request.headers["Host"])
        sends(b"a picture")(request)

    with web(monkeypatch, answer) as looked_up:
        assert fetch("http://photos.example/a.jpg?x=1") == b"a picture"
    assert looked_up == hosts == ["photos.example"]


def test_a_redirect_is_checked_like_the_first_url(monkeypatch: pytest.MonkeyPatch) -> None:
    for where in ("http://127.0.0.1/", "http://169.254.169.254/latest", "file:///etc/passwd", "http://[::1]/"):
        with web(monkeypatch, sends(b"", 302, Location=where)), pytest.raises(QueryError):
            fetch("http://photos.example/")


def test_redirects_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        web(monkeypatch, sends(b"", 302, Location="/again")) as looked_up,
        pytest.raises(QueryError, match="redirects"),
    ):
        fetch("http://photos.example/")
    assert len(looked_up) == 4


def test_bytes_are_limited_whatever_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with web(monkeypatch, sends(b"x" * 5000)), pytest.raises(QueryError, match="more than 1,000 bytes"):
        fetch("http://photos.example/", FetchLimits(size=1000))


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.0 200 OK\r\n\r\n"])
def test_time_is_limited_though_something_comes_all_the_time(monkeypatch: pytest.MonkeyPatch, begin: bytes) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(begin)
        while True:
            request.wfile.write(b"X")
            request.wfile.flush()
            time.sleep(0.05)

    with web(monkeypatch, drip):
        began = time.monotonic()
        with pytest.raises(QueryError, match="took too long"):
            fetch("http://photos.example/", FetchLimits(seconds=0.5))
        assert time.monotonic() - began < 5


def test_a_picture_by_url_is_searched_with_once_that_is_switched_on(
    services: Services, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"query": {"image_url": "http://photos.example/c.webp"}, "k": 1}
    with web(monkeypatch, sends((folder / "c.webp").read_bytes())) as looked_up:
        with TestClient(create_api(services)) as client:
            refused = client.post("/search", json=body)
        assert (refused.status_code, looked_up) == (422, [])
        assert "switch the setting fetch_urls on" in refused.json()["detail"]
        allowed = Services(load_settings(fetch_urls=True), services.library.catalog)
        with TestClient(create_api(allowed)) as client:
            assert client.post("/search", json=body).json()["items"][0]["name"] == "c.webp"
            asked = {"image_url": "http://photos.example/c.webp", "k": 2}
            assert len(client.post("/describe", json=asked).json()["items"]) == 2
            both = {"query": body["query"] | {"image": base64.b64encode(b"x").decode()}}  # type: ignore[operator]
            assert client.post("/search", json=both).status_code == 422


def test_uploads_are_limited_in_pixels(services: Services, folder: Path) -> None:
    small = Services(load_settings(max_upload_pixels=96 * 64 - 1), services.library.catalog)
    picture = base64.b64encode((folder / "b.png").read_bytes()).decode()
    with TestClient(create_api(small)) as client:
        answer = client.post("/search", json={"query": {"image": picture}})
    assert answer.status_code == 422
    assert "the limit is 6,143" in answer.json()["detail"]
