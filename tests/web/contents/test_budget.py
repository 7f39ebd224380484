"""A budget of bytes: who waits, and for whom."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest

from bookstore_core.errors import BusyError
from bookstore_web.contents.budget import SMALL, ByteBudget
from harness.waiting import wait_for

LARGE = 4 * SMALL


def test_large_contents_are_handled_one_after_the_other() -> None:
    budget = ByteBudget(room=LARGE)
    at_once: list[int] = []
    running, lock = [0], Lock()

    def work(_: int) -> None:
        with budget.take(LARGE + 1):
            with lock:
                running[0] += 1
                at_once.append(running[0])
            with lock:
                running[0] -= 1

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert at_once == [1, 1, 1, 1]


def test_small_contents_pass_while_a_large_one_is_handled() -> None:
    budget = ByteBudget(room=LARGE, seconds=0.01)
    with budget.take(LARGE):
        with budget.take(SMALL - 1):
            pass
        with pytest.raises(BusyError, match="Try again"), budget.take(SMALL):
            pass
    with budget.take(LARGE - SMALL), budget.take(SMALL):
        pass


def test_more_than_a_few_do_not_wait() -> None:
    budget = ByteBudget(room=LARGE, most_waiting=1)
    entered, leave = Event(), Event()

    def hold() -> None:
        with budget.take(LARGE):
            entered.set()
            assert leave.wait(30)

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(hold)
        assert entered.wait(30)
        second = threads.submit(hold)
        wait_for(lambda: budget.waiting == 1, what="the second one")
        with pytest.raises(BusyError), budget.take(LARGE):
            pass
        leave.set()
        first.result()
        second.result()
