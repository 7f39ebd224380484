"""Answers that several people share."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore

import pytest

from bookstore_web.library.shared import MOST_KEPT, FreshAnswers, SharedAnswers


def test_people_who_ask_at_once_share_one_answer() -> None:
    answers = SharedAnswers[int](1.0, clock=lambda: 0.0)
    asked: list[int] = []
    begun, go_on = Event(), Event()

    def ask() -> int:
        asked.append(1)
        begun.set()
        assert go_on.wait(30)
        return 7

    with ThreadPoolExecutor(8) as threads:
        found = [threads.submit(answers.get, "home", ask) for _ in range(8)]
        assert begun.wait(30)
        go_on.set()
        assert {future.result() for future in found} == {7}
    assert len(asked) == 1


def test_an_answer_is_kept_for_a_while_and_until_something_changes() -> None:
    now = 0.0
    answers = SharedAnswers[int](1.0, clock=lambda: now)
    assert answers.get("home", lambda: 1) == 1
    assert answers.get("home", lambda: 2) == 1
    answers.forget()
    assert answers.get("home", lambda: 3) == 3
    now = 1.0
    assert answers.get("home", lambda: 4) == 4


def test_a_failure_is_not_kept() -> None:
    answers = SharedAnswers[int](1.0)
    with pytest.raises(ZeroDivisionError):
        answers.get("home", lambda: 1 // 0)
    assert answers.get("home", lambda: 1) == 1


def test_few_answers_are_kept() -> None:
    answers = SharedAnswers[int](1.0, clock=lambda: 0.0)
    for number in range(MOST_KEPT + 1):
        answers.get(number, lambda: 1)
    assert answers.get(0, lambda: 2) == 2
    assert answers.get(MOST_KEPT, lambda: 2) == 1


def test_nobody_gets_a_fresh_answer_that_was_asked_for_before() -> None:
    answers, state = FreshAnswers[str](), ["old"]
    begun, go_on = Event(), Event()

    def ask() -> str:
        found = state[0]
        begun.set()
        assert go_on.wait(30)
        return found

    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(answers.get, "home", ask)
        assert begun.wait(30)
        state[0] = "new"
        later = [threads.submit(answers.get, "home", ask) for _ in range(8)]
        go_on.set()
        assert first.result() == "old"
        assert {future.result() for future in later} == {"new"}


def test_fresh_answers_are_shared_by_those_who_wait_for_their_turn() -> None:
    answers, asked = FreshAnswers[int](), []
    begun, go_on, called = Event(), Event(), Semaphore(0)

    def ask() -> int:
        asked.append(1)
        begun.set()
        assert go_on.wait(30)
        return len(asked)

    def get() -> int:
        called.release()
        return answers.get("home", ask)

    with ThreadPoolExecutor(9) as threads:
        threads.submit(get)
        assert begun.wait(30)
        later = [threads.submit(get) for _ in range(8)]
        for _ in range(9):
            assert called.acquire(timeout=30)
        go_on.set()
        found = {future.result() for future in later}
    assert found == set(range(2, len(asked) + 1))  # one who came late asks alone


def test_a_failure_of_a_fresh_answer_is_raised_and_the_next_asks_again() -> None:
    answers = FreshAnswers[int]()
    with pytest.raises(ZeroDivisionError):
        answers.get("home", lambda: 1 // 0)
    assert answers.get("home", lambda: 1) == 1
