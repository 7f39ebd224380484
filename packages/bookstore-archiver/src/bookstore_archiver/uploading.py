"""Uploader: one thread that drains a spool, and as many as needed that send."""

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from bookstore_archiver.holding import DrainLock
from bookstore_archiver.queueing import Queue
from bookstore_archiver.sending import Kind, Outcome, Sender
from bookstore_archiver.spooling import Entry, Spool
from bookstore_archiver.stats import STORE, Stats
from bookstore_core.spool import DrainStatus, SpoolCounts, count_spool, read_status


@dataclass(frozen=True)
class Timing:
    """Seconds between the things that an uploader does again and again."""

    rest: float = 0.2  # after a save: its answer, and the next request, go first
    look: float = 1.0  # into the spool, for saves of other processes
    take_over: float = 1.0  # from a process that drained and has ended
    tend: float = 5.0  # notebooks that could not be spooled
    first_retry: float = 0.25
    last_retry: float = 30.0
    refused: float = 300.0  # until what only a person can change is tried again
    quiet: float = 60.0  # of failures before the log tells
    count: float = 0.1  # what is left, while a command waits for the end


class Uploader:
    """Sends what is in a spool, while no other process does.

    Several keys side by side, the saves of one key in order. All its threads are
    daemons: nothing holds the end of the process up, and what was not sent stays in
    the spool.
    """

    def __init__(
        self,
        spool: Spool,
        sender: Sender,
        stats: Stats,
        *,
        log: logging.Logger,
        max_threads: int = 16,
        min_interval: float = 0.0,
        tend: Callable[[], None] | None = None,
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._spool = spool
        self._sender = sender
        self._stats = stats
        self._log = log
        self._max_threads = max_threads
        self._tend = tend
        self._timing = timing or Timing()
        self._clock = clock
        self._dice = dice
        self._lock = DrainLock(spool.root)
        lock = threading.RLock()
        self._condition = threading.Condition(lock)  # what the draining thread awaits
        self._settled = threading.Condition(lock)  # what those who await it do
        # From here on, all of it only under the condition.
        self._queue = Queue(interval=min_interval)
        self._fresh: list[Entry] = []
        self._leftover: dict[str, Entry] = {}  # sent, but not removed yet
        self._workers: dict[object, threading.Thread] = {}
        self._thread: threading.Thread | None = None
        self._closed_until = 0.0  # for all keys, after a failure of the store itself
        self._store_failures = 0
        self._store_failing_since: float | None = None
        self._refused = False
        self._holding = self._turned = self._taking = self._elsewhere = False
        self._woken = self._ended = False
        # These are the thread's own.
        self._next_look = self._next_tend = 0.0
        self._written: DrainStatus | None = None
        self._complained: set[str] = set()

    def start(self) -> None:
        """Start draining, once; later calls do nothing."""
        with self._condition:
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(
                    target=self._run, name="bookstore-uploader", daemon=True
                )
                self._thread.start()

    def notify(self, entry: Entry) -> None:
        """Hand over a save that this process has just put into the spool."""
        with self._condition:
            self._fresh.append(entry)
            self._wake()
        self.start()

    def stop(self, timeout: float) -> None:
        """Send what can be sent within `timeout` seconds; the rest stays."""
        # A moment more for the threads to see that it is over.
        end = time.monotonic() + timeout + 0.2
        with self._condition:
            if self._thread is not None:
                self._hurry()
                self._settled.wait_for(self._is_idle, timeout)
            self._ended = True
            self._wake()
            threads = [
                t for t in (self._thread, *self._workers.values()) if t is not None
            ]
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, end - time.monotonic()))

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process has the right to drain the spool."""
        return self._elsewhere

    def drain(
        self,
        timeout: float | None = None,
        *,
        go_on: Callable[[SpoolCounts], bool] = lambda counts: True,
    ) -> bool:
        """Send everything, and return whether the spool is empty.

        It gives up after `timeout` seconds, when the store refuses, and when `go_on`,
        which is asked again and again, says no.
        """
        if not self._count().waiting:
            return True
        end = None if timeout is None else time.monotonic() + timeout
        with self._condition:
            self._hurry()
        self.start()
        while (counts := self._count()).waiting:
            late = end is not None and time.monotonic() > end
            if late or not go_on(counts):
                break
            with self._condition:
                if self._settled.wait_for(self._is_stuck, self._timing.count):
                    break
        self.stop(0)
        return not counts.waiting

    def _count(self) -> SpoolCounts:
        return count_spool(str(self._spool.root))

    def _is_stuck(self) -> bool:
        return self._refused and not self._workers

    def _in_hurry(self) -> bool:
        return self._ended or self._sender.hurry

    def _hurry(self) -> None:
        self._sender.hurry = True
        self._queue.release_held()
        self._wake()

    def _wake(self) -> None:
        self._woken = True
        self._condition.notify_all()
        self._settled.notify_all()

    def _is_idle(self) -> bool:
        if not self._turned or self._workers or self._taking:
            return False
        if not self._holding:
            return True
        now = self._clock()
        ready = self._queue.has_ready(now) and now >= self._closed_until
        return not self._fresh and not ready

    # The thread that drains ---------------------------------------------------------

    def _run(self) -> None:
        while not self._ended:
            try:
                pause = self._turn()
            except Exception as error:  # noqa: BLE001  # the edge of the thread
                self._complain(error)
                pause = self._timing.take_over
            with self._condition:
                self._turned = True
                self._settled.notify_all()
                if not self._woken and not self._ended:
                    self._condition.wait(pause)
                if self._fresh:
                    self._condition.wait_for(self._in_hurry, self._timing.rest)
                self._woken = False
        self._write_status()
        with self._condition:
            # A request that still runs may yet reach the store: only the end of the
            # process gives the right to drain away then.
            if not self._workers:
                self._lock.release()

    def _turn(self) -> float:
        """Do what is due; return for how long nothing will be."""
        now = self._clock()
        if self._tend is not None and now >= self._next_tend:
            self._next_tend = now + self._timing.tend
            self._tend()
        holding = self._hold()
        if holding and not self._holding:
            self._stats.resume(read_status(str(self._spool.root)).last_success)
        with self._condition:
            if self._holding and not holding:
                self._queue = Queue(interval=self._queue.interval)
            self._holding, self._elsewhere = holding, not holding
            if not holding:
                self._fresh.clear()  # whoever drains finds them in the spool
                self._written = None
        if not holding:
            return self._timing.take_over
        looked = self._take_in(now)
        self._start_workers()
        if looked:
            self._write_status()
        return self._pause()

    def _hold(self) -> bool:
        if not self._spool.root.is_dir():
            self._spool.make()
            self._next_look = 0.0
        return self._lock.hold()

    def _take_in(self, now: float) -> bool:
        """Queue what is new; return whether that was a look into the spool, too."""
        with self._condition:
            found, self._fresh, self._taking = self._fresh, [], True
            # Also for a save of our own: another process may have made an older one.
            look = now >= self._next_look or bool(found)
            # A copy, and large where many wait: only for who looks.
            known = self._queue.names | self._leftover.keys() if look else set()
            known |= {entry.name for entry in found}
        overtaken: list[Entry] = []
        try:
            if look:
                self._next_look = now + self._timing.look
                self._spool.sweep()
                self._remove([*self._leftover.values()])
                found += self._spool.scan(known, complain=self._complain)
        finally:
            with self._condition:
                self._taking = False
                for entry in sorted(found, key=lambda entry: entry.name):
                    overtaken += self._queue.add(entry, now)
        self._remove(overtaken)
        self._stats.skipped(len(overtaken))
        return look

    def _pause(self) -> float:
        now = self._clock()
        with self._condition:
            due = [self._next_look, self._next_tend]
            if self._has_room():
                retry = self._queue.next_due()
                due += [] if retry is None else [max(retry, self._closed_until)]
                due += [self._closed_until] if self._closed_until > now else []
        return max(0.0, min(due) - now)

    def _remove(self, entries: list[Entry]) -> None:
        for entry in entries:
            failure = None
            try:
                self._spool.done(entry)
            except OSError as error:
                failure = error
            with self._condition:
                self._leftover.pop(entry.name, None)
                if failure is not None:
                    # It has been sent: it must not be again while this process lives.
                    self._leftover[entry.name] = entry
            if failure is not None:
                self._complain(failure)

    def _write_status(self) -> None:
        if not self._holding:
            return  # it is for the process that drains to say how that goes
        status = self._stats.status()
        if self._written is None or self._written != replace(
            status, written_at=self._written.written_at
        ):
            with suppress(OSError):
                status.write(str(self._spool.root))
                self._written = status

    def _complain(self, error: Exception) -> None:
        """Tell the log of a failure of our own, once for each cause."""
        cause = f"{type(error).__name__}: {error}"
        if cause not in self._complained:
            self._complained.add(cause)
            self._log.error("The spool cannot be drained: %s", error, exc_info=error)

    # The threads that send ----------------------------------------------------------

    def _has_room(self) -> bool:
        return len(self._workers) < self._max_threads

    def _start_workers(self) -> None:
        while True:
            with self._condition:
                entry = self._next() if self._has_room() else None
                if entry is None:
                    return
                ticket = object()
                worker = threading.Thread(
                    target=self._work,
                    args=(entry, ticket),
                    name="bookstore-upload",
                    daemon=True,
                )
                self._workers[ticket] = worker
            try:
                worker.start()
            except RuntimeError:
                # The interpreter is ending, and takes no new threads.
                self._work(entry, ticket)

    def _work(self, entry: Entry | None, ticket: object) -> None:
        while entry is not None:
            outcome = self._sender.send(entry)
            try:
                self._finish(outcome)
            except Exception as error:  # noqa: BLE001  # the edge of the thread
                self._complain(error)
            with self._condition:
                had_room = self._has_room()
                del self._workers[ticket]
                entry = self._next() if self._has_room() else None
                if entry is not None:
                    self._workers[ticket] = threading.current_thread()
                if entry is None:
                    self._settled.notify_all()
                # Only when there is something to note: a turn costs half an upload.
                full = entry is None and not had_room
                if outcome.kind is not Kind.SENT or full or self._queue.interval:
                    self._wake()

    def _next(self) -> Entry | None:
        now = self._clock()
        if self._ended or not self._holding or now < self._closed_until:
            return None
        return self._queue.pick(now)

    def _finish(self, outcome: Outcome) -> None:
        entry, kind = outcome.entry, outcome.kind
        if kind is Kind.FAILED:
            self._put_back(outcome)
            return
        if kind is Kind.EARLY:
            with self._condition:
                self._queue.hold(entry, self._clock(), outcome.delay)
            return
        if kind is Kind.BROKEN:
            self._spool.fail(entry, str(outcome.error))
        elif kind is not Kind.GONE:
            self._remove([entry])
        with self._condition:
            sent = kind in (Kind.SENT, Kind.THERE)
            self._queue.done(entry, self._clock(), sent=sent)
            self._store_failures, self._store_failing_since = 0, None
            self._refused = False
        self._stats.succeeded(entry.key, kind)

    def _put_back(self, outcome: Outcome) -> None:
        assert outcome.error is not None
        key, timing = outcome.entry.key, self._timing
        with self._condition:
            now = self._clock()
            attempts = self._queue.attempts(key)
            if outcome.store_wide:
                attempts = self._store_failures
                self._store_failures += 1
            delay = min(
                timing.last_retry, timing.first_retry * 2.0 ** min(attempts, 16)
            )
            delay *= self._dice()
            if not outcome.retryable:
                delay, self._refused = timing.refused, True
            failing_for = self._queue.fail(outcome.entry, now, delay)
            if outcome.store_wide:
                self._closed_until = now + delay
                if self._store_failing_since is None:
                    self._store_failing_since = now
                failing_for = now - self._store_failing_since
        self._stats.failed(
            STORE if outcome.store_wide else key,
            outcome.error,
            tell=not outcome.retryable or failing_for >= timing.quiet,
            refused=not outcome.retryable,
        )
