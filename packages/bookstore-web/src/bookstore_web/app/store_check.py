"""The check of the store, in a thread, with a cached result."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bookstore_core.errors import BookstoreError
from bookstore_core.stores import VersionStore

#: Seconds for which the result of a check is returned again.
KEEP_GOOD = 30.0
KEEP_BAD = 5.0
#: Seconds for which a request waits for a check.
ANSWER_WITHIN = 4.0


@dataclass(frozen=True)
class StoreState:
    """The state of the store: its location, whether it is `ok`, and sentences."""

    location: str
    ok: bool
    sentences: tuple[str, ...]


class StoreChecks:
    """Runs one check at a time, in a thread, and caches the result.

    The check of a store that is down takes some time. A request waits up to `patience`
    seconds, and then returns that the store is slow, while the check continues.
    """

    def __init__(
        self,
        open_store: Callable[[], VersionStore],
        *,
        patience: float = ANSWER_WITHIN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_store = open_store
        self._patience = patience
        self._clock = clock
        self._lock = threading.Lock()
        self._running: threading.Thread | None = None
        self._known: StoreState | None = None
        self._known_at = 0.0

    def state(self) -> StoreState:
        """Return the state of the store, at most 30 seconds old; never raises."""
        try:
            store = self._open_store()
        except BookstoreError as error:
            return StoreState("", False, (str(error),))
        with self._lock:
            if self._known is not None and self._is_fresh(self._known):
                return self._known
            if self._running is None:
                self._running = threading.Thread(
                    target=self._run, args=(store,), name="store-check", daemon=True
                )
                self._running.start()
            running = self._running
        running.join(self._patience)
        if running.is_alive():
            slow = f"The store has not answered within {self._patience:g} seconds."
            return StoreState(store.location, False, (slow,))
        # The thread has set it, unless it ended with an error, which it has logged.
        return self._known or StoreState(store.location, False, ("The check failed.",))

    def _is_fresh(self, state: StoreState) -> bool:
        keep = KEEP_GOOD if state.ok else KEEP_BAD
        return self._clock() - self._known_at < keep

    def _run(self, store: VersionStore) -> None:
        try:
            check = store.check()
            state = StoreState(store.location, check.ok, tuple(check.sentences))
            with self._lock:
                self._known, self._known_at = state, self._clock()
        finally:
            with self._lock:
                self._running = None
