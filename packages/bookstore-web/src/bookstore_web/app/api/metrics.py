"""Metrics of the spool and of requests for Prometheus; the store is not asked."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, request

from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.report import SpoolReport, report_spool
from bookstore_web.app.operations import operation
from bookstore_web.app.request_metrics import add_request_metrics, are_counted
from bookstore_web.app.services import services

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.registry import Collector

blueprint = Blueprint("metrics", __name__, url_prefix="/api/bookstore")
PROMETHEUS = "text/plain"
OPENMETRICS = "application/openmetrics-text"


class SpoolCollector:
    """Collects metrics from a new report for each scrape.

    prometheus_client is imported when metrics are requested: few servers are asked.
    """

    def __init__(self, report: Callable[[], SpoolReport]) -> None:
        self._report = report

    def collect(self) -> "Iterator[Metric]":
        """Yield the metrics; only the first if the spool cannot be read."""
        report = self._report()
        yield _gauge(
            "spool_readable", "Whether the spool can be read.", report.readable
        )
        if report.readable:
            yield from _figures(report)


def _figures(report: SpoolReport) -> "Iterator[Metric]":
    yield _gauge("spool_pending", "Saves that wait for upload.", report.pending)
    yield _gauge("spool_in_flight", "Saves that are being sent.", report.in_flight)
    yield _gauge("spool_failed", "Files that are not saves.", report.failed)
    yield _gauge("spool_bytes", "Bytes of the saves in the spool.", report.bytes)
    yield _gauge(
        "spool_oldest_age_seconds",
        "Age of the oldest save in the spool, 0 if nothing waits.",
        report.oldest_age_seconds or 0.0,
    )
    yield _gauge(
        "spool_unprotected_notebooks",
        "Notebooks whose newest state could not be written to the spool.",
        len(report.unprotected),
    )
    yield _gauge("spool_ok", "Whether versions reach the store.", report.ok)
    yield _gauge("uploads_failing", "Whether uploads fail.", bool(report.last_error))
    yield _counter("uploads", "Versions that the store has confirmed.", report.uploads)
    yield _counter("upload_retries", "Upload attempts that failed.", report.retries)
    yield _counter("saves_skipped", "Saves that the settings skip.", report.skipped)
    removed = "Saves that somebody removed from the spool."
    yield _counter("saves_removed", removed, report.removed)
    yield _gauge(
        "last_success_timestamp_seconds",
        "When the store last confirmed a version, 0 for never.",
        _seconds(report.last_success),
    )
    yield _gauge(
        "last_error_timestamp_seconds",
        "When an upload attempt last failed, 0 for never.",
        _seconds(report.last_error_at),
    )


def _gauge(name: str, text: str, value: float) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(f"bookstore_{name}", text, value=float(value))


def _counter(name: str, text: str, value: float) -> "Metric":
    from prometheus_client.core import CounterMetricFamily

    return CounterMetricFamily(f"bookstore_{name}", text, value=float(value))


def _seconds(time: datetime | None) -> float:
    return time.timestamp() if time else 0.0


def render_metrics(settings: BookstoreSettings, *, accepted: str) -> Response:
    """Return the metrics in the format that the `accepted` header requests."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry()
    collector = SpoolCollector(lambda: report_spool(settings))
    registry.register(cast("Collector", collector))
    if are_counted():
        add_request_metrics(registry)
    encode, content_type = choose_encoder(accepted)
    return Response(encode(registry), content_type=content_type)


@blueprint.get("/metrics")
@operation(media_types=(PROMETHEUS, OPENMETRICS))
def metrics() -> Response:
    """Return metrics for Prometheus: of the spool; of requests, if it stands alone."""
    accepted = request.headers.get("Accept", "")
    return render_metrics(services().settings, accepted=accepted)
