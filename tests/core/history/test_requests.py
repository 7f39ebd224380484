"""What a page of a history costs: requests, also with 10,000 versions."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.errors import VersionNotFoundError
from bookstore_core.history import History, skim
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, VersionStore
from bookstore_core.stores.local.store import LocalStore
from bookstore_core.stores.timeouts import FOR_WORK
from core.saving import Traits, save

PATH = "ann/mine.ipynb"
KEY = f"workspace/{PATH}"
MANY = 10_000


@contextmanager
def counted(store: Any) -> Iterator[Counter[str]]:
    """Count the requests to S3, by operation."""
    events = store._connection._client(FOR_WORK).client.meta.events
    counts: Counter[str] = Counter()

    def count(event_name: str, **_: Any) -> None:
        counts[event_name.rpartition(".")[2]] += 1

    events.register("before-send.s3", count)
    try:
        yield counts
    finally:
        events.unregister("before-send.s3", count)


def test_a_page_costs_two_listings_and_a_head_for_each_row(
    s3_store: VersionStore,
) -> None:
    saved = [save(s3_store, key=KEY) for _ in range(30)]
    history = History(s3_store, BookstoreSettings())
    with counted(s3_store) as counts:
        page = history.page(PATH, limit=20)
    # One listing of versions, and one of the notes at the path.
    expected = {"ListObjectVersions": 2, "HeadObject": 20, "ListObjectsV2": 1}
    assert counts == expected
    for version in (saved[-1], saved[-2], saved[0]):
        s3_store.set_label(KEY, version.version_id, Label(version.version_id))
    with counted(s3_store) as counts:
        history.page(PATH, limit=20)
    assert counts == {**expected, "GetObjectTagging": 2}
    with counted(s3_store) as counts:
        history.page(PATH, limit=20, cursor=page.cursor)
    assert counts == {
        "ListObjectVersions": 1,
        "HeadObject": 10,
        "ListObjectsV2": 1,
        "GetObjectTagging": 1,
    }


def test_the_activity_of_a_page_costs_no_request(s3_store: VersionStore) -> None:
    for _ in range(30):
        save(s3_store, key=KEY)
    history = History(s3_store, BookstoreSettings())
    with counted(s3_store) as counts:
        page = history.page(PATH, limit=20, look=400)
    assert counts == {"ListObjectVersions": 2, "HeadObject": 20, "ListObjectsV2": 1}
    assert len(page.activity.saves) == 30
    with counted(s3_store) as counts:
        history.page(PATH, limit=20, cursor=page.cursor)
    assert counts["ListObjectVersions"] == 1


def test_a_seam_costs_two_more_listings(s3_store: VersionStore) -> None:
    for _ in range(3):
        save(s3_store, key="workspace/old.ipynb")
    save(s3_store, key=KEY, moved_from="old.ipynb")
    history = History(s3_store, BookstoreSettings())
    with counted(s3_store) as counts:
        assert len(history.page(PATH).rows) == 4
    # Of the versions of both paths, and of the notes at the old one.
    assert counts["ListObjectVersions"] == 3
    assert counts["HeadObject"] == 4


def test_a_version_named_by_its_id_is_found_without_listing_the_others(
    s3_store: VersionStore,
) -> None:
    first = save(s3_store, key=KEY)
    for _ in range(20):
        save(s3_store, key=KEY)
    history = History(s3_store, BookstoreSettings())
    with counted(s3_store) as counts:
        history.find(PATH, first.version_id)
    assert counts == {"HeadObject": 1, "ListObjectVersions": 1, "ListObjectsV2": 1}


def test_a_version_is_opened_by_its_id_with_one_request_for_its_content(
    s3_store: VersionStore,
) -> None:
    first, _ = save(s3_store, key=KEY), save(s3_store, key=KEY)
    history = History(s3_store, BookstoreSettings())
    expected = {"GetObject": 1, "ListObjectVersions": 1, "ListObjectsV2": 1}
    with counted(s3_store) as counts:
        history.open(PATH, first.version_id)
    assert counts == expected
    s3_store.set_label(KEY, first.version_id, Label("good"))
    with counted(s3_store) as counts:
        history.open(PATH, first.version_id)
    assert counts == {**expected, "GetObjectTagging": 1}
    with counted(s3_store) as counts:
        history.read(PATH, first.version_id)
    assert counts == {"GetObject": 1}


def test_the_newest_version_is_opened_with_three_requests(
    s3_store: VersionStore,
) -> None:
    save(s3_store, key=KEY)
    save(s3_store, key=KEY)
    history = History(s3_store, BookstoreSettings())
    with counted(s3_store) as counts:
        history.open(PATH)
    assert counts == {
        "ListObjectVersions": 1,
        "GetObject": 1,
        "ListObjectsV2": 1,
    }


def test_the_version_before_another_costs_four_requests(
    s3_store: VersionStore,
) -> None:
    saved = [save(s3_store, key=KEY) for _ in range(30)]
    s3_store.set_label(KEY, saved[0].version_id, Label("first"))
    history = History(s3_store, BookstoreSettings())
    for version in (saved[29], saved[1]):
        row = history.find(PATH, version.version_id)
        with counted(s3_store) as counts:
            history.before(row)
        # Of the versions after it, and of the notes; whether both exist.
        assert counts == {"ListObjectVersions": 2, "HeadObject": 2}


def test_a_version_far_back_costs_the_listings_and_a_head(
    s3_store: VersionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skim, "MAX_ROWS", 10)
    saved = [save(s3_store, key=KEY) for _ in range(35)][::-1]
    history = History(s3_store, BookstoreSettings())
    for index, pages in ((34, 4), (20, 3), (5, 1)):
        with counted(s3_store) as counts:
            found = history.find(PATH, f"@{index}")
        assert found.version.version_id == saved[index].version_id
        expected = {"ListObjectVersions": pages + 1, "HeadObject": 1}
        assert counts == {**expected, "ListObjectsV2": 1}


def test_a_label_among_many_costs_few_requests(s3_store: VersionStore) -> None:
    saved = [save(s3_store, key=KEY) for _ in range(12)]
    for number, version in enumerate(saved):
        s3_store.set_label(KEY, version.version_id, Label(f"label {number}"))
    history = History(s3_store, BookstoreSettings())
    with counted(s3_store) as counts:
        assert history.find(PATH, "label 3").version.version_id == saved[3].version_id
    # Two lists of markers, one of versions, one of notes; it is no version's id.
    assert counts["GetObjectTagging"] == 1
    assert sum(counts.values()) <= 8
    with counted(s3_store) as counts, pytest.raises(VersionNotFoundError):
        history.find(PATH, "lable 3")
    assert sum(counts.values()) <= 10


class Counting(LocalStore):
    """A local store that counts its requests."""

    def __init__(self, settings: BookstoreSettings) -> None:
        super().__init__(settings)
        self.calls: Counter[str] = Counter()

    def list_versions(self, *words: Any, **asked: Any) -> Any:
        self.calls["list_versions"] += 1
        return super().list_versions(*words, **asked)

    def head(self, *words: Any, **asked: Any) -> Any:
        self.calls["head"] += 1
        return super().head(*words, **asked)

    def labels(self, *words: Any, **asked: Any) -> Any:
        self.calls["labels"] += 1
        return super().labels(*words, **asked)


@pytest.fixture
def full(local: Traits) -> Counting:
    """A store with very many versions of one notebook, a minute apart."""
    settings = BookstoreSettings(**local)
    store = Counting(settings)
    first = save(store, key=KEY)
    [sidecar] = Path(store.location).rglob("*.meta.json")
    described = sidecar.read_bytes()
    start = datetime(2020, 1, 1, tzinfo=UTC)
    for number in range(MANY - 1):
        stamp = f"{start + timedelta(minutes=number):%Y%m%dT%H%M%S.%fZ}-1a2b3c4d"
        (sidecar.parent / f"{stamp}.ipynb").write_bytes(b"{}")
        (sidecar.parent / f"{stamp}.meta.json").write_bytes(described)
    assert store.head(KEY, first.version_id).size == 2
    store.calls.clear()
    return store


def test_a_page_of_very_many_versions_requests_only_its_own(
    full: Counting,
) -> None:
    history = History(full, BookstoreSettings())
    cursor = None
    for _ in range(3):
        page = history.page(PATH, limit=50, cursor=cursor)
        assert len(page.rows) == 50
        cursor = page.cursor
        assert cursor is not None
        assert len(cursor) < 1000
    # The notes at the path are listed for the first page alone.
    assert full.calls == {"list_versions": 4, "head": 150, "labels": 3}


def test_a_version_named_by_its_index_costs_no_more_than_its_index(
    full: Counting,
) -> None:
    history = History(full, BookstoreSettings())
    history.find(PATH)
    assert full.calls == {"list_versions": 1, "head": 1, "labels": 1}
    history.find(PATH, "@2")
    # A listing of the versions, one of the notes, and a HEAD of the version.
    assert full.calls == {"list_versions": 3, "head": 2, "labels": 2}


def test_very_many_versions_are_all_in_the_history(full: Counting) -> None:
    history = History(full, BookstoreSettings())
    ids: list[str] = []
    cursor = None
    for _ in range(MANY // 1000):
        page = history.page(PATH, limit=1000, cursor=cursor)
        ids += [row.version.version_id for row in page.rows]
        cursor = page.cursor
    assert cursor is None
    assert len(set(ids)) == MANY
    assert ids == sorted(ids, reverse=True)
    assert history.find(PATH, "@9999").version.version_id == ids[-1]
