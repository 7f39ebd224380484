"""GET /api/bookstore: release, features and the state of the store; healthz."""

import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version

import pytest
from flask.testing import FlaskClient

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Finding, StoreCheck, VersionStore
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
        self.go_on.wait(10)
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
