"""The load generator asks as often as it says, and counts what fails."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pytest

from bench.load import Ask, Client, alone, at_rate, flat_out, mixed
from tests.serving import serving


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        content = b'{"answered": true}'
        self.send_response(500 if self.path == "/fails" else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), _Answer)) as server:
        yield server.server_port


def asks() -> Iterator[Ask]:
    return (("GET", "/fails" if number % 10 == 9 else "/works", None) for number in count())


def test_answers_are_timed_and_errors_counted(port: int) -> None:
    for load in (alone(port, asks(), 40), at_rate(port, asks(), 4, 40, 1)):
        assert (len(load.milliseconds), load.errors) == (36, 4)
    paced = at_rate(port, asks(), 4, 40, 1)
    assert paced.seconds > 0.9
    assert flat_out(port, asks(), 4, 0.5).figures()["queries/s"] > 40


def test_memory_is_looked_at_while_people_come_and_go(port: int) -> None:
    looked: list[float] = []

    def visits(client: Client, number: int) -> Iterator[None]:
        while True:
            assert client.ask("GET", "/works", None) == {"answered": True}
            yield

    load = mixed(port, visits, 3, 0.5, looked.append)
    assert load.errors == 0 and len(load.milliseconds) > 10
    assert 3 < len(looked) <= 21
