"""`jupyter bookstore index` and `jupyter bookstore search`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bookstore_core.settings import BookstoreSettings
from harness.command import Outcome, Run
from harness.sources import notebook_of

Put = Callable[..., object]


@pytest.fixture
def catalogue_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/catalogue.sqlite"


@pytest.fixture
def call(run: Run, catalogue_settings: BookstoreSettings) -> Callable[..., Outcome]:
    given = ("storage", "local_root", "catalogue_url")
    options = [
        f"--BookstoreSettings.{n}={getattr(catalogue_settings, n)}" for n in given
    ]
    return lambda *words: run(*words, *options)


def test_a_catalogue_is_made_and_searched(
    put: Put, call: Callable[..., Outcome]
) -> None:
    put("workspace/a.ipynb", notebook_of("# Music", "xylophone"))
    made = call("index")
    assert (made.code, made.err) == (0, "")
    assert made.out == "The catalogue has 1 notebooks: read 1 of them now.\n"
    found = call("search", "XYLO")
    assert found.code == 0
    assert found.out.splitlines()[0] == "workspace: a.ipynb"
    assert "        xylophone" in found.out


def test_what_was_found_is_printed_for_programs(
    put: Put, call: Callable[..., Outcome]
) -> None:
    put("published/a.ipynb", notebook_of("# Music", "xylophone"))
    index = json.loads(call("index", "--rebuild", "--json").out)
    assert (index["notebooks"], index["read"], index["unread"]) == (1, 1, 0)
    (found,) = json.loads(call("search", "xylophone", "--json").out)
    assert (found["path"], found["cell"], found["text"]) == ("a.ipynb", 2, "xylophone")
    assert found["title"] == "Music"
    nothing = call("search", "xylophone", "--shelf=workspace")
    assert (nothing.code, nothing.out) == (4, "Nothing was found.\n")


def test_a_wrong_search_has_a_sentence(call: Callable[..., Outcome]) -> None:
    wrong = call("search", "after:soon")
    assert wrong.code == 2
    assert "after:soon is no date" in wrong.err
    early = call("search", "anything")
    assert early.code == 4
    assert "First run: jupyter bookstore index" in early.err
