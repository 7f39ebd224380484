"""`jupyter bookstore prune`: what it says, and when it removes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bookstore_core.stores import VersionStore
from core.cli.conftest import NOW, Call
from core.saving import all_versions, save

KEY = "workspace/a.ipynb"


@pytest.fixture(autouse=True)
def versions(store: VersionStore) -> None:
    """Five versions of one notebook, and one of another."""
    for _ in range(5):
        save(store, b"{}", key=KEY, saved_at=NOW)
    save(store, key="workspace/b/c.ipynb", saved_at=NOW)


def count(store: VersionStore) -> int:
    return len(all_versions(store, KEY))


def test_without_yes_it_says_what_would_go(call: Call, store: VersionStore) -> None:
    done = call("prune", "a.ipynb", "--keep-last=2", "--min-age=0d")
    assert done.code == 0
    assert "3 of 5" in done.out
    assert "Would remove 3 versions of 1 notebook" in done.out
    assert "--yes does it" in done.out
    assert count(store) == 5


def test_with_yes_it_removes_them(call: Call, store: VersionStore) -> None:
    done = call("prune", "--all", "--keep-last=2", "--min-age=0d", "--yes", "--json")
    told = json.loads(done.out)
    assert (told["dry_run"], told["removed"], told["locked"]) == (False, 3, 0)
    [notebook] = told["notebooks"]
    assert (notebook["path"], notebook["versions"]) == ("a.ipynb", 5)
    assert len(notebook["removed"]) == 3
    assert count(store) == 2


def test_a_day_must_pass_before_a_version_goes(call: Call, store: VersionStore) -> None:
    call("prune", "--all", "--keep-last=1", "--yes")
    assert count(store) == 5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--all"], "No rule says what to keep"),
        (["--all", "--keep-last=0"], "No rule says what to keep"),
        (["--keep-last=1"], "either the path of a notebook or --all"),
        (["a.ipynb", "--all", "--keep-last=1"], "either the path of a notebook"),
        (["--all", "--keep-within=soon"], "not a length of time"),
        (["--all", "--keep-last=-2"], "Invalid options"),
        (["--all", "--keep-last=1", "--min-age=x"], "not a length of time"),
    ],
)
def test_what_is_not_clear_is_refused(
    call: Call, store: VersionStore, given: list[str], said: str
) -> None:
    done = call("prune", *given, "--yes")
    assert done.code == 2
    assert said in done.err
    assert count(store) == 5


def test_an_unknown_notebook_is_not_found(call: Call) -> None:
    assert call("prune", "none.ipynb", "--keep-last=1").code == 4


@pytest.fixture
def policy(tmp_path: Path) -> Callable[[str], None]:
    """Write the policy into a config file."""
    (tmp_path / "config").mkdir()

    def write(value: str) -> None:
        line = f"c.BookstoreSettings.prune_keep = {value}\n"
        (tmp_path / "config" / "jupyter_config.py").write_text(line)

    return write


def test_the_policy_in_the_settings_is_used(
    call: Call, store: VersionStore, policy: Callable[[str], None]
) -> None:
    policy("{'last': 4}")
    assert call("prune", "--all", "--yes", "--min-age=0d").code == 0
    assert count(store) == 4
    assert call("prune", "--all", "--yes", "--min-age=0d", "--keep-last=3").code == 0
    assert count(store) == 3


@pytest.mark.parametrize("value", ["{'lst': 4}", "{'last': -3}", "{'within': 'x'}"])
def test_with_a_wrong_policy_nothing_goes(
    call: Call, store: VersionStore, policy: Callable[[str], None], value: str
) -> None:
    policy(value)
    done = call("prune", "--all", "--yes", "--min-age=0d")
    assert done.code == 2
    assert "prune_keep" in done.err
    assert count(store) == 5


@pytest.mark.parametrize("published", ["workspace/b", "workspace/b/", "workspace"])
def test_a_published_shelf_within_the_workspace_is_never_pruned(
    call: Call, store: VersionStore, published: str
) -> None:
    key = "workspace/b/c.ipynb"
    save(store, b"later", key=key, saved_at=NOW)
    shelf = f"--BookstoreSettings.published_prefix={published}"
    rules = ("--keep-last=1", "--min-age=0d", "--yes", shelf)
    assert call("prune", "--all", *rules).code == 0
    done = call("prune", "b/c.ipynb", *rules)
    assert (done.code, "published shelf" in done.err) == (2, True)
    assert len(all_versions(store, key)) == 2
    assert count(store) == (5 if published == "workspace" else 1)


def test_a_dry_run_is_one_whatever_else_is_said(
    call: Call, store: VersionStore
) -> None:
    rules = ("prune", "--all", "--keep-last=1", "--min-age=0d")
    for both in (("--yes", "--dry-run"), ("--dry-run", "--yes")):
        assert "Would remove 4" in call(*rules, *both).out
    assert count(store) == 5
