"""What a contents model says of the version that its content came from."""

from typing import Any

import pytest

from bookstore_core.origins import MARK, MEMBER, Origin, archives


class Manager:
    pass


@pytest.mark.parametrize("origin", [Origin("v1"), Origin("v1", "old/a.ipynb")])
def test_origin_is_read_as_it_was_written(origin: Origin) -> None:
    assert Origin.of({"type": "notebook", **origin.member}) == origin


@pytest.mark.parametrize(
    "value",
    [
        *(None, "v1", ["v1"], 1, {}),
        {"restored_from": None},
        {"restored_from": ""},
        {"restored_from": 7},
        {"restored_from": "v" * 1025},
        {"restored_path": "a.ipynb"},
    ],
)
def test_member_that_makes_no_sense_says_nothing(value: Any) -> None:
    assert Origin.of({MEMBER: value}) is None


def test_model_without_the_member_says_nothing() -> None:
    assert Origin.of({"type": "notebook"}) is None


@pytest.mark.parametrize(
    "path", [None, 3, [], "../a.ipynb", "a\0b", "\ud800", "x" * 2000]
)
def test_path_that_makes_no_sense_is_left_out(path: Any) -> None:
    member = {"restored_from": "v1", "restored_path": path}
    assert Origin.of({MEMBER: member}) == Origin("v1")


def test_manager_with_the_mark_archives() -> None:
    manager = Manager()
    assert not archives(manager)
    setattr(manager, MARK, object())
    assert archives(manager)
