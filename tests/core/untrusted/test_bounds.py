"""Bounds on JSON, which hold before it is parsed."""

import contextlib
import json
import time
from typing import Any

import pytest

from bookstore_core.cells import parse_leniently
from bookstore_core.errors import InvalidNotebookError, TooLargeError
from bookstore_core.notebooks import parse_notebook
from bookstore_core.untrusted.bounds import (
    MAX_MEMBERS,
    MAX_OBJECTS,
    MAX_VALUES,
    check_bounds,
    load_json,
)
from harness.notebook_server import notebook


def listed(item: str, count: int) -> bytes:
    return f"[{','.join([item] * count)}]".encode()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (listed("{}", MAX_OBJECTS + 1), "600,000 objects"),
        (listed('{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}', 580_000), "members"),
        (listed("[]", MAX_VALUES // 2 + 1), "10,500,000 values"),
        (listed('"a"', MAX_VALUES + 1), "10,500,000 values"),
    ],
)
def test_json_with_too_many_values_is_not_parsed(data: bytes, what: str) -> None:
    with pytest.raises(TooLargeError, match=what):
        load_json(data)


def test_what_a_text_contains_is_not_counted() -> None:
    text = '{"[,:\\' * MAX_VALUES
    assert load_json(json.dumps([text]).encode()) == [text]


@pytest.mark.parametrize("open_string", [b'"', b'"\\"', b'\\"', b'"a\\', b"\\"])
def test_json_that_is_not_valid_is_counted_in_linear_time(open_string: bytes) -> None:
    data = open_string * 1_000_000 + b"{" * (MAX_OBJECTS + 1)
    begin = time.thread_time()
    with contextlib.suppress(TooLargeError):
        check_bounds(data)
    assert time.thread_time() - begin < 5


def test_a_plot_of_128_mib_as_jupyter_writes_it_is_read() -> None:
    # Ten numbers, written as in a list in the data of an output.
    numbers = b"".join(b"\n" + b" " * 10 + b"%d," % digit for digit in range(10))
    data = numbers * (128 * 1024 * 1024 // len(numbers))
    check_bounds(data)


def crowded(**more: Any) -> bytes:
    content = {**notebook("1"), **more}
    content["metadata"]["crowd"] = [{}] * (MAX_OBJECTS + 1)
    return json.dumps(content).encode()


def test_a_notebook_with_too_many_objects_is_refused_with_the_reason() -> None:
    with pytest.raises(TooLargeError, match="more than 600,000 objects"):
        parse_notebook(crowded())
    with pytest.raises(InvalidNotebookError, match="it has more than 600,000 objects"):
        parse_leniently(crowded())


def test_bounds_allow_a_notebook_of_one_hundred_thousand_cells() -> None:
    output = {"output_type": "display_data", "data": {"text/plain": "1"}}
    cell = {"cell_type": "code", "metadata": {}, "source": "1"}
    cell |= {"outputs": [{**output, "metadata": {}}], "execution_count": 1, "id": "a"}
    check_bounds(listed(json.dumps(cell), 100_000))
    assert 100_000 * json.dumps(cell).count(":") < MAX_MEMBERS
