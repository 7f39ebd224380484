"""The documented names of bookstore 2.x, and that they cost nothing until used."""

import subprocess
import sys

import pytest

import bookstore


def test_importing_bookstore_loads_neither_flask_nor_the_archiver() -> None:
    script = (
        "import sys, bookstore; "
        "loaded = {name.partition('.')[0] for name in sys.modules}; "
        "print(*sorted(loaded & "
        "{'flask', 'tornado', 'botocore', 'bookstore_archiver', 'bookstore_web'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("name", sorted(bookstore._NAMES))
def test_a_name_of_the_umbrella_is_there(name: str) -> None:
    assert getattr(bookstore, name) is not None
    assert name in dir(bookstore)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="BookstoreHandler"):
        bookstore.BookstoreHandler  # noqa: B018


def test_the_documented_modules_hold_the_documented_names() -> None:
    from bookstore.archive import ArchiveRecord, BookstoreContentsArchiver
    from bookstore.bookstore_config import BookstoreSettings, validate_bookstore
    from bookstore.s3_paths import s3_display_path, s3_key, s3_path

    record = ArchiveRecord(filepath="a.ipynb", content="{}", queued_time=1.0)
    assert record == ("a.ipynb", "{}", 1.0)
    assert BookstoreContentsArchiver is bookstore.BookstoreContentsArchiver
    assert BookstoreSettings is bookstore.BookstoreSettings
    assert validate_bookstore(BookstoreSettings())["archive_valid"] is False
    assert s3_key("/workspace/ann", "a.ipynb") == "workspace/ann/a.ipynb"
    assert s3_path("bucket", "workspace", "a.ipynb") == "bucket/workspace/a.ipynb"
    assert s3_display_path("bucket", "workspace") == "s3://bucket/workspace"


def test_enabling_the_package_enables_both_extensions() -> None:
    modules = [entry["module"] for entry in bookstore._jupyter_server_extension_paths()]
    assert modules == ["bookstore_archiver", "bookstore_web"]
