"""The command on the page of a run gives the verb what the run had."""

import shlex
from typing import Any

import pytest

from bookstore_archiver.runs.parameters import Given
from bookstore_core.history.shelves import WORKSPACE
from bookstore_core.runs.again import command_of, given_of


@pytest.mark.parametrize(
    "value",
    [
        *(6, -6, 6.5, 1e300, True, None, "north", "6", "6.5", "True", "None", ""),
        *(" x ", "-p", "--", "a=b", "it's $HOME", "line\nbreak", "2026-01-01", "nan"),
        *("1_000", "inf", "数据", "\u202e\x85\U000e0001", [1, ["a", None]], {"b": {}}),
    ],
)
def test_the_command_gives_the_value_that_it_was(value: Any) -> None:
    command = command_of(WORKSPACE, "a.ipynb", "v", given_of({"x": value, "y": 1}))
    given = Given.of(shlex.split(command))
    assert given.parameters() == {"x": value, "y": 1}
    assert type(given.parameters()["x"]) is type(value)
    assert given.words == ["jupyter", "bookstore", "run", "a.ipynb", "v"]
