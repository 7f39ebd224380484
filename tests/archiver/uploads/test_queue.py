"""The queue: order within a key, many keys at once, and when a key is due."""

from datetime import UTC, datetime
from typing import Any

from bookstore_archiver.spool.entry import Entry
from bookstore_archiver.uploads.queue import Queue
from bookstore_core.spool.saves import Trailer
from bookstore_core.stores import VersionMetadata

SAVED = datetime(2026, 11, 23, tzinfo=UTC)


def entry(name: str, key: str = "a", **provenance: Any) -> Entry:
    only_if_changed = provenance.pop("only_if_changed", False)
    metadata = VersionMetadata(name, SAVED, source_path=key, **provenance)
    return Entry(name, Trailer(key, 0, metadata, only_if_changed))


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


def test_keys_are_picked_in_parallel_the_oldest_save_first() -> None:
    queue = filled(entry("3", "b"), entry("1", "c"), entry("2", "a"))
    picked = [queue.pick(0.0) for _ in range(4)]
    assert [one.name for one in picked if one] == ["1", "2", "3"]


def test_older_save_that_is_found_late_goes_first_unless_its_key_is_busy() -> None:
    queue = filled(entry("2"))
    queue.add(entry("1"), 0.0)
    assert queue.pick(0.0) == entry("1")
    queue.add(entry("0"), 0.0)
    queue.done(entry("1"), 0.0)
    assert queue.pick(0.0) == entry("0")


def test_save_is_added_once() -> None:
    queue = filled(entry("1"), entry("1"))
    assert len(queue) == 1


def test_failing_saves_are_tried_now_and_still_count_their_failures() -> None:
    queue = filled(entry("1"), entry("2", "b"))
    for save in (queue.pick(0.0), queue.pick(0.0)):
        assert save is not None
        queue.fail(save, 0.0, delay=300.0)
    assert queue.pick(1.0) is None
    queue.release_failing()
    assert [queue.pick(1.0), queue.pick(1.0)] == [entry("1"), entry("2", "b")]
    assert queue.attempts("a") == 1
    queue.fail(entry("1"), 1.0, delay=300.0)
    assert queue.attempts("a") == 2
    assert queue.pick(300.5) is None


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


def test_interval_applies_to_a_save_that_is_added_to_an_empty_queue() -> None:
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


def test_queues_of_keys_without_saves_are_removed() -> None:
    queue = filled(entry("1"))
    queue.pick(0.0)
    queue.done(entry("1"), 0.0)
    assert queue._queues == {}


def test_save_that_is_not_in_the_queue_changes_nothing() -> None:
    queue = Queue()
    queue.done(entry("1"), 0.0)
    queue.hold(entry("1"), 0.0, 1.0)
    assert queue.fail(entry("1"), 0.0, 1.0) == 0.0
    assert queue.next_due() is None


def test_cost_of_adding_does_not_grow_with_the_queue() -> None:
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


def test_saves_with_provenance_are_never_skipped() -> None:
    important = [
        entry("2", only_if_changed=True),
        entry("3", restored_from="v1"),
        entry("4", moved_from="b"),
    ]
    queue = filled(entry("1"), interval=60.0)
    assert queue.add(important[0], 0.0) == [entry("1")]
    assert [queue.add(one, 0.0) for one in (*important[1:], entry("5"))] == [[], [], []]
    for one in important:
        assert queue.pick(0.0) == one
        queue.done(one, 0.0)
    assert queue.pick(0.0) is None
    assert queue.pick(60.0) == entry("5")


def test_save_with_provenance_does_not_wait_for_the_interval() -> None:
    queue = filled(entry("1"), interval=60.0)
    assert queue.pick(0.0) == entry("1")
    queue.done(entry("1"), 0.0)
    queue.add(entry("2"), 1.0)
    assert queue.pick(1.0) is None
    queue.add(entry("3", restored_from="v1"), 2.0)
    assert queue.pick(2.0) == entry("3", restored_from="v1")


def moved(name: str, key: str = "new", old: str = "old") -> Entry:
    return entry(name, key, moved_from=old)


def test_moved_version_goes_behind_the_older_saves_of_its_old_key() -> None:
    queue = filled(entry("1", "old"), entry("2", "old"), moved("3"), entry("4", "new"))
    for name in ("1", "2"):
        assert queue.pick(0.0) == entry(name, "old")
        assert queue.pick(0.0) is None
        queue.done(entry(name, "old"), 0.0)
    assert queue.pick(0.0) == moved("3")
    assert queue.pick(0.0) is None
    queue.done(moved("3"), 0.0)
    assert queue.pick(0.0) == entry("4", "new")
    assert not queue.has_ready(0.0)


def test_moved_version_does_not_go_behind_newer_saves_of_its_old_key() -> None:
    queue = filled(moved("1"), entry("2", "old"))
    assert queue.pick(0.0) == moved("1")


def test_moved_version_may_go_once_its_old_key_has_failed() -> None:
    queue = filled(entry("1", "old"), moved("2"))
    queue.pick(0.0)
    assert queue.pick(0.0) is None
    queue.fail(entry("1", "old"), 0.0, 5.0)
    assert queue.pick(0.0) == moved("2")


def test_moved_version_that_failed_too_lets_its_old_key_try_first() -> None:
    queue = filled(entry("1", "old"), moved("2"))
    queue.pick(0.0)
    queue.fail(entry("1", "old"), 0.0, 5.0)
    queue.pick(0.0)
    queue.fail(moved("2"), 0.0, 1.0)
    assert queue.pick(2.0) is None
    assert queue.pick(6.0) == entry("1", "old")
    queue.done(entry("1", "old"), 6.0)
    assert queue.pick(6.0) == moved("2")


def test_interval_of_the_old_key_does_not_delay_a_moved_version() -> None:
    queue = filled(entry("1", "old"), interval=60.0)
    queue.pick(0.0)
    queue.done(entry("1", "old"), 0.0)
    queue.add(entry("2", "old"), 1.0)
    queue.add(moved("3"), 1.0)
    assert queue.pick(1.0) == entry("2", "old")
    queue.done(entry("2", "old"), 1.0)
    assert queue.pick(1.0) == moved("3")


def test_moved_version_does_not_wait_for_a_save_that_came_early() -> None:
    queue = filled(entry("1", "old"), moved("2"), interval=60.0)
    early = queue.pick(0.0)
    assert early == entry("1", "old")
    assert queue.pick(0.0) is None
    queue.hold(early, 0.0, 300.0)
    assert queue.pick(1.0) == early
    queue.done(early, 1.0)
    assert queue.pick(1.0) == moved("2")


def test_notebooks_that_changed_places_wait_for_each_other_in_order() -> None:
    queue = filled(entry("1", "a"), moved("2", "b", "a"), moved("3", "a", "b"))
    for one in (entry("1", "a"), moved("2", "b", "a"), moved("3", "a", "b")):
        assert queue.pick(0.0) == one
        assert queue.pick(0.0) is None
        queue.done(one, 0.0)
