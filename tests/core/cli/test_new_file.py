"""New files that verbs write, and the errors if a file cannot be written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bookstore_core.cli.given.new_file import file_errors, write_new
from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    StorageUnavailableError,
)


def test_a_new_file_never_overwrites_another(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    write_new(str(path), [b"1"])
    with pytest.raises(ConflictError, match="already exists"):
        write_new(str(path), [b"2"])
    assert path.read_bytes() == b"1"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none/a.ipynb", NotFoundError),
        ("file/a.ipynb", BookstoreError),
        ("a\0b", BookstoreError),
    ],
)
def test_a_file_that_cannot_be_written_raises_a_bookstore_error(
    tmp_path: Path, name: str, expected: type[BookstoreError]
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(expected) as raised:
        write_new(f"{tmp_path}/{name}", [b"1"])
    assert type(raised.value) is expected


def test_a_denied_file_raises_forbidden_error() -> None:
    refused = pytest.raises(ForbiddenError, match=r"a cannot be written: no\.")
    with refused, file_errors("a"):
        raise PermissionError(13, "no")


def test_a_file_has_its_name_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "folder" / ("漢" * 82 + ".ipynb")
    path.parent.mkdir()

    def pieces() -> Iterator[bytes]:
        yield b"half"
        assert not path.exists()
        yield b" and half"

    write_new(str(path), pieces())
    assert path.read_bytes() == b"half and half"
    assert [*path.parent.iterdir()] == [path]


def test_of_two_files_with_one_name_the_first_stays(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.ipynb"
    path.parent.mkdir()

    def pieces() -> Iterator[bytes]:
        path.write_text("of somebody else")
        yield b"ours"

    with pytest.raises(ConflictError, match="already exists"):
        write_new(str(path), pieces())
    assert path.read_text() == "of somebody else"
    assert [*path.parent.iterdir()] == [path]


def test_a_file_whose_content_does_not_arrive_is_removed(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise StorageUnavailableError("the connection was closed")

    with pytest.raises(StorageUnavailableError):
        write_new(str(tmp_path / "a.ipynb"), pieces())
    assert not (tmp_path / "a.ipynb").exists()
