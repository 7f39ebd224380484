"""`jupyter bookstore index` and `jupyter bookstore search`."""

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_web.catalogue.check import check_catalogue
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
    assert "T" in found["saved_at"]  # as in all other answers
    nothing = call("search", "xylophone", "--shelf=workspace")
    assert (nothing.code, nothing.out) == (4, "Nothing was found.\n")


def test_a_wrong_search_has_a_sentence(call: Callable[..., Outcome]) -> None:
    wrong = call("search", "after:soon")
    assert wrong.code == 2
    assert "after:soon is no date" in wrong.err
    early = call("search", "anything")
    assert early.code == 4
    assert "First run: jupyter bookstore index" in early.err


def test_doctor_and_status_say_how_far_the_catalogue_is(
    put: Put, call: Callable[..., Outcome]
) -> None:
    put("workspace/a.ipynb", notebook_of("xylophone"))
    assert "is not made yet. Run 'jupyter bookstore index'" in call("status").out
    call("index")
    said = re.compile(r"The catalogue sqlite:\S+ has 1 notebook, as of .+ ago\.")
    assert said.search(call("doctor").out)
    assert said.search(call("status").out)
    (part,) = json.loads(call("status", "--json").out)["parts"]
    assert part["name"] == "catalogue"


def test_doctor_says_that_a_catalogue_is_of_another_store(
    put: Put, call: Callable[..., Outcome], tmp_path: Path
) -> None:
    put("workspace/a.ipynb", notebook_of("xylophone"))
    call("index")
    outcome = call("doctor", "--BookstoreSettings.published_prefix=elsewhere")
    assert outcome.code == 1
    assert "(workspace, published), not from" in outcome.out
    assert "--rebuild" in outcome.out


def test_a_search_without_a_store_or_in_the_catalogue_of_another_is_refused(
    put: Put, call: Callable[..., Outcome], run: Run
) -> None:
    put("workspace/a.ipynb", notebook_of("xylophone"))
    call("index")
    other = call("search", "xylophone", "--BookstoreSettings.published_prefix=else")
    assert (other.code, other.out) == (3, "")
    assert "(workspace, published), not from" in other.err
    nowhere = run("search", "xylophone")
    assert (nowhere.code, nowhere.out) == (3, "")
    assert "No store is configured" in nowhere.err


def test_doctor_says_that_a_catalogue_cannot_be_used(
    call: Callable[..., Outcome], tmp_path: Path
) -> None:
    (tmp_path / "catalogue.sqlite").write_bytes(b"something else")
    outcome = call("doctor")
    assert outcome.code == 1
    assert "is not a catalogue of bookstore. Name another file" in outcome.out
    assert (tmp_path / "catalogue.sqlite").read_bytes() == b"something else"


def test_nothing_is_said_of_a_catalogue_that_nobody_wants(
    settings: BookstoreSettings,
) -> None:
    assert [*check_catalogue(settings, thorough=True)] == []


def test_a_database_in_the_network_is_looked_at_by_doctor_alone(
    settings: BookstoreSettings, tmp_path: Path
) -> None:
    settings.catalogue_url = f"postgresql+psycopg://x/y?host={tmp_path}"
    assert [*check_catalogue(settings, thorough=False)] == []
    (finding,) = check_catalogue(settings, thorough=True)
    assert not finding.ok
    assert "catalogue_url" in finding.remedy


def test_index_makes_a_catalogue_again_that_is_torn_behind_its_beginning(
    put: Put, call: Callable[..., Outcome], tmp_path: Path
) -> None:
    for number in range(20):
        put(f"workspace/{number}.ipynb", notebook_of("xylophone"))
    call("index")
    file = tmp_path / "catalogue.sqlite"
    data = file.read_bytes()
    with sqlite3.connect(file) as known:
        wanted = "SELECT rootpage FROM sqlite_master WHERE name = 'notebooks'"
        (page,) = known.execute(wanted).fetchone()
    known.close()
    begin = 4096 * (page - 1)
    file.write_bytes(data[:begin] + b"\xff" * 4096 + data[begin + 4096 :])
    torn = call("search", "xylophone")
    assert torn.code == 7
    assert "index --rebuild" in torn.err
    again = call("index")
    assert (again.code, again.out.splitlines()[-1]) == (
        0,
        "The catalogue has 20 notebooks: read 20 of them now.",
    )
    assert call("search", "xylophone").code == 0
