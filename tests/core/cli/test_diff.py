"""`jupyter bookstore diff`: what it compares, and what it prints."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, Version, open_store
from core.notebooks import cell, image, written
from core.saving import SAVED_AT, save
from harness.command import Outcome, Run

KEY = "workspace/a.ipynb"
PRICE = "import os\ntotal = price * 2\nprint(total)"

Diff = Callable[..., Outcome]


@pytest.fixture
def settings(tmp_path: Path) -> BookstoreSettings:
    return BookstoreSettings(storage="local", local_root=str(tmp_path / "store"))


@pytest.fixture
def versions(settings: BookstoreSettings) -> list[Version]:
    """Three versions, oldest first; the second has the label ``draft``."""
    store = open_store(settings)
    store.prepare()
    sources = ["one", "two", PRICE]
    saved = [
        save(
            store,
            written(cell(source, "1"), cell("the same", "2")),
            key=KEY,
            saved_at=SAVED_AT + timedelta(hours=number),
        )
        for number, source in enumerate(sources)
    ]
    store.set_label(KEY, saved[1].version_id, Label("draft"))
    return saved


@pytest.fixture
def diff(run: Run, settings: BookstoreSettings, versions: list[Version]) -> Diff:
    def compare(*words: str) -> Outcome:
        root = settings.local_root
        return run(
            "diff",
            "a.ipynb",
            *words,
            "--BookstoreSettings.storage=local",
            f"--BookstoreSettings.local_root={root}",
        )

    return compare


def compared(outcome: Outcome) -> tuple[Any, Any]:
    assert outcome.code == 0, outcome.err
    value = json.loads(outcome.out)
    return value["base"]["version_id"], value["remote"]["version_id"]


def test_without_names_the_file_is_compared_with_the_newest_version(
    diff: Diff, versions: list[Version]
) -> None:
    changed = PRICE.replace("price", "cost")
    Path("a.ipynb").write_bytes(written(cell(changed, "1"), cell("the same", "2")))
    outcome = diff()
    assert outcome.code == 0
    assert outcome.out.splitlines()[1:] == [
        "1 cell changed.",
        "",
        "---- cell 1, code: changed",
        "  import os",
        "- total = price * 2",
        "+ total = cost * 2",
        "  print(total)",
    ]
    assert outcome.out.splitlines()[0].endswith("by ann -> a.ipynb now")
    assert compared(diff("--json")) == (versions[2].version_id, None)


def test_equal_versions_are_reported(diff: Diff) -> None:
    Path("a.ipynb").write_bytes(written(cell(PRICE, "1"), cell("the same", "2")))
    outcome = diff("--exit-code")
    assert outcome.code == 0
    assert outcome.out.splitlines()[1:] == ["Nothing changed."]


def test_one_name_is_the_base_and_two_are_both(
    diff: Diff, versions: list[Version]
) -> None:
    first, second, third = (version.version_id for version in versions)
    Path("a.ipynb").write_bytes(b"{}")
    assert compared(diff("@1", "--json")) == (second, None)
    assert compared(diff("draft", "@0", "--json")) == (second, third)
    assert compared(diff(first, "draft", "--json")) == (first, second)
    assert compared(diff("file", "@0", "--json")) == (None, third)


def test_a_time_replaces_the_base(diff: Diff, versions: list[Version]) -> None:
    first, _, third = (version.version_id for version in versions)
    Path("a.ipynb").write_bytes(b"{}")
    at = f"--at={(SAVED_AT + timedelta(minutes=5)).isoformat()}"
    assert compared(diff(at, "--json")) == (first, None)
    assert compared(diff("@0", at, "--json")) == (first, third)
    outcome = diff("@1", "@0", at)
    assert outcome.code == 2
    assert "--at replaces BASE" in outcome.err


def test_with_exit_code_a_difference_exits_with_1(diff: Diff) -> None:
    assert diff("@1", "@0").code == 0
    assert diff("@1", "@0", "--exit-code").code == 1


def test_everything_that_differs_is_printed(
    diff: Diff, settings: BookstoreSettings
) -> None:
    tagged = {"metadata": {"tags": ["slow"]}}
    remote = written(
        cell("# Title", cell_type="markdown"),
        cell("the same", "2", outputs=[image("QUJD")], **tagged),
        cell("\n".join(f"x = {n}" for n in range(99)), "3"),
        cell(PRICE, "1"),
        kernelspec={"name": "ir"},
    )
    Path("a.ipynb").write_bytes(remote)
    lines = diff().out.splitlines()[1:]
    assert lines[:2] == [
        "2 cells added, 1 moved.",
        '  metadata of the notebook: kernelspec + {"name":"ir"}',
    ]
    for line in (
        "---- cell 1, markdown: added",
        "+ # Title",
        "  output added: image/png 3 bytes, text/plain 8 bytes",
        '  metadata: tags + ["slow"]',
        "+ x = 98",
    ):
        assert line in lines
    assert any(line.startswith("---- cell 1 -> 4, code: moved") for line in lines)


def test_a_file_that_is_not_a_notebook_is_compared_as_text(diff: Diff) -> None:
    Path("a.ipynb").write_bytes(b"<<<<<<< HEAD\x1b[2J\n")
    outcome = diff()
    assert outcome.code == 0
    assert "The newer version is not a notebook: it is not JSON." in outcome.out
    assert "+ <<<<<<< HEAD" in outcome.out
    assert "\x1b" not in outcome.out


def test_a_terminal_shows_colours_but_no_control_sequences(
    diff: Diff, monkeypatch: pytest.MonkeyPatch
) -> None:
    nasty = PRICE.replace("price", "cost") + "\n\x1b]0;owned\x07\x9b2J\u202e"
    Path("a.ipynb").write_bytes(written(cell(nasty, "1"), cell("the same", "2")))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    out = diff().out
    assert "\x1b[31m" in out
    assert "\x1b[7;31mprice" in out
    assert not {"\x07", "\x9b", "\u202e"} & set(out)
    assert "\x1b]" not in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 4, "The file a.ipynb does not exist"),
        (("@9",), 4, "@9"),
        (("no-such-label", "@0"), 4, "no-such-label"),
        (("@0", "@1", "@2"), 2, "Unexpected argument"),
        (("--at=whenever",), 2, "whenever"),
    ],
)
def test_what_cannot_be_compared_is_reported(
    diff: Diff, words: tuple[str, ...], code: int, message: str
) -> None:
    outcome = diff(*words)
    assert outcome.code == code
    assert message in outcome.err
    assert outcome.out == ""


def test_a_folder_or_a_pipe_is_not_read(
    diff: Diff, settings: BookstoreSettings
) -> None:
    Path("a.ipynb").mkdir()
    outcome = diff()
    assert outcome.code == 2
    assert "not a regular file" in outcome.err


def test_a_file_over_the_limit_is_not_read(
    diff: Diff, settings: BookstoreSettings
) -> None:
    Path("a.ipynb").write_bytes(b"x" * 1001)
    outcome = diff("--BookstoreSettings.max_notebook_size=1000")
    assert outcome.code == 2
    assert "over the limit of 1000 bytes" in outcome.err
