"""Gate: whether the store may be asked at all, or stands in the way of every key."""


class Gate:
    """Closed after failures that are none of a single key. Not for several threads.

    One key alone proves nothing: a store is taken to be at fault when a second one has
    met the same cause, and no save has succeeded in between.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        #: Until when no key is tried.
        self.closed_until = 0.0
        #: Since when the store has been at fault; None while it is not.
        self.failing_since: float | None = None
        #: How many times in a row it has been closed.
        self.failures = 0
        self._first: dict[str, str] = {}
        self._confirmed: set[str] = set()

    def blames_store(self, key: str, cause: str) -> bool:
        """Note that a key has met a cause; say whether it is the store's."""
        if self._first.setdefault(cause, key) != key:
            self._confirmed.add(cause)
        return cause in self._confirmed

    def close(self, now: float, delay: float) -> None:
        """Let nobody through for so many seconds."""
        if self.failing_since is None:
            self.failing_since = now
        if now >= self.closed_until:
            self.failures += 1
        self.closed_until = max(self.closed_until, now + delay)

    def open(self) -> bool:
        """Let all through again; return whether that is news."""
        was_failing = self.failing_since is not None
        self._reset()
        return was_failing
