"""The origin of restored content in a contents model."""

import base64
import json
from typing import Any

import pytest

from bookstore_core.errors import InvalidNotebookError
from bookstore_core.origins import (
    MARK,
    MEMBER,
    Origin,
    archives,
    file_model_of,
    model_of,
)
from harness.notebook_server import notebook


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
def test_malformed_member_is_ignored(value: Any) -> None:
    assert Origin.of({MEMBER: value}) is None


def test_model_without_the_member_has_no_origin() -> None:
    assert Origin.of({"type": "notebook"}) is None


@pytest.mark.parametrize(
    "path", [None, 3, [], "../a.ipynb", "a\0b", "\ud800", "x" * 2000]
)
def test_malformed_path_is_left_out(path: Any) -> None:
    member = {"restored_from": "v1", "restored_path": path}
    assert Origin.of({MEMBER: member}) == Origin("v1")


def test_manager_with_the_mark_archives() -> None:
    manager = Manager()
    assert not archives(manager)
    setattr(manager, MARK, object())
    assert archives(manager)


def test_notebook_is_saved_as_one_without_trust() -> None:
    content = notebook("1")
    data = json.dumps(content).encode()
    content["cells"][0]["metadata"] = {"trusted": True}
    claiming = json.dumps(content).encode()
    for model in (model_of("a.ipynb", data), model_of("a.ipynb", claiming)):
        expected = {"type": "notebook", "format": "json", "content": json.loads(data)}
        assert model == expected


def test_notebook_is_saved_in_the_form_that_front_ends_send() -> None:
    content = notebook("")
    content["cells"][0]["source"] = ["a\n", "b"]
    content["cells"][0]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": ["1\n", "2"]}
    ]
    (cell,) = model_of("a.ipynb", json.dumps(content).encode())["content"]["cells"]
    assert (cell["source"], cell["outputs"][0]["text"]) == ("a\nb", "1\n2")


def test_old_format_is_converted_and_a_minor_version_is_kept() -> None:
    cell = {"cell_type": "code", "input": ["a\n", "b"], "outputs": [], "metadata": {}}
    sheet = {"cells": [{**cell, "language": "python"}], "metadata": {}}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [sheet]}
    made = model_of("a.ipynb", json.dumps(old).encode())["content"]
    assert (made["nbformat"], made["cells"][0]["source"]) == (4, "a\nb")
    for minor in (0, 4, 9):
        kept = {**notebook("1"), "nbformat_minor": minor}
        assert model_of("a.ipynb", json.dumps(kept).encode())["content"] == kept


def test_notebook_that_jupyter_opens_is_saved_as_one_although_it_is_not_valid() -> None:
    content = notebook("1")
    content["cells"][0] |= {"unknown": 1, "metadata": {"trusted": True}}
    model = model_of("a.ipynb", json.dumps(content).encode())
    assert model["type"] == "notebook"
    assert model["content"]["cells"][0]["unknown"] == 1
    assert model["content"]["cells"][0]["metadata"] == {}


@pytest.mark.parametrize(
    "data",
    [
        *(b"null", b"[]", b"7", b'"text"', b"{}", b'{"nbformat": 5}'),
        *(b'{"nbformat": 4}', b'{"nbformat": [4]}', b'{"nbformat": 3}'),
        b'{"nbformat": 4, "metadata": {}, "cells": [1]}',
        b'{"nbformat": 4, "metadata": 0, "cells": []}',
        b'{"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [{}]}]}',
        b'{"nbformat": 4, "metadata": {}, "cells": [' + b"[" * 100_000,
    ],
)
def test_content_that_jupyter_cannot_open_is_refused_as_a_notebook(data: bytes) -> None:
    with pytest.raises(InvalidNotebookError):
        model_of("a.ipynb", data)


def test_invalid_notebook_is_refused_as_one_and_saved_as_a_file() -> None:
    with pytest.raises(InvalidNotebookError, match="not JSON"):
        model_of("a.ipynb", b"broken")
    expected = {"type": "file", "format": "text", "content": "broken"}
    assert file_model_of(b"broken") == expected


def test_other_names_are_saved_as_files_byte_for_byte() -> None:
    data = b'{"trusted": true}\n'
    assert model_of("a.json", data)["content"].encode() == data
    binary = model_of("a.bin", b"\xff\x00")
    assert (binary["type"], binary["format"]) == ("file", "base64")
    assert base64.b64decode(binary["content"]) == b"\xff\x00"


def test_model_contains_the_origin_of_its_content() -> None:
    origin = Origin("v1", "old/a.ipynb")
    data = json.dumps(notebook("1")).encode()
    assert Origin.of(model_of("a.ipynb", data, origin)) == origin
    assert Origin.of(model_of("a.txt", data, origin)) == origin
    assert Origin.of(model_of("a.txt", data)) is None
