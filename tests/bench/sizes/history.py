"""Requests to S3 in a long history, counted by a front before the store."""

from collections.abc import Callable
from pathlib import Path

from bench.sizes.filling import KEY, PATH, put, small
from bench.sizes.growth import Growth, metered, steps_to
from bookstore_core.errors import VersionNotFoundError
from bookstore_core.history import History
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, VersionStore, open_store
from harness.fault_proxy import FaultProxy
from harness.ministack import ministack
from harness.s3_server import make_bucket, s3_client, s3_traits

BUCKET = "history"
OF = "versions"
#: Labels in the history that is searched.
FEW = 10


def measure_history(folder: Path, size: int) -> list[Growth]:
    """Count the requests of everything that finds a version, as a history grows."""
    with ministack(folder) as url, FaultProxy(url) as front:
        make_bucket(s3_client(url), BUCKET)
        kept = open_store(BookstoreSettings(**s3_traits(url, BUCKET)))
        settings = BookstoreSettings(**s3_traits(front.url, BUCKET))
        history = History(open_store(settings), settings)
        rows = _Rows(history, front)
        ids: list[str] = []
        for step in steps_to(size):
            while len(ids) < step:
                ids.append(put(kept, small(len(ids))).version_id)
                if 1 < len(ids) <= FEW + 1:
                    kept.set_label(KEY, ids[-1], Label(ids[-1]))
            rows.measure(ids)
        return [*rows.found, _labels(kept, history, front, max(size // 10, 1))]


def _labels(
    kept: VersionStore, history: History, front: FaultProxy, size: int
) -> Growth:
    """Find a version by its label, as the labels become more."""
    found = Growth("by its label, S3", "requests", "labels", 10)
    path, done = "ann/labelled.ipynb", 0
    for step in steps_to(size):
        for number in range(done, step):
            key = f"workspace/{path}"
            version = put(kept, small(number), key=key)
            kept.set_label(key, version.version_id, Label(f"step {number}"))
        done = step
        before = len(front.requests)
        history.find(path, f"step {step // 2}")
        found.add(step, len(front.requests) - before)
    return found


class _Rows:
    """The rows of the table; each is a way to name a version."""

    def __init__(self, history: History, front: FaultProxy) -> None:
        self._history = history
        self._front = front
        self._oldest = Growth("the oldest by @N, S3", "requests", OF, 13)
        self._cpu = Growth("the oldest by @N, S3: CPU", "s", OF, 1)
        self._at = Growth("--at, in the middle, S3", "requests", OF, 13)
        self._search = Growth(
            f"search for labels to the end, of {FEW} labels, S3", "requests", OF, 25
        )
        self._before = Growth("the one before, far back, S3", "requests", OF, 6)
        self._wrong = Growth("a mistyped name, S3", "requests", OF, 10)

    @property
    def found(self) -> list[Growth]:
        return [value for value in vars(self).values() if isinstance(value, Growth)]

    def measure(self, ids: list[str]) -> None:
        history, size = self._history, len(ids)
        history.find(PATH)  # the connection is there
        with metered() as meter:
            self._count(self._oldest, size, lambda: history.find(PATH, f"@{size - 1}"))
        self._cpu.add(size, meter.cpu)
        old = history.find(PATH, ids[size // 2])
        middle = old.version.metadata.saved_at
        self._count(self._at, size, lambda: history.at(PATH, middle))
        self._count(self._search, size, lambda: self._search_all("in no label"))
        self._count(self._before, size, lambda: history.before(old))
        self._count(self._wrong, size, lambda: self._miss("no such name"))

    def _count(self, growth: Growth, size: int, act: Callable[[], object]) -> None:
        before = len(self._front.requests)
        act()
        growth.add(size, len(self._front.requests) - before)

    def _search_all(self, text: str) -> None:
        cursor = None
        while True:
            page = self._history.page(PATH, q=text, limit=50, cursor=cursor)
            cursor = page.cursor
            if cursor is None:
                return

    def _miss(self, name: str) -> None:
        try:
            self._history.find(PATH, name)
        except VersionNotFoundError:
            return
        raise RuntimeError(f"{name} was found")
