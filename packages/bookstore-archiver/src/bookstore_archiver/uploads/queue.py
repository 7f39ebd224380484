"""Which save is sent next: one line for each key, in order, several lines at once."""

import bisect
import heapq
from dataclasses import dataclass, field
from enum import Enum, auto

from bookstore_archiver.spool.entry import Entry


class State(Enum):
    """Where a line stands."""

    EMPTY = auto()
    READY = auto()
    BUSY = auto()
    HELD = auto()  # until the key's next version is due
    BEHIND = auto()  # the saves that a notebook had under its old path
    FAILING = auto()  # until it is tried again


@dataclass
class KeyQueue:
    """The saves of one key, oldest first; times are of a clock in seconds."""

    key: str
    entries: list[Entry] = field(default_factory=list)
    state: State = State.EMPTY
    not_before: float = 0.0
    attempts: int = 0
    failing_since: float | None = None


class Queue:
    """Saves that wait. Not for several threads: its owner holds a lock.

    With `interval`, at most one save of a key is sent in that many seconds, and one
    that a newer save has overtaken meanwhile is not sent at all; saves with news are
    exempt from both. The first version of a renamed notebook goes behind the saves that
    were made under its old path: directly after one of them failed, otherwise when all
    of them have left.
    """

    def __init__(self, *, interval: float = 0.0) -> None:
        self.interval = interval
        self._lines: dict[str, KeyQueue] = {}
        self._names: set[str] = set()
        self._ready: list[tuple[str, str]] = []
        self._waiting: list[tuple[float, str]] = []
        #: Keys of the lines that go behind a key, and names of the saves that may go.
        self._behind: dict[str, list[str]] = {}
        self._let_go: set[str] = set()

    def __len__(self) -> int:
        return len(self._names)

    @property
    def names(self) -> set[str]:
        """Names of all entries that wait or are being sent."""
        return self._names

    def add(self, entry: Entry, now: float) -> list[Entry]:
        """Put a save into its line; return those that need not be sent any more."""
        if entry.name in self._names:
            return []
        line = self._lines.setdefault(entry.key, KeyQueue(entry.key))
        self._names.add(entry.name)
        head = 1 if line.state is State.BUSY else 0
        bisect.insort(
            line.entries, entry, lo=min(head, len(line.entries)), key=_by_name
        )
        older = line.entries[head:-1] if self.interval else []
        overtaken = [old for old in older if not old.has_news]
        for old in overtaken:
            line.entries.remove(old)
            self._names.remove(old.name)
        urgent = line.state is State.HELD and line.entries[0].has_news
        if line.state is State.EMPTY or urgent:
            self._settle(line, now)
        return overtaken

    def pick(self, now: float) -> Entry | None:
        """Return the oldest save that may be sent now; its line is busy from here."""
        self._wake(now)
        while self._ready:
            _, key = heapq.heappop(self._ready)
            line = self._lines.get(key)
            if line is None or line.state is not State.READY:
                continue
            if not self._goes_behind(line):
                line.state = State.BUSY
                return line.entries[0]
        return None

    def done(self, entry: Entry, now: float, *, sent: bool = True) -> None:
        """Take a save out of its line: it is in the store, or set aside."""
        line = self._lines.get(entry.key)
        if line is None or entry.name not in self._names:
            return
        line.entries.pop(0)
        self._names.discard(entry.name)
        line.attempts, line.failing_since = 0, None
        line.not_before = now + self.interval if sent else 0.0
        self._settle(line, now)
        self._call_behind(line.key)

    def hold(self, entry: Entry, now: float, delay: float) -> None:
        """Put a save back because its key's next version is due later."""
        line = self._put_back(entry)
        if line is not None and entry.key in self._behind:
            self._ready_now(line)  # what a person did waits for it, and for no interval
        elif line is not None:
            self._wait(line, State.HELD, now + delay)

    def fail(self, entry: Entry, now: float, delay: float) -> float:
        """Put a save back after a failure; return for how long its key has failed."""
        line = self._put_back(entry)
        if line is None:
            return 0.0
        line.attempts += 1
        if line.failing_since is None:
            line.failing_since = now
        self._wait(line, State.FAILING, now + delay)
        self._call_behind(line.key, anyway=True)
        return now - line.failing_since

    def attempts(self, key: str) -> int:
        """Return how many times in a row the head of the key's line has failed."""
        line = self._lines.get(key)
        return line.attempts if line else 0

    def release_held(self) -> None:
        """Let every line go that waits for its interval, and wait for none any more."""
        self.interval = 0.0
        for line in self._lines.values():
            if line.state is State.HELD:
                self._ready_now(line)
            elif line.state is State.EMPTY:
                line.not_before = 0.0

    def next_due(self) -> float | None:
        """Return when a waiting line may be sent next, or None."""
        while self._waiting:
            due, key = self._waiting[0]
            line = self._lines.get(key)
            waits = line and line.state in (State.HELD, State.FAILING)
            if line and waits and line.not_before == due:
                return due
            heapq.heappop(self._waiting)
        return None

    def has_ready(self, now: float) -> bool:
        """Say whether `pick` would return something."""
        self._wake(now)
        return any(
            (line := self._lines.get(key)) is not None and line.state is State.READY
            for _, key in self._ready
        )

    def _put_back(self, entry: Entry) -> KeyQueue | None:
        line = self._lines.get(entry.key)
        if line is not None and entry.name in self._names:
            line.entries[0] = entry
            return line
        return None

    def _goes_behind(self, line: KeyQueue) -> bool:
        """Let a line wait whose next save has to come after those of another key."""
        entry = line.entries[0]
        old = self._lines.get(entry.moved_key)
        waits = old is not None and old is not line and bool(old.entries)
        if old is None or not waits or old.entries[0].name > entry.name:
            return False
        if entry.name in self._let_go:
            self._let_go.discard(entry.name)
            return False
        line.state = State.BEHIND
        self._behind.setdefault(old.key, []).append(line.key)
        if old.state is State.HELD:
            self._ready_now(old)  # nobody saves under the old path any more
        return True

    def _call_behind(self, key: str, *, anyway: bool = False) -> None:
        """Have the lines that wait for a key look again, or go `anyway`."""
        for name in self._behind.pop(key, ()):
            line = self._lines.get(name)
            if line is not None and line.state is State.BEHIND:
                if anyway:
                    self._let_go.add(line.entries[0].name)
                self._ready_now(line)

    def _settle(self, line: KeyQueue, now: float) -> None:
        urgent = bool(line.entries) and line.entries[0].has_news
        if line.entries and line.not_before > now and not urgent:
            self._wait(line, State.HELD, line.not_before)
        elif line.entries:
            self._ready_now(line)
        elif line.not_before > now:
            line.state = State.EMPTY
        else:
            del self._lines[line.key]

    def _ready_now(self, line: KeyQueue) -> None:
        line.state = State.READY
        heapq.heappush(self._ready, (line.entries[0].name, line.key))

    def _wait(self, line: KeyQueue, state: State, due: float) -> None:
        line.state, line.not_before = state, due
        heapq.heappush(self._waiting, (due, line.key))

    def _wake(self, now: float) -> None:
        while (due := self.next_due()) is not None and due <= now:
            _, key = heapq.heappop(self._waiting)
            self._ready_now(self._lines[key])


def _by_name(entry: Entry) -> str:
    return entry.name
