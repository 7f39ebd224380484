"""Queue: which save is sent next; in order for each key, several keys at once."""

import bisect
import heapq
from dataclasses import dataclass, field
from enum import Enum, auto

from bookstore_archiver.spool.entry import Entry


class State(Enum):
    """The state of a key's queue."""

    EMPTY = auto()
    READY = auto()
    BUSY = auto()
    HELD = auto()  # until the key's next version is due
    BEHIND = auto()  # until the saves under the notebook's old path are sent
    FAILING = auto()  # until the next attempt


@dataclass
class KeyQueue:
    """The saves of one key, oldest first; times are seconds of a clock."""

    key: str
    entries: list[Entry] = field(default_factory=list)
    state: State = State.EMPTY
    not_before: float = 0.0
    attempts: int = 0
    failing_since: float | None = None


class Queue:
    """Saves that wait. Not safe to use from several threads.

    With `interval`, at most one save of a key is sent in that many seconds, and a save
    is skipped if a newer one comes meanwhile; saves with provenance are exempt from
    both. The first version of a renamed notebook is sent after the saves under its old
    path: when all of them are done, or when one of them has failed.
    """

    def __init__(self, *, interval: float = 0.0) -> None:
        self.interval = interval
        self._queues: dict[str, KeyQueue] = {}
        self._names: set[str] = set()
        self._ready: list[tuple[str, str]] = []
        self._waiting: list[tuple[float, str]] = []
        #: Keys that wait for another key, and names of saves that need not wait.
        self._behind: dict[str, list[str]] = {}
        self._let_go: set[str] = set()

    def __len__(self) -> int:
        return len(self._names)

    @property
    def names(self) -> set[str]:
        """Names of all saves that wait or are being sent."""
        return self._names

    @property
    def ready(self) -> int:
        """About how many saves may be sent now."""
        return len(self._ready)

    def add(self, entry: Entry, now: float) -> list[Entry]:
        """Add a save to its queue; return the older ones that are skipped."""
        if entry.name in self._names:
            return []
        queue = self._queues.setdefault(entry.key, KeyQueue(entry.key))
        self._names.add(entry.name)
        head = 1 if queue.state is State.BUSY else 0
        bisect.insort(
            queue.entries, entry, lo=min(head, len(queue.entries)), key=_by_name
        )
        older = queue.entries[head:-1] if self.interval else []
        overtaken = [old for old in older if not old.has_provenance]
        for old in overtaken:
            queue.entries.remove(old)
            self._names.remove(old.name)
        urgent = queue.state is State.HELD and queue.entries[0].has_provenance
        if queue.state is State.EMPTY or urgent:
            self._settle(queue, now)
        return overtaken

    def pick(self, now: float) -> Entry | None:
        """Return the oldest save that may be sent now, and mark its queue as busy."""
        self._wake(now)
        while self._ready:
            _, key = heapq.heappop(self._ready)
            queue = self._queues.get(key)
            if queue is None or queue.state is not State.READY:
                continue
            if not self._goes_behind(queue):
                queue.state = State.BUSY
                return queue.entries[0]
        return None

    def done(self, entry: Entry, now: float, *, sent: bool = True) -> None:
        """Remove a save from its queue: it is in the store, or can never be sent."""
        queue = self._queues.get(entry.key)
        if queue is None or entry.name not in self._names:
            return
        queue.entries.pop(0)
        self._names.discard(entry.name)
        queue.attempts, queue.failing_since = 0, None
        queue.not_before = now + self.interval if sent else 0.0
        self._settle(queue, now)
        self._call_behind(queue.key)

    def hold(self, entry: Entry, now: float, delay: float) -> None:
        """Put a save back: the next version of its key is due in `delay` seconds."""
        queue = self._put_back(entry)
        if queue is not None and entry.key in self._behind:
            self._ready_now(queue)  # a renamed notebook waits for it
        elif queue is not None:
            self._wait(queue, State.HELD, now + delay)

    def fail(self, entry: Entry, now: float, delay: float) -> float:
        """Put a save back after a failure; return the seconds its key has failed."""
        queue = self._put_back(entry)
        if queue is None:
            return 0.0
        queue.attempts += 1
        if queue.failing_since is None:
            queue.failing_since = now
        self._wait(queue, State.FAILING, now + delay)
        self._call_behind(queue.key, anyway=True)
        return now - queue.failing_since

    def attempts(self, key: str) -> int:
        """Return how many times in a row the first save of the key has failed."""
        queue = self._queues.get(key)
        return queue.attempts if queue else 0

    def release_held(self) -> None:
        """Make every held queue ready, and hold none from now on."""
        self.interval = 0.0
        for queue in self._queues.values():
            if queue.state is State.HELD:
                self._ready_now(queue)
            elif queue.state is State.EMPTY:
                queue.not_before = 0.0

    def release_failing(self) -> None:
        """Make every queue ready that waits for its next attempt.

        They still count their failures: the next pause is not shorter.
        """
        for queue in self._queues.values():
            if queue.state is State.FAILING:
                self._ready_now(queue)

    def next_due(self) -> float | None:
        """Return the time when the next held or failing queue is due, or None."""
        while self._waiting:
            due, key = self._waiting[0]
            queue = self._queues.get(key)
            waits = queue and queue.state in (State.HELD, State.FAILING)
            if queue and waits and queue.not_before == due:
                return due
            heapq.heappop(self._waiting)
        return None

    def has_ready(self, now: float) -> bool:
        """Return whether there is a queue that is ready to be picked."""
        self._wake(now)
        return any(
            (queue := self._queues.get(key)) is not None and queue.state is State.READY
            for _, key in self._ready
        )

    def _put_back(self, entry: Entry) -> KeyQueue | None:
        queue = self._queues.get(entry.key)
        if queue is not None and entry.name in self._names:
            queue.entries[0] = entry
            return queue
        return None

    def _goes_behind(self, queue: KeyQueue) -> bool:
        """Make a queue wait if its next save must come after saves of another key."""
        entry = queue.entries[0]
        old = self._queues.get(entry.moved_key)
        waits = old is not None and old is not queue and bool(old.entries)
        if old is None or not waits or old.entries[0].name > entry.name:
            return False
        if entry.name in self._let_go:
            self._let_go.discard(entry.name)
            return False
        queue.state = State.BEHIND
        self._behind.setdefault(old.key, []).append(queue.key)
        if old.state is State.HELD:
            self._ready_now(old)  # no more saves under the old path are expected
        return True

    def _call_behind(self, key: str, *, anyway: bool = False) -> None:
        """Wake the queues that wait for a key; with `anyway`, they need not wait."""
        for name in self._behind.pop(key, ()):
            queue = self._queues.get(name)
            if queue is not None and queue.state is State.BEHIND:
                if anyway:
                    self._let_go.add(queue.entries[0].name)
                self._ready_now(queue)

    def _settle(self, queue: KeyQueue, now: float) -> None:
        urgent = bool(queue.entries) and queue.entries[0].has_provenance
        if queue.entries and queue.not_before > now and not urgent:
            self._wait(queue, State.HELD, queue.not_before)
        elif queue.entries:
            self._ready_now(queue)
        elif queue.not_before > now:
            queue.state = State.EMPTY
        else:
            del self._queues[queue.key]

    def _ready_now(self, queue: KeyQueue) -> None:
        queue.state = State.READY
        heapq.heappush(self._ready, (queue.entries[0].name, queue.key))

    def _wait(self, queue: KeyQueue, state: State, due: float) -> None:
        queue.state, queue.not_before = state, due
        heapq.heappush(self._waiting, (due, queue.key))

    def _wake(self, now: float) -> None:
        while (due := self.next_due()) is not None and due <= now:
            _, key = heapq.heappop(self._waiting)
            self._ready_now(self._queues[key])


def _by_name(entry: Entry) -> str:
    return entry.name
