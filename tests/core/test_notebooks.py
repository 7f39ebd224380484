"""Notebooks as data: validation, trust, writing."""

import json
from typing import Any

import nbformat
import pytest

from bookstore_core.errors import InvalidNotebookError, TooLargeError
from bookstore_core.notebooks import (
    check_notebook,
    check_size,
    drop_trust,
    parse_notebook,
    write_notebook,
)
from harness.notebook_server import notebook


def v3_notebook(**metadata: Any) -> dict[str, Any]:
    cell = {"cell_type": "markdown", "source": "hi", "metadata": metadata}
    worksheet = {"cells": [cell], "metadata": {}}
    return {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [worksheet],
    }


@pytest.mark.parametrize("minor", range(6))
def test_notebooks_of_format_4_are_valid(minor: int) -> None:
    content = {**notebook("1"), "nbformat_minor": minor}
    if minor < 5:
        del content["cells"][0]["id"]
    assert check_notebook(content) is content


def test_notebooks_of_format_3_are_valid() -> None:
    content = v3_notebook()
    assert check_notebook(content) is content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "empty"),
        ([], "empty"),
        ({}, "empty"),
        ({"cells": []}, "nbformat"),
        ({"nbformat": "4", "nbformat_minor": 5}, "nbformat"),
        ({"nbformat": True, "nbformat_minor": 5}, "nbformat"),
        ({"nbformat": 5, "nbformat_minor": 0}, "format 5"),
        ({"nbformat": 2, "nbformat_minor": 0}, "format 2"),
        ({"nbformat": 4, "nbformat_minor": 5, "metadata": {}}, "cells"),
        ({**notebook("1"), "cells": [{"cell_type": "odd"}]}, "cells/0"),
    ],
)
def test_an_invalid_notebook_is_refused_with_the_reason(
    content: object, message: str
) -> None:
    with pytest.raises(InvalidNotebookError, match=message):
        check_notebook(content)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "byte 0 is not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b'"text"', "empty"),
    ],
)
def test_bytes_that_are_not_a_notebook_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(InvalidNotebookError, match=message):
        parse_notebook(data)


def test_only_what_is_over_the_limit_is_too_large() -> None:
    check_size("a.ipynb", 100, 100)
    with pytest.raises(TooLargeError, match=r"a\.ipynb .* 100 .*max_notebook_size"):
        check_size("a.ipynb", 101, 100)


def test_the_trust_of_every_cell_is_dropped() -> None:
    content = notebook("1", "2")
    for cell in content["cells"]:
        cell["metadata"] = {"trusted": True, "tags": ["kept"]}
    drop_trust(content)
    assert [cell["metadata"] for cell in content["cells"]] == [{"tags": ["kept"]}] * 2


def test_the_trust_of_format_3_cells_is_dropped_too() -> None:
    content = drop_trust(v3_notebook(trusted=True, kept=1))
    assert content["worksheets"][0]["cells"][0]["metadata"] == {"kept": 1}


def test_a_notebook_is_written_as_nbformat_writes_it() -> None:
    content = notebook("print('ü 测试 🙂')", title="x")
    written = write_notebook(content)
    # nbformat splits sources into lines; a source of one line stays as it is.
    expected = json.loads(nbformat.writes(nbformat.from_dict(content)))
    assert json.loads(written)["metadata"] == expected["metadata"]
    assert written.startswith(b'{\n "cells": [\n')
    assert written.endswith(b"}\n")
    assert "测试".encode() in written
    assert parse_notebook(written) == content


def test_text_without_utf8_form_cannot_be_written() -> None:
    with pytest.raises(InvalidNotebookError, match="UTF-8"):
        write_notebook(notebook("\ud800"))


def test_nesting_too_deep_to_be_written_is_refused() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(InvalidNotebookError, match="nested too deeply"):
        write_notebook({"metadata": {"deep": nested}})


CODE = {"cell_type": "code", "metadata": {}, "source": "", "outputs": []}
VALID = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": []}


@pytest.mark.parametrize(
    "added",
    [
        {"worksheets": 5},
        {"worksheets": [5]},
        {"worksheets": [{"cells": [3]}]},
        {"worksheets": [{"cells": 3}]},
        {"worksheets": {"a": 1}},
        {"cells": [{"cell_type": ["x"], "metadata": {}, "source": ""}]},
        {"cells": [{**CODE, "execution_count": None, "worksheets": 1}]},
        {"nbformat": 3, "worksheets": [], "cells": 5},
        {"nbformat": 3, "worksheets": [], "cells": [7]},
    ],
)
def test_a_malformed_notebook_is_refused(added: dict[str, Any]) -> None:
    with pytest.raises(InvalidNotebookError):
        check_notebook({**VALID, **added})


@pytest.mark.parametrize(
    "odd", [{"cells": [7]}, {"worksheets": [5, {"cells": 3}], "cells": 5}]
)
def test_dropping_trust_survives_notebooks_of_later_formats(odd: Any) -> None:
    later = {**VALID, "nbformat_minor": 99, **odd}
    assert drop_trust(later) is later
