"""What a history has read before is shown without requests, and without threads."""

import threading
from collections.abc import Hashable

import pytest

from bookstore_core.history import History
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version
from core.saving import save
from harness.memory_store import MemoryStore

KEY = "workspace/a.ipynb"


class Memo(dict[Hashable, Version]):
    """A memo that forgets nothing."""

    def put(self, key: Hashable, value: Version) -> None:
        self[key] = value


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The threads for requests that are started."""
    found: list[threading.Thread] = []
    start = threading.Thread.start

    def record(thread: threading.Thread) -> None:
        if thread.name.startswith("bookstore-ask"):
            found.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", record)
    return found


def test_a_page_that_is_shown_again_takes_no_threads(
    started: list[threading.Thread],
) -> None:
    store = MemoryStore()
    history = History(store, BookstoreSettings(max_threads=4), memo=Memo())
    saved = [save(store, str(number).encode(), key=KEY) for number in range(5)]
    first = history.page("a.ipynb")
    assert started
    started.clear()
    save(store, b"one more", key=KEY)
    assert history.page("a.ipynb").rows[1:] == first.rows
    assert not started
    assert len(first.rows) == len(saved)
