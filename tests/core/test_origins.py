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
