"""The documented names of bookstore 2.x, and that they cost nothing until used."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

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


def test_the_release_is_there_in_the_form_of_2x() -> None:
    from bookstore._version import __version__, _parts, version_info

    assert bookstore.version_info == version_info
    assert bookstore.__version__ == __version__
    assert _parts("3.0.0.dev0") == (3, 0, 0, "", "dev0")
    assert _parts("3.1.0rc1") == (3, 1, 0, "rc1")
    assert _parts("3.1.0") == (3, 1, 0)


def test_the_small_names_of_2x_are_there(tmp_path: Path) -> None:
    from bookstore.s3_paths import delimiter
    from bookstore.utils import TemporaryWorkingDirectory, url_path_join

    assert delimiter == "/"
    assert (Path(bookstore.PACKAGE_DIR) / "archive.py").exists()
    assert url_path_join("/user/ann/", "/api", "bookstore/") == (
        "/user/ann/api/bookstore/"
    )
    assert url_path_join("/", "/") == "/"
    assert url_path_join("a", "", "b") == "a/b"
    before = Path.cwd()
    with TemporaryWorkingDirectory() as folder:
        assert Path.cwd() == Path(folder).resolve()
    assert Path.cwd() == before


def test_the_extension_is_loaded_under_its_documented_name() -> None:
    from bookstore.handlers import load_jupyter_server_extension, version

    assert version == bookstore.__version__
    assert load_jupyter_server_extension is bookstore.load_jupyter_server_extension


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("handlers.BookstoreVersionHandler", "GET /api/bookstore answers"),
        ("clone.BookstoreCloneHandler", "POST /api/bookstore/cloned"),
        ("clone.BOOKSTORE_FILE_LOADER", "bookstore_web has the pages"),
        ("clone.BookstoreFSCloneAPIHandler", "POST /api/bookstore/fs-clone"),
        ("publish.BookstorePublishAPIHandler", "PUT /api/bookstore/published"),
    ],
)
def test_a_name_that_is_gone_says_what_replaces_it(name: str, replacement: str) -> None:
    module, _, kind = name.partition(".")
    with pytest.raises(ImportError, match=replacement):
        exec(f"from bookstore.{module} import {kind}")  # noqa: S102
    with pytest.raises(AttributeError, match="Unknown"):
        getattr(import_module(f"bookstore.{module}"), "Unknown")  # noqa: B009


def test_enabling_the_package_enables_both_extensions() -> None:
    modules = [entry["module"] for entry in bookstore._jupyter_server_extension_paths()]
    assert modules == ["bookstore_archiver", "bookstore_web"]
