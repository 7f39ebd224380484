"""Saves of real notebook servers become versions, in every configuration."""

import json
from pathlib import Path

import pytest

from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import Generation, NotebookServer, notebook
from harness.s3_server import S3Server
from harness.versions import Versions, spool_is_empty
from harness.waiting import wait_for

pytestmark = pytest.mark.server

#: The example of the documentation, word for word except for the values.
EXAMPLE = """\
from bookstore import BookstoreContentsArchiver


c.NotebookApp.contents_manager_class = BookstoreContentsArchiver

c.BookstoreSettings.workspace_prefix = "/workspace/kylek/notebooks"
c.BookstoreSettings.published_prefix = "/published/kylek/notebooks"

c.BookstoreSettings.s3_bucket = "{s3_bucket}"

# If bookstore uses an EC2 instance with a valid IAM role, there is no need to specify here
c.BookstoreSettings.s3_access_key_id = "{s3_access_key_id}"
c.BookstoreSettings.s3_secret_access_key = "{s3_secret_access_key}"
"""  # noqa: E501  # word for word

MANAGER = """\
from bookstore import BookstoreContentsArchiver
c.NotebookApp.contents_manager_class = BookstoreContentsArchiver
c.ServerApp.contents_manager_class = BookstoreContentsArchiver
"""

HOOKS = """\
def before(model, **kwargs):
    if model["type"] == "notebook":
        model["content"]["metadata"]["stamp"] = "by the hook"
def after(os_path, model, contents_manager, **kwargs):
    with open(os_path + ".after", "a") as file:
        file.write("x")
c.FileContentsManager.pre_save_hook = before
c.FileContentsManager.post_save_hook = after
"""


@pytest.fixture
def versions(s3_server: S3Server, bucket: str) -> Versions:
    return Versions(s3_server, bucket)


@pytest.fixture
def store(s3_server: S3Server, bucket: str) -> str:
    """Config lines that name the bucket."""
    return settings_lines(**s3_server.settings(bucket))


def test_extension_alone_makes_one_version_a_save(
    generation: Generation, home: Path, store: str, versions: Versions
) -> None:
    config = store + extension_lines("bookstore_archiver")
    with NotebookServer(generation, home, config=config) as server:
        for number in range(3):
            server.save("note.ipynb", notebook(f"{number}"))
        assert versions.wait(3) == ["0", "1", "2"]
        on_disk = (server.root / "note.ipynb").read_bytes()
        newest = versions.of()[-1]
        assert newest["Body"] == on_disk
        wait_for(lambda: spool_is_empty(home), what="an empty spool")


def test_documented_example_works_word_for_word(
    home: Path, s3_server: S3Server, bucket: str, versions: Versions
) -> None:
    values = s3_server.settings(bucket)
    environment = {"JPYNB_S3_ENDPOINT_URL": values["s3_endpoint_url"]}
    server = NotebookServer(
        "classic",
        home,
        config=EXAMPLE.format(**values) + extension_lines(),
        environment=environment,
    )
    with server:
        server.save("note.ipynb", notebook("1"))
        key = "workspace/kylek/notebooks/note.ipynb"
        assert versions.wait(1, key) == ["1"]


def test_manager_class_alone_makes_one_version_a_save(
    generation: Generation, home: Path, store: str, versions: Versions
) -> None:
    config = store + MANAGER + HOOKS + extension_lines()
    with NotebookServer(generation, home, config=config) as server:
        server.save("note.ipynb", notebook("1"))
        server.save("note.ipynb", notebook("2"))
        assert versions.wait(2) == ["1", "2"]
        newest = json.loads(versions.of()[-1]["Body"])
        assert newest["metadata"]["stamp"] == "by the hook"
        assert (server.root / "note.ipynb.after").read_text() == "xx"


def test_class_and_extension_together_with_jupytext_archive_once(
    generation: Generation, home: Path, store: str, versions: Versions
) -> None:
    extensions = extension_lines("bookstore_archiver", "jupyterlab_jupytext")
    config = store + MANAGER + HOOKS + extensions
    with NotebookServer(generation, home, config=config) as server:
        server.save("note.ipynb", notebook("1"))
        server.save("note.ipynb", notebook("2"))
        assert versions.wait(2) == ["1", "2"]
        assert "TextFileContentsManager" in server.log


def test_extension_archives_under_jupytext(
    generation: Generation, home: Path, store: str, versions: Versions
) -> None:
    # jupytext is loaded after us, and replaces the contents manager.
    config = store + extension_lines("bookstore_archiver", "jupyterlab_jupytext")
    paired = {"formats": "ipynb,py:percent"}
    with NotebookServer(generation, home, config=config) as server:
        server.save("note.ipynb", notebook("1", jupytext=paired))
        server.save("script.py", notebook("print(1)"))
        assert versions.wait(1) == ["1"]
        assert (server.root / "note.py").exists()
        wait_for(lambda: versions.of("workspace/script.py"), what="the script")
        (script,) = versions.of("workspace/script.py")
        assert b"print(1)" in script["Body"]
        assert versions.of("workspace/note.py") == []
