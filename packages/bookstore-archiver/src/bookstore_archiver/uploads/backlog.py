"""Backlog: which waiting saves may be sent now, and what happens after an attempt."""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from bookstore_archiver.spool.entry import Entry
from bookstore_archiver.spool.spool import Spool
from bookstore_archiver.uploads.queue import Queue
from bookstore_archiver.uploads.sender import Outcome, SendResult
from bookstore_archiver.uploads.stats import STORE, Stats
from bookstore_archiver.uploads.timing import Timing
from bookstore_core.errors import CredentialsError

#: How many names of finished saves are remembered: more than threads that save.
REMEMBERED = 1000

#: How many saves that may be sent are enough, if more are in the spool.
LOW = 250

#: How many saves are sent at once during an outage, to find out whether it is over:
#: more than one, because a store may hang.
PROBES = 2

#: How many saves are sent at once while saves arrive: sending takes their process's
#: time. More than one, because the store may be slow for one of them.
FEW = 2


class Backlog:
    """The queue of a spool, and when the store may be tried.

    The caller must hold the lock, except for `settle` and `remove`.
    """

    def __init__(
        self,
        spool: Spool,
        stats: Stats,
        *,
        log: logging.Logger,
        lock: threading.Condition,
        max_threads: int,
        min_interval: float,
        timing: Timing,
        stored: Callable[[Entry], None] = lambda entry: None,
        removed: Callable[[Entry], None] = lambda entry: None,
        clock: Callable[[], float] = time.monotonic,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._spool = spool
        self._stats = stats
        self._log = log
        self._lock = lock
        self._max_threads = max_threads
        self._timing = timing
        self._stored = stored
        self._removed = removed
        self._clock = clock
        self._dice = dice
        self._queue = Queue(interval=min_interval)
        self._leftover: dict[str, Entry] = {}  # sent, but not removed yet
        # A scan of the spool may find a save before `add` is called with it.
        self._left: deque[str] = deque(maxlen=REMEMBERED)
        self._outage = StoreOutage()
        self._outage_ended = False
        self._busy_until = 0.0
        #: Whether saves may be taken: this process drains the spool and is not ending.
        self.is_open = False
        #: Whether something fails that only a person can fix.
        self.refused = False
        self._logged: set[str] = set()

    @property
    def names(self) -> set[str]:
        """A copy of the names of all files that are already queued or finished."""
        return self._queue.names | self._leftover.keys()

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def runs_low(self) -> bool:
        """Whether more saves of a large spool should be read, to be sent soon."""
        return self._outage.failing_since is None and self._queue.ready < LOW

    @property
    def limit(self) -> int:
        """How many saves may be sent in parallel now."""
        if self._outage.failing_since is not None:
            return PROBES
        busy = self._clock() < self._busy_until
        return min(FEW, self._max_threads) if busy else self._max_threads

    def note_arrival(self) -> None:
        """Record that a save has just been added: send few at once for a moment."""
        self._busy_until = self._clock() + self._timing.busy

    @property
    def busy_until(self) -> float | None:
        """When as many saves as usual may be sent again; None if they may be now."""
        return self._busy_until if self._clock() < self._busy_until else None

    def needs_turn(self, outcome: Outcome) -> bool:
        """Return whether the draining thread has work now; call it once per outcome."""
        ended, self._outage_ended = self._outage_ended, False
        return (
            ended or outcome.result is not SendResult.SENT or bool(self._queue.interval)
        )

    def forget(self) -> None:
        """Empty the queue: another process drains the spool now."""
        self._queue = Queue(interval=self._queue.interval)

    def add(self, entries: Iterable[Entry]) -> list[Entry]:
        """Queue saves; return those that are skipped because a newer one is queued."""
        now, overtaken = self._clock(), []
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name not in self._left:
                overtaken += self._queue.add(entry, now)
        self._left.extend(entry.name for entry in overtaken)
        return overtaken

    def take(self) -> Entry | None:
        """Return a save that may be sent now, and mark it as being sent; or None."""
        now = self._clock()
        if not self.is_open or now < self._outage.paused_until:
            return None
        return self._queue.pick(now)

    def has_ready(self) -> bool:
        """Return whether `take` would return a save, if the backlog is open."""
        now = self._clock()
        return now >= self._outage.paused_until and self._queue.has_ready(now)

    def next_due(self) -> float | None:
        """Return when the next save may be taken that may not be now, or None."""
        retry, closed = self._queue.next_due(), self._outage.paused_until
        due = [] if retry is None else [max(retry, closed)]
        due += [closed] if closed > self._clock() else []
        return min(due, default=None)

    def release_held(self) -> None:
        """Hold no save back from now on, and send as many at once as allowed."""
        self._busy_until = 0.0
        self._queue.release_held()

    def try_now(self) -> None:
        """Let the store be tried now; after a failure, pauses go on where they were."""
        self._outage.resume()
        self._queue.release_failing()

    def remove(self, entries: Iterable[Entry]) -> None:
        """Remove finished saves from the spool."""
        for entry in entries:
            failure = None
            try:
                self._spool.done(entry)
            except OSError as error:
                failure = error
            with self._lock:
                self._leftover.pop(entry.name, None)
                if failure is not None:
                    # It must not be sent again by this process.
                    self._leftover[entry.name] = entry
            if failure is not None:
                self.log_error(failure)

    def remove_leftover(self) -> None:
        """Try again to remove saves that could not be removed."""
        self.remove([*self._leftover.values()])

    def log_error(self, error: Exception) -> None:
        """Log an internal failure, once for each cause."""
        cause = f"{type(error).__name__}: {error}"
        if cause not in self._logged:
            self._logged.add(cause)
            self._log.error("The spool cannot be drained: %s", error, exc_info=error)

    def settle(self, outcome: Outcome) -> None:
        """Handle the outcome of an attempt. Never raises."""
        try:
            if outcome.result is SendResult.FAILED:
                self._put_back(outcome)
            elif outcome.result is SendResult.EARLY:
                with self._lock:
                    self._queue.hold(outcome.entry, self._clock(), outcome.delay)
            else:
                self._finish(outcome)
        except Exception as error:  # noqa: BLE001  # the edge of the sending threads
            self.log_error(error)
            # Try it again, or its key would be stuck until the next start.
            entry = replace(outcome.entry, unsure=True)
            self._put_back(Outcome(SendResult.FAILED, entry, error))

    def _finish(self, outcome: Outcome) -> None:
        entry, result = outcome.entry, outcome.result
        if result is SendResult.BROKEN:
            self._spool.fail(entry, str(outcome.error))
        elif result is not SendResult.GONE:
            self._stored(entry)
            self.remove([entry])
        with self._lock:
            sent = result in (SendResult.SENT, SendResult.ALREADY_STORED)
            self._queue.done(entry, self._clock(), sent=sent)
            self._left.append(entry.name)
            if result is not SendResult.GONE:
                self._outage_ended |= self._outage.end()
                self.refused = False
        if result is SendResult.GONE:
            self._stats.removed(entry.key)
            self._removed(entry)
        else:
            self._stats.succeeded(entry.key, result)

    def _put_back(self, outcome: Outcome) -> None:
        assert outcome.error is not None
        key, outage = outcome.entry.key, self._outage
        refused = not outcome.retryable
        with self._lock:
            now = self._clock()
            wide = outcome.store_wide or (
                outcome.may_be_wide and outage.blames_store(key, outcome.cause)
            )
            attempts = outage.failures if wide else self._queue.attempts(key)
            # Credentials are looked for on this machine: trying again costs little.
            soon = isinstance(outcome.error, CredentialsError)
            delay = self._delay(attempts, refused=refused and not soon)
            if wide and not refused and now < outage.paused_until:
                # It began before the outage was detected, and does not prolong it.
                delay = outage.paused_until - now
            since = now - self._queue.fail(outcome.entry, now, delay)
            self.refused |= refused
            if wide:
                # Other keys may show sooner that the outage is over.
                outage.pause(now, min(delay, self._timing.longest_pause))
                since = outage.failing_since or now
        self._stats.failed(
            STORE if wide else key,
            outcome.error,
            cause=outcome.cause,
            since=since,
            refused=refused,
        )

    def log_overdue(self) -> None:
        """Log what has failed for more than `Timing.quiet` seconds."""
        self._stats.log_overdue(self._clock() - self._timing.quiet)

    def _delay(self, attempts: int, *, refused: bool) -> float:
        timing = self._timing
        if refused:
            return timing.refused
        longest = min(
            timing.longest_pause, timing.first_pause * 2.0 ** min(attempts, 16)
        )
        return longest * self._dice()


class StoreOutage:
    """Pauses all keys after failures of the store as a whole.

    The store is blamed for a cause when a second key has met it and no save has
    succeeded in between. Not safe to use from several threads.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        #: The time until which no key is tried.
        self.paused_until = 0.0
        #: The time when the outage began; None if there is none.
        self.failing_since: float | None = None
        #: How many pauses the outage has had.
        self.failures = 0
        self._first: dict[str, str] = {}
        self._confirmed: set[str] = set()

    def blames_store(self, key: str, cause: str) -> bool:
        """Record that a key has met a cause; return whether the store is to blame."""
        if self._first.setdefault(cause, key) != key:
            self._confirmed.add(cause)
        return cause in self._confirmed

    def pause(self, now: float, delay: float) -> None:
        """Try no key for `delay` seconds."""
        if self.failing_since is None:
            self.failing_since = now
        if now >= self.paused_until:
            self.failures += 1
        self.paused_until = max(self.paused_until, now + delay)

    def resume(self) -> None:
        """Let keys be tried now; the outage has not ended by that."""
        self.paused_until = 0.0

    def end(self) -> bool:
        """End the outage; return whether there was one."""
        was_failing = self.failing_since is not None
        self._reset()
        return was_failing
