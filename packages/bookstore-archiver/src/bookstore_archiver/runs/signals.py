"""Signals: those that end a run, so that what ran is kept."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Stopped(KeyboardInterrupt):
    """A signal has stopped the run. asyncio passes on no other kind at once."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Stopped by {signal.Signals(number).name}")
        self.signal = number


class Signals:
    """Raises `Stopped` for the first signal within ``with``, and ignores later ones.

    After the first one, they are ignored until `restore`, which is called once what ran
    is durable. A signal that the process ignored stays ignored. In another thread than
    the main one, this does nothing.
    """

    NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._armed = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in self.NUMBERS:
                before = signal.getsignal(number)
                if before not in (signal.SIG_IGN, None):
                    self._before[number] = before
                    signal.signal(number, self._stop)
        self._armed = True
        return self

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._armed:
            self._armed = False
            raise Stopped(number)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._armed = False

    def restore(self) -> None:
        """Let signals do what they did before."""
        while self._before:
            number, before = self._before.popitem()
            signal.signal(number, before)
