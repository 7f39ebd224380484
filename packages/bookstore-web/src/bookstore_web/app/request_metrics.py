"""Metrics of the requests to a standalone app, added up over gunicorn's workers.

They are in files of `MULTIPROCESS`, a directory that `gunicorn_conf.py` makes. Without
it, as behind a notebook server, nothing is counted and prometheus_client is not loaded.
"""

import os
import time
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

#: The environment variable of prometheus_client.
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
#: Methods that are counted by name: a client may send any other word.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: Seconds, as the upper ends of the histogram's buckets.
BUCKETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


def are_counted() -> bool:
    """Return whether the requests of this process are counted."""
    return bool(os.environ.get(MULTIPROCESS))


class RequestCounts:
    """Counts the requests of this process, in the files of prometheus_client."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        self._answered = Counter(
            "bookstore_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=None,
        )
        self._seconds = Histogram(
            "bookstore_request_seconds",
            "Seconds until the headers of an answer.",
            ["route"],
            buckets=BUCKETS,
            registry=None,
        )
        self._running = Gauge(
            "bookstore_requests_running",
            "Requests that are being answered.",
            registry=None,
            multiprocess_mode="livesum",
        )

    def begin(self) -> None:
        """Count a request that has arrived."""
        g.bookstore_began = time.perf_counter()
        self._running.inc()

    def answer(self, response: Response) -> Response:
        """Count an answer, and return it."""
        rule = request.url_rule
        route = rule.rule if rule else "none"
        method = request.method if request.method in METHODS else "other"
        self._answered.labels(method, route, response.status_code).inc()
        if (began := g.get("bookstore_began")) is not None:
            self._seconds.labels(route).observe(time.perf_counter() - began)
        return response

    def end(self, error: BaseException | None) -> None:
        """Count a request that has ended."""
        if "bookstore_began" in g:
            self._running.dec()


def count_requests(app: Flask) -> None:
    """Count the requests of an app, from now on; call it before other hooks."""
    counts = RequestCounts()
    app.before_request(counts.begin)
    app.after_request(counts.answer)
    app.teardown_request(counts.end)


def add_request_metrics(registry: "CollectorRegistry") -> None:
    """Add the sums of all workers to what `registry` collects."""
    from prometheus_client.multiprocess import MultiProcessCollector

    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
