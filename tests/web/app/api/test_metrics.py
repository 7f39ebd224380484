"""The spool in GET /api/bookstore, and GET /api/bookstore/metrics."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from bookstore_core.spool.drain_status import DrainStatus
from bookstore_core.spool.saves import entry_name
from bookstore_core.spool.unprotected import UnprotectedNotebook, encode_unprotected

#: A store that must not be contacted: nothing answers there.
NO_STORE = {
    "storage": "s3",
    "s3_bucket": "b",
    "s3_endpoint_url": "http://192.0.2.1:9",
}
SUCCESS = datetime(2026, 11, 23, 18, 32, 25, tzinfo=UTC)


@pytest.fixture
def spool_dir(tmp_path: Path) -> Path:
    """A spool with a save waiting, one in flight and a foreign file."""
    spool_dir = tmp_path / "spool"
    for folder in ("new", "cur", "failed"):
        (spool_dir / folder).mkdir(parents=True)
    saved = datetime.now(UTC) - timedelta(seconds=20)
    (spool_dir / "new" / entry_name(saved, "a")).write_bytes(b"xx")
    (spool_dir / "cur" / entry_name(saved, "b")).write_bytes(b"xxx")
    (spool_dir / "failed" / "odd").write_bytes(b"x")
    losses = spool_dir / "unprotected" / "host.1"
    losses.parent.mkdir()
    lost = UnprotectedNotebook("a.ipynb", "workspace/a.ipynb")
    losses.write_bytes(encode_unprotected([lost], room=1, most=9999))
    DrainStatus(
        in_flight=1,
        uploads=7,
        retries=2,
        skipped=1,
        last_success=SUCCESS.isoformat(),
        last_error="The store does not answer.",
    ).write(str(spool_dir))
    return spool_dir


@pytest.fixture
def ask(make_client: Callable[..., FlaskClient], spool_dir: Path) -> Callable[..., Any]:
    """Get an address of an app with that spool, and a store that is not contacted."""
    client = make_client(**NO_STORE, spool_dir=str(spool_dir))
    return client.get


def values_of(text: str) -> dict[str, float]:
    families = text_string_to_metric_families(text)
    return {s.name: s.value for family in families for s in family.samples}


def test_metrics_are_the_figures_of_the_spool(ask: Callable[..., Any]) -> None:
    answer = ask("/api/bookstore/metrics")
    assert answer.status_code == 200
    values = values_of(answer.text)
    assert 20 <= values.pop("bookstore_spool_oldest_age_seconds") < 120
    assert values == {
        "bookstore_spool_readable": 1,
        "bookstore_spool_pending": 1,
        "bookstore_spool_in_flight": 1,
        "bookstore_spool_failed": 1,
        "bookstore_spool_bytes": 5,
        "bookstore_spool_unprotected_notebooks": 1,
        "bookstore_spool_ok": 0,
        "bookstore_uploads_failing": 1,
        "bookstore_uploads_total": 7,
        "bookstore_upload_retries_total": 2,
        "bookstore_saves_skipped_total": 1,
        "bookstore_saves_removed_total": 0,
        "bookstore_last_success_timestamp_seconds": SUCCESS.timestamp(),
        "bookstore_last_error_timestamp_seconds": 0,
    }


def test_metrics_have_types_and_descriptions(ask: Callable[..., Any]) -> None:
    answer = ask("/api/bookstore/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert "# TYPE bookstore_uploads_total counter" in answer.text
    assert "# TYPE bookstore_spool_pending gauge" in answer.text


def test_openmetrics_are_returned_on_request(ask: Callable[..., Any]) -> None:
    accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
    answer = ask("/api/bookstore/metrics", headers={"Accept": accept})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_metrics_contain_nothing_about_the_process(ask: Callable[..., Any]) -> None:
    names = values_of(ask("/api/bookstore/metrics").text)
    assert all(name.startswith("bookstore_") for name in names)


def test_a_missing_spool_has_zeros(client: FlaskClient) -> None:
    values = values_of(client.get("/api/bookstore/metrics").text)
    assert values["bookstore_spool_pending"] == 0
    assert values["bookstore_spool_ok"] == 1
    spool = client.get("/api/bookstore").json["spool"]
    assert (spool["ok"], spool["pending"], spool["problems"]) == (True, 0, [])


def test_a_spool_that_cannot_be_read_is_reported(
    make_client: Callable[..., FlaskClient], tmp_path: Path
) -> None:
    (tmp_path / "spool").write_text("a file")
    client = make_client(spool_dir=str(tmp_path / "spool"))
    values = values_of(client.get("/api/bookstore/metrics").text)
    assert values == {"bookstore_spool_readable": 0}
    answer = client.get("/api/bookstore")
    assert answer.status_code == 200
    assert answer.json["spool"]["ok"] is False
    assert "cannot be read" in answer.json["spool"]["problems"][0]


def test_the_api_returns_the_figures_of_the_spool(
    make_client: Callable[..., FlaskClient], spool_dir: Path
) -> None:
    client = make_client(spool_dir=str(spool_dir))
    spool = client.get("/api/bookstore").json["spool"]
    assert (spool["pending"], spool["in_flight"], spool["failed"]) == (1, 1, 1)
    assert (spool["bytes"], spool["uploads"], spool["retries"]) == (5, 7, 2)
    assert spool["last_success"] == SUCCESS.isoformat()
    assert spool["last_error"] == "The store does not answer."
    assert spool["unprotected"] == ["a.ipynb"]


def test_health_and_metrics_contact_no_store(ask: Callable[..., Any]) -> None:
    assert ask("/api/bookstore/healthz").json == {"ok": True}
    assert ask("/api/bookstore/metrics").status_code == 200
