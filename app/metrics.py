"""What Prometheus asks: how many requests and pictures, how long they took, how many wait."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from app.service import Service

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

# Seconds: a picture alone is a few hundredths, one with its words half a second.
_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True, slots=True)
class _Ended(Collector):
    """The processes that the service had to replace; it counts them itself."""

    service: Service

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "memeera_processes_ended",
            "Processes that a picture ended, or that took too long.",
            value=self.service.n_ended,
        )


class Metrics:
    """Of one server."""

    def __init__(self, service: Service) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "memeera_requests", "Requests answered.", ["path", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "memeera_request_seconds",
            "Seconds from a request to its answer.",
            ["path"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._pictures = Counter(
            "memeera_pictures",
            "Pictures by what became of them: classified, or the code of an error.",
            ["outcome"],
            registry=self._registry,
        )
        inside = Gauge(
            "memeera_requests_inside",
            "Requests waiting or being answered.",
            registry=self._registry,
        )
        inside.set_function(lambda: service.n_inside)
        self._registry.register(_Ended(service))

    def count_request(self, path: str, status: int, seconds: float) -> None:
        """One request, by the route that it took."""
        self._requests.labels(path, status).inc()
        self._seconds.labels(path).observe(seconds)

    def count_picture(self, outcome: str) -> None:
        """One picture: `classified`, or the code of an error."""
        self._pictures.labels(outcome).inc()

    def text(self) -> bytes:
        """All of it, in Prometheus's text format."""
        return generate_latest(self._registry)
