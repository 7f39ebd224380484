"""Keys and paths."""

import pytest

from bookstore_core.errors import InvalidRequestError
from bookstore_core.paths import (
    check_path,
    notebook_key,
    printable,
    s3_display_path,
    s3_key,
    s3_path,
)


@pytest.mark.parametrize(
    ("prefix", "path", "key"),
    [
        ("workspace", "mine.ipynb", "workspace/mine.ipynb"),
        ("workspace", "/a/mine.ipynb", "workspace/a/mine.ipynb"),
        ("workspace/ann", "mine.ipynb", "workspace/ann/mine.ipynb"),
        ("", "mine.ipynb", "mine.ipynb"),
        ("workspace", "", "workspace"),
    ],
)
def test_a_key_is_the_prefix_and_the_path(prefix: str, path: str, key: str) -> None:
    assert s3_key(prefix, path) == key
    assert s3_path("bucket", prefix, path) == f"bucket/{key}"
    assert s3_display_path("bucket", prefix, path) == f"s3://bucket/{key}"


@pytest.mark.parametrize(
    "path", ["", "/", "a//b", ".", "..", "a/../b", "a/./b", "a\0b", "\ud800"]
)
def test_an_invalid_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequestError):
        check_path(path)


def test_a_path_loses_only_its_outer_slashes() -> None:
    assert check_path("/a b/..c/ü%41.ipynb/") == "a b/..c/ü%41.ipynb"


def test_a_key_has_up_to_1024_bytes_including_the_prefix() -> None:
    assert len(notebook_key("w", "x" * 1022)) == 1024
    with pytest.raises(InvalidRequestError, match="1025 bytes"):
        notebook_key("w", "x" * 1023)
    with pytest.raises(InvalidRequestError, match="key"):
        notebook_key("w", "é" * 512)


def test_slashes_before_a_prefix_do_not_matter_and_those_after_it_are_kept() -> None:
    assert notebook_key("/workspace/kylek", "a.ipynb") == "workspace/kylek/a.ipynb"
    assert notebook_key("workspace/", "a.ipynb") == "workspace//a.ipynb"


def test_unprintable_characters_are_escaped_in_sentences() -> None:
    assert printable("a\nb\x1b[0mé") == "a\\nb\\x1b[0mé"
