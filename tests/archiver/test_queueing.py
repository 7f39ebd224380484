"""The queue: order within a key, many keys at once, and when a key is due."""

from bookstore_archiver.queueing import Queue
from bookstore_archiver.spooling import Entry
from bookstore_core.spool import Trailer


def entry(name: str, key: str = "a") -> Entry:
    return Entry(name, Trailer(key, 0, "", name, "", "", ""))


def filled(*entries: Entry, interval: float = 0.0) -> Queue:
    queue = Queue(interval=interval)
    for one in entries:
        queue.add(one, 0.0)
    return queue


def test_saves_of_a_key_are_picked_one_after_the_other() -> None:
    queue = filled(entry("1"), entry("2"))
    first = queue.pick(0.0)
    assert first == entry("1")
    assert queue.pick(0.0) is None
    queue.done(entry("1"), 0.0)
    assert queue.pick(0.0) == entry("2")


def test_keys_are_picked_side_by_side_the_oldest_save_first() -> None:
    queue = filled(entry("3", "b"), entry("1", "c"), entry("2", "a"))
    picked = [queue.pick(0.0) for _ in range(4)]
    assert [one.name for one in picked if one] == ["1", "2", "3"]


def test_late_found_older_save_goes_first_unless_its_key_is_busy() -> None:
    queue = filled(entry("2"))
    queue.add(entry("1"), 0.0)
    assert queue.pick(0.0) == entry("1")
    queue.add(entry("0"), 0.0)
    queue.done(entry("1"), 0.0)
    assert queue.pick(0.0) == entry("0")


def test_save_is_taken_in_once() -> None:
    queue = filled(entry("1"), entry("1"))
    assert len(queue) == 1


def test_failed_save_is_tried_again_before_the_next_of_its_key() -> None:
    queue = filled(entry("1"), entry("2"))
    queue.pick(0.0)
    assert queue.fail(entry("1"), 0.0, delay=5.0) == 0.0
    assert queue.pick(4.9) is None
    assert queue.next_due() == 5.0
    assert queue.attempts("a") == 1
    assert queue.pick(5.0) == entry("1")
    assert queue.fail(entry("1"), 65.0, delay=5.0) == 65.0


def test_failing_key_does_not_stop_another() -> None:
    queue = filled(entry("1", "a"), entry("2", "b"))
    queue.pick(0.0)
    queue.fail(entry("1", "a"), 0.0, delay=300.0)
    assert queue.pick(0.0) == entry("2", "b")


def test_success_ends_the_count_of_failures() -> None:
    queue = filled(entry("1"), entry("2"))
    queue.pick(0.0)
    queue.fail(entry("1"), 0.0, delay=1.0)
    queue.pick(1.0)
    queue.done(entry("1"), 1.0)
    assert queue.attempts("a") == 0
    assert queue.pick(1.0) == entry("2")


def test_interval_lets_one_version_through_and_then_the_newest() -> None:
    queue = Queue(interval=10.0)
    assert queue.add(entry("1"), 0.0) == []
    assert queue.pick(0.0) == entry("1")
    assert queue.add(entry("2"), 1.0) == []
    queue.done(entry("1"), 2.0)
    assert queue.add(entry("3"), 3.0) == [entry("2")]
    assert queue.pick(11.9) is None
    assert queue.pick(12.0) == entry("3")
    queue.done(entry("3"), 12.0)
    assert len(queue) == 0


def test_interval_counts_for_a_save_that_comes_into_an_empty_line() -> None:
    queue = filled(entry("1"), interval=10.0)
    queue.pick(0.0)
    queue.done(entry("1"), 0.0)
    queue.add(entry("2"), 5.0)
    assert queue.next_due() == 10.0
    assert queue.pick(9.0) is None
    assert queue.pick(10.0) == entry("2")


def test_interval_holds_nothing_back_once_released() -> None:
    queue = filled(entry("1"), interval=10.0)
    queue.pick(0.0)
    queue.done(entry("1"), 0.0)
    queue.add(entry("2"), 1.0)
    queue.release_held()
    assert queue.pick(1.0) == entry("2")


def test_lines_of_keys_without_saves_are_forgotten() -> None:
    queue = filled(entry("1"))
    queue.pick(0.0)
    queue.done(entry("1"), 0.0)
    assert queue.count_lines() == 0


def test_save_that_is_no_longer_known_changes_nothing() -> None:
    queue = Queue()
    queue.done(entry("1"), 0.0)
    queue.hold(entry("1"), 0.0, 1.0)
    assert queue.fail(entry("1"), 0.0, 1.0) == 0.0
    assert queue.next_due() is None


def test_a_long_line_takes_more_at_the_same_cost() -> None:
    queue = Queue()
    names = [f"{number:06}" for number in range(20_000)]
    for name in reversed(names[::2]):
        queue.add(entry(name), 0.0)
    for name in names[1::2]:
        queue.add(entry(name), 0.0)
    assert len(queue) == 20_000
    first = queue.pick(0.0)
    assert first is not None
    assert first.name == names[0]
