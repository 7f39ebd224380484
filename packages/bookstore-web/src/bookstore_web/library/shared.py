"""Answers of the store that several people share."""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

#: Answers that are kept, of the questions that were asked last.
MOST_KEPT = 100


class SharedAnswers(Generic[T]):
    """Asks a question once for all who have it at the same time.

    The answer is given to those who ask within `keep` seconds, too.
    """

    def __init__(
        self, keep: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keep = keep
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[Hashable, Future[T]] = {}
        self._kept: dict[Hashable, tuple[float, T]] = {}

    def get(self, question: Hashable, ask: Callable[[], T]) -> T:
        """Return the answer that `ask` returns; raise what it raises."""
        with self._lock:
            if (known := self._kept.get(question)) is not None:
                answered_at, answer = known
                if self._clock() - answered_at < self._keep:
                    return answer
            running = self._running.get(question)
            if running is None:
                mine = self._running[question] = Future[T]()
        if running is not None:
            return running.result()
        try:
            answer = ask()
        except BaseException as error:
            self._finish(question, mine)
            mine.set_exception(error)
            raise
        self._finish(question, mine, (self._clock(), answer))
        mine.set_result(answer)
        return answer

    def scoped(self, scope: Hashable) -> "SharedAnswers[T]":
        """Return answers that are shared only by those with the same scope."""
        return _ScopedAnswers(self, scope)

    def forget(self) -> None:
        """Ask again: something has been changed."""
        with self._lock:
            self._running, self._kept = {}, {}

    def _finish(
        self, question: Hashable, mine: Future[T], known: tuple[float, T] | None = None
    ) -> None:
        with self._lock:
            if self._running.get(question) is not mine:
                return  # something has been changed meanwhile
            del self._running[question]
            self._kept.pop(question, None)
            if known is not None:
                self._kept[question] = known
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]


class FreshAnswers(SharedAnswers[T]):
    """Gives nobody an answer to a question that was asked before they came.

    So whoever asks sees what another process has changed. One asks at a time; those who
    come meanwhile share the next answer.
    """

    def __init__(self) -> None:
        super().__init__(0)
        self._next: dict[Hashable, Future[T]] = {}
        self._turns: dict[Hashable, _Turn] = {}

    def get(self, question: Hashable, ask: Callable[[], T]) -> T:
        with self._lock:
            following = self._next.get(question)
            if following is None:
                mine = self._next[question] = Future[T]()
                turn = self._turns.setdefault(question, _Turn())
                turn.users += 1
        if following is not None:
            return following.result()
        try:
            with turn.lock:
                with self._lock:
                    del self._next[question]
                answer = ask()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(answer)
            return answer
        finally:
            self._leave(question, turn)

    def _leave(self, question: Hashable, turn: "_Turn") -> None:
        with self._lock:
            turn.users -= 1
            if not turn.users:
                del self._turns[question]


@dataclass
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0


class _ScopedAnswers(SharedAnswers[T]):
    def __init__(self, shared: SharedAnswers[T], scope: Hashable) -> None:
        self._shared = shared
        self._scope = scope

    def get(self, question: Hashable, ask: Callable[[], T]) -> T:
        return self._shared.get((self._scope, question), ask)

    def forget(self) -> None:
        self._shared.forget()
