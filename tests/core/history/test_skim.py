"""Skimmed histories are those that looking at each version shows."""

import io
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bookstore_core.errors import ForbiddenError, VersionNotFoundError
from bookstore_core.history import History, HistoryRow
from bookstore_core.moved_notes import note_key, write_note
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label
from bookstore_core.stores.seams import seams_key
from bookstore_core.upkeep.repair import repair
from core.saving import SAVED_AT, metadata_for
from harness.history_store import HistoryStore
from harness.memory_store import fail_with

PATHS = ("a.ipynb", "b.ipynb", "c.ipynb", "d/a.ipynb")

Send = Callable[[], object]


class Server:
    """Saves and renames notebooks at random, as people do on a notebook server.

    While the store is out of reach, its saves wait, and are then sent in their order.
    """

    def __init__(self, seed: int, *, step: float, paths: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311  # the same in each run
        self.paths = PATHS[:paths]
        self.store = HistoryStore(now=self.clock)
        self.history = History(self.store, BookstoreSettings(max_threads=1))
        self._step, self._now = step, SAVED_AT
        self._present: set[str] = set()
        self._waiting: list[Send] = []

    def clock(self) -> datetime:
        self._now += timedelta(seconds=self._step * self.chance.random() + 1e-5)
        return self._now

    def _put(self, key: str, content: bytes, moved_from: str = "") -> None:
        saved_at = self.clock()
        metadata = replace(
            metadata_for(content, moved_from=moved_from), saved_at=saved_at
        )
        self._waiting.append(
            lambda: self.store.put(
                key, io.BytesIO(content), size=len(content), metadata=metadata
            )
        )

    def _rename(self, old: str, new: str) -> None:
        self._present.remove(old)
        self._present.add(new)
        self._put(f"workspace/{new}", b"{}", moved_from=old)
        self._put(note_key(f"workspace/{old}"), write_note(new))

    def act(self) -> None:
        """Do one thing; then send what waits, unless the store is out of reach."""
        wish = self.chance.random()
        free = [path for path in self.paths if path not in self._present]
        known = sorted(self._present)
        if wish < 0.7 or not known:
            path = self.chance.choice(self.paths)
            self._present.add(path)
            self._put(f"workspace/{path}", b"{}" * self.chance.randint(1, 3))
        elif wish < 0.9 and free:
            self._rename(self.chance.choice(known), self.chance.choice(free))
        elif wish < 0.96 and self._step > 0.1:
            key = f"workspace/{self.chance.choice(known)}"
            self._waiting.append(lambda: self.store.delete(key))
        else:
            self._present.remove(self.chance.choice(known))
        if self.chance.random() < 0.8:
            self.send()

    def send(self) -> None:
        for send in self._waiting:
            send()
        self._waiting.clear()


def name_of(row: HistoryRow | None) -> tuple[str, str] | None:
    return (row.path, row.version.version_id) if row else None


def looked_at(history: History, path: str) -> list[HistoryRow]:
    """Return all rows of a notebook: each page looks at every version."""
    rows: list[HistoryRow] = []
    cursor = None
    while True:
        page = history.page(path, cursor=cursor, limit=7)
        rows += page.rows
        cursor = page.cursor
        if cursor is None:
            return rows


def check(server: Server, path: str) -> int:
    """Compare what is found with what pages show; return the number of versions."""
    history = server.history
    rows = looked_at(history, path)
    live = [row for row in rows if not row.version.deleted]
    for index, row in enumerate(live):
        assert name_of(history.find(path, f"@{index}")) == name_of(row)
        assert name_of(history.find(path, row.version.version_id))
        for moment in (row.saved_at, row.saved_at + timedelta(microseconds=1)):
            expected = next(r for r in live if r.saved_at <= moment)
            assert name_of(history.at(path, moment)) == name_of(expected)
    for index, row in enumerate(rows):
        older = [r for r in rows[index + 1 :] if not r.version.deleted]
        assert name_of(history.before(row)) == name_of(older[0] if older else None)
    if live:
        with pytest.raises(VersionNotFoundError):
            history.find(path, f"@{len(live)}")
        with pytest.raises(VersionNotFoundError):
            history.at(path, live[-1].saved_at - timedelta(microseconds=1))
    return len(live)


@pytest.mark.parametrize("step", [0.001, 0.4, 3])
@pytest.mark.parametrize("seed", range(12))
def test_what_is_skimmed_is_what_is_looked_at(seed: int, step: float) -> None:
    server = Server(seed, step=step, paths=2 + seed % 3)
    for _ in range(60):
        server.act()
    server.send()
    assert sum(check(server, path) for path in server.paths) > 5


@pytest.mark.parametrize("step", [0.001, 0.4, 3])
@pytest.mark.parametrize("seed", range(12))
def test_what_earlier_releases_wrote_is_followed_too(seed: int, step: float) -> None:
    server = Server(seed, step=step, paths=2 + seed % 3)
    server.store.announcing = False
    for number in range(60):
        server.store.announcing = number > 25 + seed
        server.act()
    server.send()
    assert sum(check(server, path) for path in server.paths) > 5


@pytest.mark.parametrize("step", [0.001, 0.4, 3])
@pytest.mark.parametrize("seed", range(12))
def test_what_earlier_releases_wrote_is_followed_by_its_record(
    seed: int, step: float
) -> None:
    server = Server(seed, step=step, paths=2 + seed % 3)
    server.store.announcing = False
    for number in range(60):
        server.act()
        if number == 20 + seed:
            server.send()
            assert repair(server.store, BookstoreSettings(), few=0).ok
            server.store.announcing = True
    server.send()
    assert sum(check(server, path) for path in server.paths) > 5


def long_history(number: int, *, announcing: bool = True) -> Server:
    """A server with so many versions of b.ipynb, a minute apart; the first is a seam.

    One version of a.ipynb is before them.
    """
    server = Server(0, step=0, paths=2)
    server.store.announcing = announcing
    server._put("workspace/a.ipynb", b"{}")
    for index in range(number):
        server._now += timedelta(minutes=1)
        moved_from = "" if index else "a.ipynb"
        server._put("workspace/b.ipynb", b"%d" % index, moved_from=moved_from)
        server.send()
    server.store.calls.clear()
    return server


def requests_of(server: Server) -> int:
    calls = server.store.calls
    asked = calls["list"] + calls["head"] + calls["labels"]
    calls.clear()
    return asked


def test_a_version_far_back_costs_little_more_than_the_listings() -> None:
    server = long_history(3000)
    rows = server.store.versions["workspace/b.ipynb"][::-1]
    # Three pages, the notes, the arrival, the version, its label.
    for index, most in ((2998, 7), (2999, 10), (1500, 6), (20, 5)):
        row = server.history.find("b.ipynb", f"@{index}")
        assert row.version.version_id == rows[index].version_id
        assert requests_of(server) <= most


@pytest.mark.parametrize("delay", [0, 90, 7200])
def test_a_version_is_found_by_its_time_with_few_requests(delay: int) -> None:
    server = long_history(3000)
    versions = server.store.versions["workspace/b.ipynb"]
    # An upload may be late.
    late = [
        replace(v, stored_at=v.stored_at + timedelta(seconds=delay)) for v in versions
    ]
    server.store.versions["workspace/b.ipynb"] = late
    wanted = versions[1500]
    moment = wanted.saved_at + timedelta(seconds=20)
    row = server.history.at("b.ipynb", moment)
    assert row.version.version_id == wanted.version_id
    assert requests_of(server) <= (10 if delay < 100 else 22)


def test_the_version_before_another_costs_the_same_at_any_age() -> None:
    server = long_history(3000)
    versions = server.store.versions["workspace/b.ipynb"]
    for index in (2999, 1100, 1):
        row = server.history.find("b.ipynb", versions[index].version_id)
        server.store.calls.clear()
        before = server.history.before(row)
        assert before is not None
        assert before.version.version_id == versions[index - 1].version_id
        assert requests_of(server) == 4
    first = server.history.find("b.ipynb", versions[0].version_id)
    before = server.history.before(first)
    assert before is not None
    assert before.path == "a.ipynb"


def test_a_name_that_is_unknown_costs_few_requests() -> None:
    server = long_history(4000)
    with pytest.raises(VersionNotFoundError, match="no version or label"):
        server.history.find("b.ipynb", "final verson")
    assert requests_of(server) <= 8


def test_a_search_follows_a_long_history_to_its_end() -> None:
    server = long_history(3000)
    seam = server.store.versions["workspace/b.ipynb"][0].version_id
    old = server.store.versions["workspace/a.ipynb"][0].version_id
    server.store.set_label("workspace/b.ipynb", seam, Label("mine"))
    server.store.set_label("workspace/a.ipynb", old, Label("mine, older"))
    server.store.calls.clear()
    page = server.history.page("b.ipynb", q="mine")
    assert [name_of(row) for row in page.rows] == [("b.ipynb", seam), ("a.ipynb", old)]
    assert page.cursor is None
    assert requests_of(server) <= 18


def test_versions_of_an_earlier_release_are_looked_at_one_by_one() -> None:
    server = long_history(100, announcing=False)
    server.store.announcing = True
    for index in range(50):
        server._put("workspace/b.ipynb", b"%d" % index)
        server.send()
    rows = looked_at(server.history, "b.ipynb")
    assert len(rows) == 151
    server.store.calls.clear()
    for index in (0, 49, 50, 75, 149, 150):
        row = server.history.find("b.ipynb", f"@{index}")
        assert name_of(row) == name_of(rows[index])
        assert requests_of(server) <= 20 + 2 * max(0, index - 49)


def test_an_announced_version_that_never_arrived_has_no_effect() -> None:
    server = long_history(50)
    versions = server.store.versions["workspace/b.ipynb"]
    metadata = replace(metadata_for(moved_from="c.ipynb"), saved_at=server.clock())
    server.store._announce("workspace/b.ipynb", metadata)
    server._put("workspace/b.ipynb", b"more")
    server.send()
    row = server.history.find("b.ipynb", "@40")
    assert row.version.version_id == versions[10].version_id
    assert server.history.find("b.ipynb", "@51").path == "a.ipynb"
    server.store.calls.clear()
    server.history.find("b.ipynb", "@40")
    assert requests_of(server) <= 16


def test_a_repaired_history_is_followed_by_listings() -> None:
    server = long_history(3000, announcing=False)
    settings = BookstoreSettings()
    assert repair(server.store, settings).sentence.endswith("of 1 notebook.")
    assert repair(server.store, settings).sentence.endswith("of 0 notebooks.")
    server.store.calls.clear()
    for index, path in ((0, "b.ipynb"), (1500, "b.ipynb"), (3000, "a.ipynb")):
        assert server.history.find("b.ipynb", f"@{index}").path == path
        assert requests_of(server) <= 16


def test_a_rename_by_an_earlier_release_after_the_repair_is_found() -> None:
    server = long_history(200, announcing=False)
    assert repair(server.store, BookstoreSettings()).ok
    server._put("workspace/b.ipynb", b"moved", moved_from="a.ipynb")
    server.send()
    rows = looked_at(server.history, "b.ipynb")
    assert [row.path for row in rows] == ["b.ipynb", "a.ipynb"]
    assert name_of(server.history.find("b.ipynb", "@1")) == name_of(rows[1])
    with pytest.raises(VersionNotFoundError):
        server.history.find("b.ipynb", "@2")


def test_a_repair_that_the_store_refuses_says_so() -> None:
    server = long_history(150, announcing=False)
    server.store.before = [fail_with(ForbiddenError("No."))]
    finding = repair(server.store, BookstoreSettings())
    assert not finding.ok
    assert "No." in finding.sentence


def test_a_record_that_is_damaged_is_ignored() -> None:
    server = long_history(150, announcing=False)
    assert repair(server.store, BookstoreSettings()).ok
    for data in (b"", b"{}", b"[1", b'{"through": 1, "stored_at": "x", "seams": [2]}'):
        metadata = metadata_for(data)
        key = seams_key("workspace/b.ipynb")
        server.store.put(key, io.BytesIO(data), size=len(data), metadata=metadata)
        assert server.history.find("b.ipynb", "@150").path == "a.ipynb"
