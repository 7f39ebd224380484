"""New files that verbs write, and what can be in the way of writing a file."""

from pathlib import Path

import pytest

from bookstore_core.cli.new_file import file_errors, write_new
from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
)


def test_a_new_file_never_goes_over_another(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    write_new(str(path), b"1")
    with pytest.raises(ConflictError, match="is there already"):
        write_new(str(path), b"2")
    assert path.read_bytes() == b"1"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none/a.ipynb", NotFoundError),
        ("file/a.ipynb", BookstoreError),
        ("a\0b", BookstoreError),
    ],
)
def test_where_no_file_can_be_written_it_is_an_error_of_ours(
    tmp_path: Path, name: str, expected: type[BookstoreError]
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(expected) as raised:
        write_new(f"{tmp_path}/{name}", b"1")
    assert type(raised.value) is expected


def test_a_refused_file_is_forbidden() -> None:
    refused = pytest.raises(ForbiddenError, match=r"a cannot be written: no\.")
    with refused, file_errors("a"):
        raise PermissionError(13, "no")
