"""What the server does, for Prometheus: requests by route, how long they take, and the library in numbers.

Labels are routes, methods, statuses and kinds, of which there are few; never an id, a query or a path.
"""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.jobs import State
from app.services import Live
from app.status import read_folders
from indexer.together import MOST

_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Metrics:
    """The figures of one server."""

    def __init__(self, live: Live) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "sightline_requests", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "sightline_request_seconds",
            "Time until an answer was sent",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.registry.register(_LibraryCollector(live))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)


class Measured:
    """Counts and times the requests of an API; a stream of events is timed until it begins."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500
        seconds: float | None = None

        async def send_seen(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - began
            await send(message)

        try:
            await self._app(scope, receive, send_seen)
        finally:
            found = scope.get("route")
            route = found.path if isinstance(found, Route) else "none"  # else it is what the API is mounted on
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - began if seconds is None else seconds)


class _LibraryCollector(Collector):
    """The library as it is when it is asked for."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        services = self._live.now()
        folders = read_folders(services.library)
        yield _gauge("photos", "Photos present and readable", sum(one.photos for one in folders))
        yield _gauge("photos_missing", "Photos whose file is not there", sum(one.missing for one in folders))
        yield _gauge("failures", "Files that could not be read", sum(one.failed for one in folders))
        yield _gauge("folders", "Indexed folders", len(folders))
        yield _gauge("searchable", "Photos in the search index", services.search.catch_up())
        yield _gauge("revision", "Number of the catalog's last change", services.library.catalog.revision())
        encoder = services.library.encoder
        yield _info("encoder", "The encoder in use", name=encoder.name, fingerprint=encoder.fingerprint)
        yield _info("index", "The kind of vector index", kind=services.search.index_kind)
        jobs = GaugeMetricFamily("sightline_jobs", "Jobs remembered, by state", labels=["state"])
        states = [job.state for job in self._live.jobs.list()]
        for state in State:
            jobs.add_metric([state.value], states.count(state))
        yield jobs
        yield _batches(services.search.batches)

    def describe(self) -> Iterator[Metric]:
        return iter(())  # else it would be collected when it is registered


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"sightline_{name}", about, value=value)


def _info(metric: str, about: str, **values: str) -> Metric:
    return InfoMetricFamily(f"sightline_{metric}", about, value=values)


def _batches(counts: dict[int, int]) -> Metric:
    """How many queries each call of the encoder answered."""
    buckets, so_far = [], 0
    for size in range(1, MOST + 1):
        so_far += counts.get(size, 0)
        buckets.append((str(size), float(so_far)))
    total = float(sum(size * count for size, count in counts.items()))
    family = HistogramMetricFamily("sightline_encoder_batch", "Queries encoded in one call")
    family.add_metric([], [*buckets, ("+Inf", float(so_far))], total)
    return family
