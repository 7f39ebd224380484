"""`jupyter bookstore publish`, `link` and `clone`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bookstore_core.stores import VersionStore
from harness.command import Outcome, Run
from harness.notebook_server import notebook

Call = Callable[..., Outcome]
PUBLIC = "https://hub.example.org/"


@pytest.fixture
def call(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run a verb on the test's local store, with the server's root in its folder."""
    monkeypatch.setenv("JUPYTER_SERVER_ROOT", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("JUPYTERHUB_USER", "ann")
    words = {"storage": "local", "local_root": str(tmp_path / "store")}
    options = [f"--BookstoreSettings.{name}={value}" for name, value in words.items()]
    return lambda *verb: run(*verb, *options)


@pytest.fixture
def june(tmp_path: Path) -> Path:
    """A notebook's file, a cell of which claims trust."""
    content = notebook("1 + 1")
    content["cells"][0]["metadata"]["trusted"] = True
    (tmp_path / "reports").mkdir()
    path = tmp_path / "reports" / "june.ipynb"
    path.write_text(json.dumps(content))
    return path


def test_a_file_is_published_and_its_link_clones_it(
    call: Call, june: Path, tmp_path: Path
) -> None:
    public = f"--BookstoreSettings.public_url={PUBLIC}"
    words = ["publish", "reports/june.ipynb", "--title=Sales", "--note=As sent."]
    done = json.loads(call(*words, "--json", public).out)
    assert done["s3_path"] == "s3://bookstore/published/reports/june.ipynb"
    assert done["url"].startswith(f"{PUBLIC}bookstore/clone?s3_bucket=bookstore")
    assert done["versionID"] in done["url"]
    cloned = call("clone", done["url"], "--to=copy.ipynb", "--json")
    assert json.loads(cloned.out)["versionID"] == done["versionID"]
    copy = json.loads((tmp_path / "copy.ipynb").read_text())
    assert copy["cells"][0]["metadata"] == {}
    assert copy["cells"][0]["source"] == "1 + 1"
    assert call("clone", done["url"], "--to=copy.ipynb").code == 6


def test_what_is_published_has_its_title_and_its_author(
    call: Call, june: Path, store: VersionStore
) -> None:
    call("publish", "reports/june.ipynb", "--to=2026/06.ipynb", "--title=Sales")
    metadata = store.head("published/2026/06.ipynb").metadata
    assert metadata
    assert (metadata.title, metadata.author) == ("Sales", "ann")


def test_a_notebook_that_is_reached_by_a_link_is_published(
    call: Call, june: Path, tmp_path: Path
) -> None:
    (tmp_path / "linked.ipynb").symlink_to(june)
    assert call("publish", "linked.ipynb").code == 0
    (tmp_path / "folder.ipynb").mkdir()
    done = call("publish", "folder.ipynb")
    assert (done.code, "folder.ipynb is not a regular file" in done.err) == (2, True)


def test_a_clone_is_named_by_a_key_and_written_into_a_folder(
    call: Call, june: Path, tmp_path: Path
) -> None:
    call("publish", "reports/june.ipynb")
    assert call("clone", "published/reports/june.ipynb").code == 0
    assert (tmp_path / "june.ipynb").exists()
    (tmp_path / "sub").mkdir()
    address = "s3://bookstore/published/reports/june.ipynb"
    assert "Cloned" in call("clone", address, "--to=sub").out
    assert (tmp_path / "sub" / "june.ipynb").exists()


def test_a_link_to_a_version_without_a_known_server_says_so(
    call: Call, june: Path
) -> None:
    call("publish", "reports/june.ipynb")
    linked = call("link", "reports/june.ipynb", "--shelf=published", "--newest")
    assert linked.out.endswith("s3_key=published%2Freports%2Fjune.ipynb\n")
    assert "public_url" in linked.err
    links = json.loads(
        call("link", "reports/june.ipynb", "--shelf=published", "--json").out
    )
    assert links["newest_url"] in links["url"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["publish", "nothing.ipynb"], 4),
        (["publish", "reports/june.ipynb", "--to=a.txt"], 2),
        (["publish", "reports/june.ipynb", "--BookstoreSettings.published_prefix="], 4),
        (["publish", "reports/june.ipynb", f"--title={'x' * 200}"], 2),
        (["clone", "published/nothing.ipynb"], 4),
        (["clone", "https://example.org/"], 2),
        (["clone", "http://[?s3_key=a"], 2),
        (["clone", "s3://other/a.ipynb"], 5),
        (["link", "reports/june.ipynb"], 4),
        (["link", "reports/june.ipynb", "--shelf=attic"], 2),
    ],
)
def test_what_cannot_be_done_has_its_exit_code(
    call: Call, june: Path, words: list[str], code: int
) -> None:
    done = call(*words)
    assert done.code == code, done.err
    assert done.err.startswith("jupyter bookstore: ")
