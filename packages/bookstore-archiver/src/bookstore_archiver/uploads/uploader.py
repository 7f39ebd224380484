"""Uploader: a thread that drains a spool; workers send the saves."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator

from bookstore_archiver.spool.entry import Entry
from bookstore_archiver.spool.spool import Spool
from bookstore_archiver.uploads.backlog import Backlog
from bookstore_archiver.uploads.drain_lock import DrainLock
from bookstore_archiver.uploads.sender import Outcome, Sender
from bookstore_archiver.uploads.stats import Stats
from bookstore_archiver.uploads.status_file import StatusFile
from bookstore_archiver.uploads.timing import QUICK_SCAN, SCAN_SHARE, Timing
from bookstore_archiver.uploads.workers import Workers
from bookstore_core.spool.counts import SpoolCounts
from bookstore_core.spool.directory import count_spool
from bookstore_core.spool.drain_status import read_status
from bookstore_core.spool.try_now import FileRequests

#: How many saves are read at once, if very many wait, and before a rest: the process
#: that sends them needs its time for saves, and memory.
WINDOW, REST_AFTER = 1000, 100

#: How many saves that are sent at once need not wait in new/: after a crash, the store
#: is asked for each of them.
AT_HAND = 16

#: Seconds for threads without work to end, on a busy machine.
ENDING = 5.0


class Uploader:
    """Sends the saves in a spool, if no other process does.

    Several keys are sent in parallel, the saves of one key in order. All threads are
    daemons: they do not delay the end of the process, and what was not sent stays in
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
        stored: Callable[[Entry], None] = lambda entry: None,
        removed: Callable[[Entry], None] = lambda entry: None,
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._spool = spool
        self._sender = sender
        self._stats = stats
        self._tend = tend
        self._timing = timing or Timing()
        self._clock = clock
        self._lock = DrainLock(spool.root)
        self._has_interval = min_interval > 0
        self._requests = FileRequests(spool.root, clock=clock)
        lock = threading.RLock()
        self._condition = threading.Condition(lock)  # awaited by the draining thread
        self._settled = threading.Condition(lock)  # awaited by `stop` and `drain`
        # The following attributes are guarded by the condition.
        self._backlog = Backlog(
            spool,
            stats,
            log=log,
            lock=self._condition,
            max_threads=max_threads,
            min_interval=min_interval,
            timing=self._timing,
            stored=stored,
            removed=removed,
            clock=clock,
            dice=dice,
        )
        self._workers = Workers(
            sender, self._backlog, lock=lock, wake_after=self._wake_after
        )
        self._fresh: list[Entry] = []
        self._thread: threading.Thread | None = None
        self._holding = self._turned = self._taking = self._elsewhere = False
        self._woken = self._ended = self._left = self._put_off = False
        # The following attributes are used by the draining thread alone.
        self._next_look = self._next_tend = 0.0
        self._next_write = self._next_sweep = 0.0
        self._scan_took = 0.0
        self._unseen: dict[str, Entry] = {}  # saves that wait for a scan to find them
        self._status = StatusFile(spool.root, stats, clock=clock)

    def start(self) -> None:
        """Start the draining thread; later calls do nothing."""
        with self._condition:
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(
                    target=self._run, name="bookstore-uploader", daemon=True
                )
                self._thread.start()

    def notify(self, entry: Entry) -> None:
        """Take over a save that this process has just put into the spool."""
        with self._condition:
            self._fresh.append(entry)
            if not self._in_hurry():
                self._backlog.note_arrival()
            self._wake()
        self.start()

    @property
    def sends_now(self) -> bool:
        """Whether a save that is added now is sent at once, as far as is known."""
        if self._has_interval or self._stats.failure is not None:
            return False
        with self._condition:
            drains = self._holding and not self._ended
            behind = self._spool.has_unread or self._taking
            waiting = len(self._backlog) + len(self._fresh)
            return drains and not behind and waiting < AT_HAND

    def stop(self, timeout: float) -> None:
        """Send what can be sent within `timeout` seconds; the rest stays."""
        # A moment more, for the threads to end.
        end = time.monotonic() + timeout + 0.2
        with self._condition:
            if self._thread is not None and not self._ended:
                self._hurry()
                self._settled.wait_for(self._is_idle, timeout)
            self._ended, self._backlog.is_open = True, False
            self._workers.end()
            self._wake()
            threads = [self._thread, *self._workers.threads]
        for thread in threads:
            if thread not in (None, threading.current_thread()):
                thread.join(max(0.0, end - time.monotonic()))

    @property
    def drained_elsewhere(self) -> bool:
        """Whether another process drains the spool."""
        return self._elsewhere

    def drain(
        self,
        timeout: float | None = None,
        *,
        go_on: Callable[[SpoolCounts], bool] = lambda counts: True,
    ) -> bool:
        """Send everything, and return whether the spool is empty.

        Gives up after `timeout` seconds, if the store refuses, and if `go_on`, which is
        called regularly, returns False. Does not wait for saves that only a newer
        release can read. Other processes may drain the spool afterwards: this one no
        longer does.
        """
        if not self._count().waiting:
            if self._thread is not None:  # it has sent everything, and holds the lock
                self.stop(ENDING)
            return True
        end = None if timeout is None else time.monotonic() + timeout
        with self._condition:
            self._hurry()
        self.start()
        while (counts := self._count()).waiting > self._stats.newer:
            late = end is not None and time.monotonic() > end
            if late or not go_on(counts):
                break
            with self._condition:
                if self._settled.wait_for(self._is_stuck, self._timing.count):
                    break
        # Nothing is under way if all was sent: the threads end, and release the lock.
        self.stop(0 if counts.waiting else ENDING)
        return not counts.waiting

    def _count(self) -> SpoolCounts:
        return count_spool(str(self._spool.root))

    def _is_stuck(self) -> bool:
        if self._workers or self._backlog.has_ready():
            return False
        unread = self._spool.has_unread and self._backlog.runs_low
        return self._backlog.refused and not unread

    def _in_hurry(self) -> bool:
        return self._ended or self._sender.hurry

    def _hurry(self) -> None:
        self._sender.hurry = True
        self._backlog.release_held()
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
        unread = self._spool.has_unread and self._backlog.runs_low
        return not (self._fresh or unread or self._backlog.has_ready())

    # Called by the draining thread --------------------------------------------------

    def _run(self) -> None:
        while not self._ended:
            try:
                pause = self._turn()
            except Exception as error:  # noqa: BLE001  # the edge of the thread
                self._backlog.log_error(error)
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
            self._left = True
            self._release_lock()

    def _release_lock(self) -> None:
        """Let others drain, unless a running request may still reach the store."""
        if not self._workers:
            self._lock.release()

    def _turn(self) -> float:
        """Do what is due; return the seconds until something is due again."""
        now = self._clock()
        if self._tend is not None and now >= self._next_tend:
            self._next_tend = now + self._timing.tend
            self._tend()
        holding = self._hold_lock()
        if holding and not self._holding:
            self._stats.resume(read_status(str(self._spool.root)).last_success)
        with self._condition:
            if self._holding and not holding:
                self._backlog.forget()
            if not (self._holding and holding):
                # The process that drains finds them in the spool, or has sent them.
                self._fresh.clear()
                self._spool.has_unread = False
                self._unseen.clear()
                self._next_look = 0.0
            self._holding, self._elsewhere = holding, not holding
            self._backlog.is_open = holding and not self._ended
            if not holding:
                self._status.forget()
        if not holding:
            return self._timing.take_over
        self._backlog.log_overdue()
        looked = self._take_in(now)
        if looked and self._requests.take():
            with self._condition:
                self._backlog.try_now()
        self._workers.start()
        if looked and now >= self._next_write:
            self._next_write = now + self._timing.look
            # While something is sent, the next status will say what became of it.
            self._put_off = len(self._workers) > 0 and not self._put_off
            if not self._put_off or not self._status.is_written:
                self._write_status()
        return self._pause()

    def _hold_lock(self) -> bool:
        if not self._spool.check():
            self._spool.make()
            self._next_look = 0.0
        return self._lock.hold()

    def _take_in(self, now: float) -> bool:
        """Queue new saves; return whether the spool was scanned for them."""
        with self._condition:
            found, self._fresh, self._taking = self._fresh, [], True
            # Scan also after a save of our own: another process may have an older one.
            # If very many wait, ours is not sent before the next regular scan.
            quick = self._scan_took < QUICK_SCAN
            look = bool(found) and quick and self._spool.has_news
            look = look or now >= self._next_look or self._read_on()
            if self._spool.has_unread and not look:
                # A scan finds them after the older ones.
                self._unseen.update((entry.name, entry) for entry in found)
                found = []
            # The copy is large if many saves wait; only a scan needs it.
            known = self._backlog.names if look else set()
            known |= {entry.name for entry in found}
        overtaken: list[Entry] = []
        try:
            if look:
                found = self._in_order(found, self._look(now, known))
        finally:
            with self._condition:
                self._taking = False
                overtaken += self._backlog.add(found)
        self._backlog.remove(overtaken)
        self._stats.skipped(len(overtaken))
        return look

    def _in_order(self, fresh: list[Entry], scanned: list[Entry]) -> list[Entry]:
        """Return what may be queued: all, or what is not after saves to be read."""
        for entry in scanned:
            self._unseen.pop(entry.name, None)
        if not self._spool.has_unread:
            # What no scan has found was removed by somebody, as its turn will show.
            unseen, self._unseen = self._unseen, {}
            return [*unseen.values(), *fresh, *scanned]
        last = scanned[-1].name if scanned else ""
        self._unseen.update((e.name, e) for e in fresh if e.name > last)
        return [*(entry for entry in fresh if entry.name <= last), *scanned]

    def _look(self, now: float, known: set[str]) -> list[Entry]:
        """Scan the spool for saves that are not in `known`."""
        if now >= self._next_sweep:
            self._next_sweep = now + self._timing.sweep
            self._spool.sweep()
        self._backlog.remove_leftover()
        begun = time.thread_time()
        most = WINDOW if self._backlog.runs_low else 0
        scan = self._spool.scan(
            known,
            log_error=self._backlog.log_error,
            # A newer save within the interval decides whether an older one is sent.
            most=None if self._has_interval else most,
        )
        found = [*self._gently(scan)]
        self._scan_took = time.thread_time() - begun
        rest = max(self._timing.look, self._scan_took / SCAN_SHARE)
        self._next_look = now + rest
        self._stats.note_newer(self._spool.newer)
        return found

    def _read_on(self) -> bool:
        """Return whether the next saves of a large spool are to be read now."""
        low = self._spool.has_unread and self._backlog.runs_low
        return low and len(self._backlog) < WINDOW

    def _gently(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """Yield the entries, and rest between many: saves need the process too."""
        begun = time.thread_time()
        for number, entry in enumerate(entries, start=1):
            yield entry
            if number % REST_AFTER == 0 and not self._in_hurry():
                time.sleep(time.thread_time() - begun)
                begun = time.thread_time()

    def _pause(self) -> float:
        now = self._clock()
        with self._condition:
            due = [self._next_look, self._next_tend]
            next_due = self._backlog.next_due() if self._workers.have_room else None
            due += [] if next_due is None else [next_due]
            # Then more workers may be started.
            busy = self._backlog.busy_until if self._backlog.has_ready() else None
            due += [] if busy is None else [busy]
        return max(0.0, min(due) - now)

    def _write_status(self) -> None:
        if not self._holding:
            return  # the process that drains writes it
        with self._condition:
            due = self._backlog.next_due() if self._stats.failure else None
        self._status.write(in_flight=len(self._workers), due=due)

    # Called by the workers ----------------------------------------------------------

    def _wake_after(self, outcome: Outcome, *, rests: bool, was_full: bool) -> None:
        if rests:
            self._settled.notify_all()
        if self._left:
            self._release_lock()
        # Only if there is something to do: a turn costs as much as half an upload.
        has_room = rests and was_full and self._workers.have_room
        if self._backlog.needs_turn(outcome) or has_room or self._read_on():
            self._wake()
