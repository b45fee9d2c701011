"""Clients of a server on this machine: what they waited, and what failed."""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Ask = tuple[str, str, object | None]  # method, path, body as JSON
Visits = Callable[["Client", int], Iterator[None]]


@dataclass
class Load:
    """Milliseconds of each answer, how many failed, and over how many seconds."""

    milliseconds: list[float] = field(default_factory=list)
    errors: int = 0
    seconds: float = 0.0

    def figures(self) -> dict[str, float]:
        p50, p95, p99 = np.percentile(self.milliseconds or [np.nan], (50, 95, 99))
        return {
            "p50 ms": float(p50),
            "p95 ms": float(p95),
            "p99 ms": float(p99),
            "queries/s": len(self.milliseconds) / self.seconds,
            "errors": float(self.errors),
        }


class Client:
    """One kept connection. `load` is told of every answer."""

    def __init__(self, port: int, load: Load | None = None) -> None:
        self._port = port
        self._load = load or Load()
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: object | None, since: float | None = None) -> Any:
        """The answer's JSON (or text); None where there is none. `since`: when it was due to be asked."""
        began = time.perf_counter() if since is None else since
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            data = None if body is None else json.dumps(body)
            self._connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
            answer = self._connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise http.client.HTTPException(f"{answer.status} {content[:200]!r}")
        except (OSError, http.client.HTTPException):
            self.close()
            self._load.errors += 1
            return None
        self._load.milliseconds.append((time.perf_counter() - began) * 1000)
        return json.loads(content) if content[:1] in (b"{", b"[") else content

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def alone(port: int, queries: Iterator[Ask], count: int) -> Load:
    """One query after the other."""
    load, began = Load(), time.perf_counter()
    with closing(Client(port, load)) as client:
        for query in itertools.islice(queries, count):
            client.ask(*query)
    load.seconds = time.perf_counter() - began
    return load


def at_rate(port: int, queries: Iterator[Ask], clients: int, rate: float, seconds: float) -> Load:
    """So many queries a second, whoever is free asks the next; what it waited counts from when it was due."""
    began = time.perf_counter()
    due = iter([(began + number / rate, next(queries)) for number in range(int(rate * seconds))])
    lock = threading.Lock()

    def run(client: Client) -> None:
        while True:
            with lock:
                if (task := next(due, None)) is None:
                    return
            at, query = task
            time.sleep(max(0.0, at - time.perf_counter()))
            client.ask(*query, since=at)

    return _together(port, clients, run)


def flat_out(port: int, queries: Iterator[Ask], clients: int, seconds: float) -> Load:
    """Each client asks again as soon as it has its answer."""
    until = time.perf_counter() + seconds
    lock = threading.Lock()

    def run(client: Client) -> None:
        while time.perf_counter() < until:
            with lock:
                query = next(queries)
            client.ask(*query)

    return _together(port, clients, run)


def mixed(port: int, visits: Visits, clients: int, seconds: float, look: Callable[[float], None]) -> Load:
    """So many people for so long; `look` is called every few seconds with the seconds since the begin."""
    began = time.perf_counter()
    numbers = itertools.count()

    def run(client: Client) -> None:
        for _ in visits(client, next(numbers)):
            if time.perf_counter() - began > seconds:
                return

    def watch() -> None:
        while not over.wait(min(10.0, seconds / 20)):
            look(time.perf_counter() - began)

    over = threading.Event()
    watcher = threading.Thread(target=watch)
    watcher.start()
    load = _together(port, clients, run)
    over.set()
    watcher.join()
    return load


def _together(port: int, clients: int, run: Callable[[Client], None]) -> Load:
    loads = [Load() for _ in range(clients)]
    began = time.perf_counter()

    def client_of(load: Load) -> None:
        with closing(Client(port, load)) as client:
            run(client)

    threads = [threading.Thread(target=client_of, args=(load,)) for load in loads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    milliseconds = [value for load in loads for value in load.milliseconds]
    return Load(milliseconds, sum(load.errors for load in loads), time.perf_counter() - began)
