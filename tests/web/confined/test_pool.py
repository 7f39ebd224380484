"""Tasks in a process of their own: what they may take, and what becomes of others."""

import os
import re
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from bookstore_core.errors import BusyError, InvalidNotebookError, TooLargeError
from bookstore_core.notebooks import parse_notebook
from bookstore_web.confined.pool import (
    MOST_KEPT,
    MOST_PROCESSES,
    MOST_TASKS,
    ConfinedPool,
)
from bookstore_web.confined.process import kept_environment
from harness.waiting import wait_for


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pool(clock: Clock) -> Iterator[ConfinedPool]:
    pool = ConfinedPool(seconds=1.0, modules=(), clock=clock)
    yield pool
    pool.close()


def burn(pool: ConfinedPool, content: bytes = b"a") -> None:
    """Run a task that holds Python's lock for years."""
    pool.run(re.fullmatch, b"(a+)+b", content * 60)


def test_a_task_runs_in_another_process_which_is_used_again(pool: ConfinedPool) -> None:
    pids = {pool.run(os.getpid) for _ in range(3)}
    assert len(pids) == 1
    assert os.getpid() not in pids


def test_an_error_of_a_task_is_raised_here(pool: ConfinedPool) -> None:
    pid = pool.run(os.getpid)
    with pytest.raises(InvalidNotebookError, match="not JSON"):
        pool.run(parse_notebook, b"broken")
    assert pool.run(os.getpid) == pid


def test_a_task_that_takes_too_long_is_ended_and_the_next_one_runs(
    pool: ConfinedPool,
) -> None:
    pid = pool.run(os.getpid)
    with pytest.raises(TooLargeError, match="more time or memory"):
        burn(pool)
    assert not psutil.pid_exists(pid)
    assert pool.run(os.getpid) != pid


def test_a_task_that_takes_too_much_memory_fails_alone(pool: ConfinedPool) -> None:
    with pytest.raises(TooLargeError, match="more time or memory"):
        pool.run(bytes, 1 << 40)
    assert pool.run(len, b"abc") == 3


def test_content_that_took_too_much_is_refused_for_some_minutes(
    pool: ConfinedPool, clock: Clock
) -> None:
    with pytest.raises(TooLargeError):
        burn(pool)
    pid = pool.run(os.getpid)
    with pytest.raises(TooLargeError):
        burn(pool)
    assert pool.run(os.getpid) == pid
    clock.now += 601
    with pytest.raises(TooLargeError):
        burn(pool)
    assert pool.run(os.getpid) != pid


def test_another_task_runs_while_one_is_slow(pool: ConfinedPool) -> None:
    def burn_alone() -> None:
        with pytest.raises(TooLargeError):
            burn(pool)

    slow = threading.Thread(target=burn_alone)
    pool.run(os.getpid)
    slow.start()
    try:
        assert pool.run(len, b"abc") == 3
        assert slow.is_alive()
    finally:
        slow.join()


def test_too_many_tasks_are_refused_at_once(pool: ConfinedPool) -> None:
    def sleep(seconds: float) -> None:
        pool.run(time.sleep, seconds)

    threads = [threading.Thread(target=sleep, args=(1.0,)) for _ in range(MOST_TASKS)]
    for thread in threads:
        thread.start()
    wait_for(lambda: pool.tasks == MOST_TASKS, what="all tasks")
    try:
        with pytest.raises(BusyError):
            pool.run(os.getpid)
    finally:
        for thread in threads:
            thread.join()
    mine = [p for p in psutil.Process().children() if "confined" in str(p.cmdline())]
    assert len(mine) <= MOST_PROCESSES + 1  # and that of the app, which tests share


def test_a_process_that_something_else_ended_is_replaced(pool: ConfinedPool) -> None:
    pid = pool.run(os.getpid)
    psutil.Process(pid).kill()
    wait_for(
        lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, what="its end"
    )
    assert pool.run(os.getpid) != pid


def test_a_process_that_has_used_much_memory_is_replaced() -> None:
    pool = ConfinedPool(seconds=10, modules=())
    pid = pool.run(os.getpid)
    assert pool.run(eval, f"len(b'x' * {MOST_KEPT})") == MOST_KEPT
    assert pool.run(os.getpid) != pid
    pool.close()


def test_the_memory_of_the_app_does_not_count(pool: ConfinedPool) -> None:
    large = b"x" * (MOST_KEPT + 1)
    assert len({pool.run(os.getpid) for _ in range(2)}) == 1
    assert len(large) > MOST_KEPT


def test_a_confined_process_gets_no_credentials() -> None:
    known = {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "x", "JPYNB_S3_BUCKET": "y"}
    known |= {"JUPYTERHUB_API_TOKEN": "z", "LC_ALL": "C.UTF-8"}
    assert kept_environment(known) == {"PATH": "/bin", "LC_ALL": "C.UTF-8"}
