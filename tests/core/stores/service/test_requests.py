"""How many requests ServiceStore sends, and which times it reports."""

import io
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from bookstore_core.clock import utc_now
from bookstore_core.stores import Label, VersionStore
from bookstore_core.stores.service.store import ServiceStore
from bookstore_core.stores.service.their_clock import TheirClock
from core.saving import KEY, SAVED_AT, MakeStore, Traits, metadata_for, save
from harness.service import Mounted, after_all_saves

HOUR = timedelta(hours=1)


@pytest.fixture
def store(service: Traits, make_store: MakeStore) -> VersionStore:
    return make_store(service)


def routes_of(mounted: Mounted) -> list[str]:
    """Return the routes that were asked since the last call."""
    asked = [known.rpartition("/store")[2] for known in mounted.requests]
    mounted.requests.clear()
    return asked


def test_a_save_is_one_request(store: VersionStore, mounted: Mounted) -> None:
    mounted.requests.clear()
    save(store)
    assert routes_of(mounted) == ["", "/content"]
    for moved_from in ("", "old.ipynb"):
        save(store, moved_from=moved_from)
        assert routes_of(mounted) == ["/content"]


def test_each_call_is_one_request(store: VersionStore, mounted: Mounted) -> None:
    ids = [save(store, save_id=f"save-{number}").version_id for number in range(3)]
    routes_of(mounted)
    store.list_versions(KEY, limit=1000)
    store.walk_keys("workspace")
    store.set_label(KEY, ids[0], Label("x"))
    store.labels(KEY, only=ids)
    store.labels_named(KEY, "x")
    store.find_save(KEY, "save-0", size=2)
    store.open(KEY).read(None)
    assert [known.strip("/") for known in routes_of(mounted)] == [
        *("versions", "walk", "label", "labels", "labels", "find", "content")
    ]


def test_connections_are_used_again(store: ServiceStore) -> None:
    for _ in range(3):
        save(store)
        with store.open(KEY) as opened:
            opened.read(None)
    (pool,) = store._service._pools.values()
    assert (pool.num_connections, pool.num_requests) == (1, 7)


@pytest.mark.parametrize("wrong", [-HOUR, HOUR])
def test_the_clock_of_the_client_does_not_count(
    service: Traits, make_store: MakeStore, wrong: timedelta
) -> None:
    right = make_store(service)
    assert isinstance(right, ServiceStore)

    def wrong_clock() -> datetime:
        return after_all_saves() + wrong

    store = ServiceStore(right._settings, now=wrong_clock)
    ten_minutes_ago = after_all_saves() - timedelta(minutes=10)
    metadata = metadata_for(b"{}", saved_at=ten_minutes_ago + wrong)
    saved = store.put(KEY, io.BytesIO(b"{}"), size=2, metadata=metadata)
    assert saved.metadata is not None
    assert abs(saved.metadata.saved_at - ten_minutes_ago) < timedelta(minutes=1)
    assert store.find_save(KEY, metadata.save_id, size=2, since=utc_now() + wrong)


def test_a_client_loads_no_botocore() -> None:
    code = (
        "import sys\n"
        "from bookstore_core.settings import BookstoreSettings\n"
        "from bookstore_core.stores import open_store\n"
        "known = {'storage': 'service', 'service_url': 'http://127.0.0.1:9'}\n"
        "assert not open_store(BookstoreSettings(**known)).check().ok\n"
        "assert 'botocore' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_times_are_left_alone_while_the_clocks_may_agree() -> None:
    clock, second = TheirClock(), timedelta(seconds=1)
    for told in (SAVED_AT, SAVED_AT + second / 2, SAVED_AT + second):
        clock.learn(told.isoformat(), SAVED_AT, SAVED_AT + second)
        assert clock.theirs(SAVED_AT) == SAVED_AT
    clock.learn((SAVED_AT + 9 * second).isoformat(), SAVED_AT, SAVED_AT + second)
    assert clock.theirs(SAVED_AT) == SAVED_AT + 8 * second
    for told in (None, "", "soon"):
        clock.learn(told, SAVED_AT, SAVED_AT)
        assert clock.theirs(SAVED_AT) == SAVED_AT + 8 * second
