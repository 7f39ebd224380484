"""GET /api/bookstore: release, features and the state of the store; healthz."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Finding, StoreCheck, Version, VersionStore
from bookstore_core.stores.local.store import LocalStore
from bookstore_web.app.store_check import KEEP_BAD, KEEP_GOOD, StoreChecks


class CountingStore(LocalStore):
    """A store whose check can be delayed, and given a finding."""

    def __init__(self, settings: BookstoreSettings) -> None:
        super().__init__(settings)
        self.checks = 0
        self.go_on = threading.Event()
        self.go_on.set()
        self.finding = Finding(True, "All is well.")

    def check(self) -> StoreCheck:
        self.checks += 1
        self.go_on.wait(60)
        return StoreCheck((self.finding,))


@pytest.fixture
def counting(settings: BookstoreSettings) -> Iterator[CountingStore]:
    store = CountingStore(settings)
    yield store
    store.go_on.set()


def test_it_returns_release_features_and_the_store(
    client: FlaskClient, store: VersionStore
) -> None:
    answer = client.get("/api/bookstore")
    assert answer.status_code == 200
    assert answer.json["release"] == version("bookstore-web")
    assert answer.json["features"] == {
        "bookstore_valid": True,
        "archive_valid": True,
        "publish_valid": True,
        "s3_clone_valid": True,
        "fs_clone_valid": False,
    }
    assert answer.json["store"]["location"] == store.location
    assert answer.json["store"]["ok"] is True
    assert all(isinstance(line, str) for line in answer.json["store"]["check"])


def test_without_a_store_it_states_what_to_set(
    make_client: Callable[..., FlaskClient],
) -> None:
    answer = make_client(storage="s3", s3_bucket="").get("/api/bookstore")
    assert answer.status_code == 200
    assert answer.json["features"]["bookstore_valid"] is False
    assert answer.json["store"]["ok"] is False
    assert "No store is configured" in answer.json["store"]["check"][0]


def test_health_contacts_no_store(make_client: Callable[..., FlaskClient]) -> None:
    answer = make_client(storage="s3", s3_bucket="").get("/api/bookstore/healthz")
    assert (answer.status_code, answer.json) == (200, {"ok": True})


def test_a_check_is_repeated_after_some_seconds(counting: CountingStore) -> None:
    now = 0.0
    checks = StoreChecks(lambda: counting, clock=lambda: now)
    assert checks.state().ok
    now = KEEP_GOOD - 1
    checks.state()
    assert counting.checks == 1
    now = KEEP_GOOD + 1
    checks.state()
    assert counting.checks == 2


def test_a_failed_check_is_repeated_sooner(counting: CountingStore) -> None:
    now = 0.0
    counting.finding = Finding(False, "It is broken.", "Repair it.")
    checks = StoreChecks(lambda: counting, clock=lambda: now)
    assert checks.state().sentences == ("It is broken. Repair it.",)
    counting.finding = Finding(True, "All is well.")
    now = KEEP_BAD + 1
    assert checks.state().ok


def test_a_slow_store_does_not_delay_the_answer(counting: CountingStore) -> None:
    counting.go_on.clear()
    checks = StoreChecks(lambda: counting, patience=0.05)
    for _ in range(2):
        state = checks.state()
        assert not state.ok
        assert "has not answered" in state.sentences[0]
    counting.go_on.set()
    checks = StoreChecks(lambda: counting)
    assert checks.state().ok


def test_a_slow_store_is_checked_once_at_a_time(counting: CountingStore) -> None:
    counting.go_on.clear()
    checks = StoreChecks(lambda: counting, patience=0.05)
    checks.state()
    checks.state()
    assert counting.checks == 1


def test_it_says_how_far_behind_the_catalogue_is(
    client: FlaskClient, put: Callable[..., Version], tmp_path: Path
) -> None:
    before = client.get("/api/bookstore").json["catalogue"]
    assert (before["ok"], before["known_at"]) == (False, None)
    assert "searches make it" in before["reason"]
    assert not (tmp_path / "catalogues").exists()  # asking makes none
    put("workspace/a.ipynb", b"{}")
    client.get("/api/bookstore/search", query_string={"q": "a"})
    known = client.get("/api/bookstore").json["catalogue"]
    assert (known["ok"], known["unread"], known["reason"]) == (True, 0, "")
    assert datetime.fromisoformat(known["known_at"]).tzinfo


def test_it_says_why_there_is_no_catalogue(
    make_client: Callable[..., FlaskClient], tmp_path: Path
) -> None:
    pytest.importorskip("psycopg")
    url = f"postgresql+psycopg://tests@/x?host={tmp_path}"
    known = make_client(catalogue_url=url).get("/api/bookstore").json["catalogue"]
    assert (known["ok"], known["known_at"]) == (False, None)
    assert "cannot be used now" in known["reason"]
