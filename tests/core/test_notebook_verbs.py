"""`jupyter bookstore versions`, `show` and `label`."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, Version, VersionStore, open_store
from core.saving import save
from harness.command import Outcome, Run
from harness.terminal import run_in_terminal

NOW = datetime.now(UTC)
ID = r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}"


@pytest.fixture
def words(tmp_path: Path) -> tuple[str, ...]:
    """Options that choose a local store in the test's own directory."""
    return (
        "--BookstoreSettings.storage=local",
        f"--BookstoreSettings.local_root={tmp_path / 'store'}",
    )


@pytest.fixture
def store(tmp_path: Path) -> VersionStore:
    traits = {"storage": "local", "local_root": str(tmp_path / "store")}
    return open_store(BookstoreSettings(**traits))


Call = Callable[..., Outcome]


@pytest.fixture
def call(run: Run, words: tuple[str, ...]) -> Call:
    """Run a verb on that store."""
    return lambda *verb: run(*verb, *words)


def notebook(source: str, **cell: Any) -> bytes:
    cells = [{"cell_type": "code", "metadata": {}, "source": source, **cell}]
    parts = {"metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps({"cells": cells, **parts}).encode()


@pytest.fixture
def saved(store: VersionStore) -> list[Version]:
    """Four versions, newest first and an hour apart; the oldest under another name."""
    known: list[dict[str, Any]] = [{}, {"moved_from": "old.ipynb"}, {}, {}]
    versions = [
        save(
            store,
            notebook(f"x = {number}", execution_count=None, outputs=[]),
            key="workspace/new.ipynb" if number else "workspace/old.ipynb",
            saved_at=NOW - timedelta(hours=4 - number),
            **known[number],
        )
        for number in range(4)
    ]
    return versions[::-1]


def test_versions_are_listed_with_the_names_to_call_them(
    call: Call, saved: list[Version]
) -> None:
    outcome = call("versions", "new.ipynb")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    heading = "name saved author size label note path version id"
    assert " ".join(lines[0].split()) == heading
    for number, version in enumerate(saved):
        assert lines[number + 1].split()[0] == f"@{number}"
        assert lines[number + 1].endswith(version.version_id)
    assert "moved from old.ipynb" in lines[3]
    assert " old.ipynb " in lines[4]


def test_a_listing_says_that_there_is_more(call: Call, saved: list[Version]) -> None:
    outcome = call("versions", "new.ipynb", "--limit=2")
    assert len(outcome.out.splitlines()) == 3
    assert "There are older versions" in outcome.err
    outcome = call("versions", "new.ipynb", "--limit=2", "--all")
    assert len(outcome.out.splitlines()) == 5
    assert outcome.err == ""


def test_versions_are_listed_for_programs(
    call: Call, saved: list[Version], store: VersionStore
) -> None:
    store.set_label(saved[1].key, saved[1].version_id, Label("good", "why"))
    told = json.loads(call("versions", "new.ipynb", "--json").out)
    assert (told["path"], told["more"], told["earlier"]) == ("new.ipynb", False, False)
    rows = told["versions"]
    assert [row["name"] for row in rows] == ["@0", "@1", "@2", "@3"]
    assert [row["version_id"] for row in rows] == [v.version_id for v in saved]
    assert [row["path"] for row in rows] == ["new.ipynb"] * 3 + ["old.ipynb"]
    assert rows[1]["label"]["name"] == "good"
    assert rows[2]["moved_from"] == "old.ipynb"
    assert rows[0]["sha256"] == saved[0].metadata.sha256  # type: ignore[union-attr]


def test_labelled_versions_are_listed_alone(
    call: Call, saved: list[Version], store: VersionStore
) -> None:
    store.set_label(saved[3].key, saved[3].version_id, Label("draft", "for Änn"))
    out = call("versions", "new.ipynb", "--q=ÄNN").out
    assert len(out.splitlines()) == 2
    assert saved[3].version_id in out
    none = call("versions", "new.ipynb", "--q=x")
    assert (none.code, none.out) == (0, "No version has such a label.\n")


def test_versions_of_an_earlier_notebook_are_listed(
    call: Call, store: VersionStore
) -> None:
    earlier = save(store, key="workspace/new.ipynb")
    save(store, key="workspace/old.ipynb")
    save(store, key="workspace/new.ipynb", moved_from="old.ipynb")
    outcome = call("versions", "new.ipynb")
    assert earlier.version_id not in outcome.out
    assert "--earlier lists its versions" in outcome.err
    listed = call("versions", "new.ipynb", "--earlier").out
    assert re.findall(ID, listed) == [earlier.version_id]
    assert call("versions", "old.ipynb", "--earlier").code == 2


def test_a_file_is_named_from_where_one_is(
    call: Call, saved: list[Version], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    root = f"--root-dir={tmp_path}"
    for name in ("../new.ipynb", str(tmp_path / "new.ipynb")):
        assert call("versions", name, root).code == 0
    assert call("versions", "new.ipynb", root).code == 4
    assert call("versions", "../new.ipynb").code == 2


@pytest.mark.parametrize("verb", ["versions", "show"])
def test_what_has_no_versions_is_not_found(
    call: Call, saved: list[Version], verb: str
) -> None:
    outcome = call(verb, "none.ipynb")
    assert outcome.code == 4
    assert "There are no versions of none.ipynb" in outcome.err


@pytest.mark.parametrize("verb", ["versions", "show"])
@pytest.mark.parametrize(
    "given", [["."], [""], ["../out.ipynb"], [], ["a", "b", "c"], ["a", "--foo"]]
)
def test_words_that_make_no_sense_are_refused(
    call: Call, verb: str, given: list[str]
) -> None:
    outcome = call(verb, *given)
    assert outcome.code == 2
    assert outcome.err.startswith("jupyter bookstore: ")


@pytest.mark.parametrize("limit", ["0", "-5", "abc", "1.5", ""])
def test_a_limit_that_cannot_be_is_refused(
    call: Call, saved: list[Version], limit: str
) -> None:
    outcome = call("versions", "new.ipynb", f"--limit={limit}")
    assert outcome.code == 2
    assert "'limit'" in outcome.err


@pytest.mark.parametrize(
    "given",
    [
        ["new.ipynb"],
        ["new.ipynb", "@0"],
        ["new.ipynb", "@0", "x", "y"],
        ["new.ipynb", "@0", "x", "--at=now"],
        ["new.ipynb", "@0", "x", "--remove"],
        ["new.ipynb", "@0", "--remove", "--comment=x"],
        ["new.ipynb", "@0", ""],
        ["new.ipynb", "@0", "@1"],
        ["new.ipynb", "@0", "x" * 81],
    ],
)
def test_labels_that_make_no_sense_are_refused(
    call: Call, saved: list[Version], given: list[str]
) -> None:
    outcome = call("label", *given)
    assert outcome.code == 2
    assert outcome.err.startswith("jupyter bookstore: ")


def test_without_a_store_there_are_no_versions_to_list(run: Run) -> None:
    outcome = run("versions", "a.ipynb")
    assert outcome.code == 3
    assert "No store is configured" in outcome.err


def test_a_store_that_is_away_is_said(run: Run) -> None:
    outcome = run(
        "versions",
        "a.ipynb",
        "--BookstoreSettings.s3_bucket=b",
        "--BookstoreSettings.s3_endpoint_url=http://127.0.0.1:9",
        "--BookstoreSettings.s3_access_key_id=a",
        "--BookstoreSettings.s3_secret_access_key=b",
    )
    assert outcome.code == 7


def test_a_version_is_shown_byte_for_byte_in_a_pipe(
    call: Call, saved: list[Version]
) -> None:
    assert json.loads(call("show", "new.ipynb").out)["cells"][0]["source"] == "x = 3"
    for name, source in (("@1", "x = 2"), (saved[3].version_id, "x = 0")):
        shown = json.loads(call("show", "new.ipynb", name).out)
        assert shown["cells"][0]["source"] == source


def test_a_version_is_shown_by_its_time(call: Call, saved: list[Version]) -> None:
    shown = call("show", "new.ipynb", "--at=90 minutes ago", "--json")
    assert json.loads(shown.out)["version_id"] == saved[1].version_id
    assert call("show", "new.ipynb", "--at=5 hours ago").code == 4
    for given in (["--at=soon"], ["--at="], ["--at=9999-01-01"], ["@1", "--at=now"]):
        assert call("show", "new.ipynb", *given).code == 2


def test_a_version_is_written_into_a_new_file_only(
    call: Call, saved: list[Version], tmp_path: Path
) -> None:
    outcome = call("show", "new.ipynb", "@1", "-o", "out.ipynb")
    assert (outcome.code, outcome.out) == (0, "")
    written = (tmp_path / "out.ipynb").read_bytes()
    assert written == notebook("x = 2", execution_count=None, outputs=[])
    assert call("show", "new.ipynb", "-o", "out.ipynb").code == 6
    assert (tmp_path / "out.ipynb").read_bytes() == written
    assert call("show", "new.ipynb", "-o", "none/out.ipynb").code == 4
    assert call("show", "new.ipynb", "-oglued.ipynb").code == 0
    assert (tmp_path / "glued.ipynb").exists()


def test_a_version_is_told_to_programs_with_its_content(
    call: Call, store: VersionStore, saved: list[Version]
) -> None:
    told = json.loads(call("show", "new.ipynb", "@1", "--json").out)
    assert told["content"]["cells"][0]["source"] == "x = 2"
    save(store, b"no notebook", key="workspace/text.ipynb")
    told = json.loads(call("show", "text.ipynb", "--json").out)
    assert told["content"] == "no notebook"
    save(store, b"\xff\x00", key="workspace/data.ipynb")
    told = json.loads(call("show", "data.ipynb", "--json").out)
    assert told["content_base64"] == "/wA="


HOSTILE = "\x1b]0;title\x07 \x9b31m \u202e ok"


def test_nothing_in_a_notebook_commands_the_terminal(
    call: Call, store: VersionStore
) -> None:
    outputs = [
        {"output_type": "stream", "text": [f"{HOSTILE}\n"] * 30},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": [HOSTILE]},
        {"output_type": "display_data", "data": {"image/png": "A" * 2000, "x": [1]}},
        {"output_type": "pyout", "data": None},
        None,
    ]
    data = notebook(HOSTILE, execution_count=7, outputs=outputs)
    save(store, data, key="workspace/bad.ipynb", author=HOSTILE)
    out = call("show", "bad.ipynb", "--text").out
    for command in ("\x1b", "\x07", "\x9b", "\u202e"):
        assert command not in out
        assert command not in call("versions", "bad.ipynb").out
    assert "code [7]" in out
    assert "... 10 more lines" in out
    assert "[image/png, 2.0 KB]" in out


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b'{"cells": 5}',
        b'{"cells": [5, null, {}, {"cell_type": 3, "source": {"a": 1}}]}',
        b'{"cells": [{"cell_type": "code", "outputs": [{"data": {"a": null}}]}]}',
        b'{"worksheets": [{"cells": [{"cell_type": "code", "input": "x"}]}]}',
        b"\xff\xfe",
        b'{"cells": [], "metadata": {"language_info": {"name": 5}}}',
        b"[" * 100_000,
    ],
)
def test_whatever_was_saved_can_be_shown(
    call: Call, store: VersionStore, data: bytes
) -> None:
    save(store, data, key="workspace/odd.ipynb")
    for option in ("--text", "--json"):
        outcome = call("show", "odd.ipynb", option)
        assert (outcome.code, outcome.err) == (0, "")


def test_a_version_is_labelled_and_found_by_its_label(
    call: Call, saved: list[Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "änn")
    outcome = call("label", "new.ipynb", "@1", "before refactor", "--comment=It works.")
    assert (outcome.code, outcome.err) == (0, "")
    assert saved[1].version_id in outcome.out
    told = json.loads(call("show", "new.ipynb", "before refactor", "--json").out)
    assert told["version_id"] == saved[1].version_id
    label = told["label"]
    assert (label["comment"], label["author"]) == ("It works.", "änn")
    line = call("versions", "new.ipynb").out.splitlines()[2]
    assert "before refactor  It works." in line


def test_a_version_under_an_older_name_is_labelled(
    call: Call, saved: list[Version], store: VersionStore
) -> None:
    assert call("label", "new.ipynb", "@3", "first").code == 0
    assert list(store.labels("workspace/old.ipynb")) == [saved[3].version_id]


def test_a_version_is_labelled_by_its_time(call: Call, saved: list[Version]) -> None:
    given = ("label", "new.ipynb", "--at=90 minutes ago", "as sent", "--json")
    told = json.loads(call(*given).out)
    assert told["version_id"] == saved[1].version_id
    assert told["label"]["name"] == "as sent"


def test_a_label_is_given_once(call: Call, saved: list[Version]) -> None:
    assert call("label", "new.ipynb", "@0", "good").code == 0
    outcome = call("label", "new.ipynb", "@1", "good")
    assert outcome.code == 6
    assert saved[0].version_id in outcome.err


def test_a_label_is_removed(
    call: Call, saved: list[Version], store: VersionStore
) -> None:
    call("label", "new.ipynb", "@0", "good")
    outcome = call("label", "new.ipynb", "good", "--remove")
    assert outcome.code == 0
    assert "has no label now" in outcome.out
    assert store.labels("workspace/new.ipynb") == {}
    assert call("label", "new.ipynb", "good", "--remove").code == 4


@pytest.fixture
def in_terminal(words: tuple[str, ...]) -> Callable[..., tuple[int, str]]:
    """Run a verb on that store in a terminal."""
    command = str(Path(sys.executable).with_name("jupyter-bookstore"))
    environment = {**os.environ, "TERM": "xterm-256color"}

    def run(*verb: str, columns: int = 120) -> tuple[int, str]:
        return run_in_terminal([command, *verb, *words], environment, columns=columns)

    return run


def test_a_terminal_gets_a_table_that_fits(
    in_terminal: Callable[..., tuple[int, str]],
    saved: list[Version],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, wide = in_terminal("versions", "new.ipynb", columns=140)
    assert code == 0
    assert "\x1b[" in wide
    assert saved[0].version_id in wide
    _, narrow = in_terminal("versions", "new.ipynb", columns=80)
    assert saved[0].version_id not in narrow
    plain = re.sub(r"\x1b\[[0-9;]*m", "", narrow)
    assert max(len(line) for line in plain.splitlines()) <= 80
    assert "@3" in plain


def test_a_terminal_gets_a_notebook_to_read(
    in_terminal: Callable[..., tuple[int, str]],
    saved: list[Version],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, shown = in_terminal("show", "new.ipynb", "@1")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert code == 0
    assert shown != plain, "in colours"
    assert plain.startswith(f"new.ipynb, version {saved[1].version_id}, saved ")
    assert "1  code" in plain
    assert "x = 2" in plain


@pytest.fixture
def in_shell(
    words: tuple[str, ...], tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a verb on that store in a process of its own, by a line of the shell."""
    command = Path(sys.executable).with_name("jupyter-bookstore")

    def run(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
        options = " ".join(map(shlex.quote, words))
        return subprocess.run(
            ["bash", "-c", line.format(shlex.quote(str(command)), options)],
            cwd=tmp_path,
            env={**os.environ, **environment},
            text=True,
            capture_output=True,
            timeout=60,
        )

    return run


@pytest.mark.parametrize("verb", ["versions", "show"])
def test_output_that_cannot_be_written_is_said(
    in_shell: Callable[..., subprocess.CompletedProcess[str]],
    saved: list[Version],
    verb: str,
) -> None:
    outcome = in_shell(f"{{}} {verb} new.ipynb {{}} >/dev/full")
    assert outcome.returncode == 1
    [said] = outcome.stderr.splitlines()
    assert "No space left on device" in said
    outcome = in_shell(f"{{}} {verb} new.ipynb {{}} >&-")
    assert (outcome.returncode, outcome.stderr) == (0, "")


def test_who_has_read_enough_gets_no_complaint(
    in_shell: Callable[..., subprocess.CompletedProcess[str]], store: VersionStore
) -> None:
    data = notebook("x\n" * 200_000)
    save(store, data, key="workspace/big.ipynb")
    outcome = in_shell("{} show big.ipynb --text {} | head -2")
    assert outcome.stdout.startswith("big.ipynb, version ")
    assert outcome.stderr == ""


def test_a_name_that_the_terminal_cannot_write_is_escaped(
    in_shell: Callable[..., subprocess.CompletedProcess[str]], store: VersionStore
) -> None:
    save(store, notebook("x"), key="workspace/测试.ipynb", author="Änn 测")
    latin = {"PYTHONIOENCODING": "ascii"}
    outcome = in_shell("{} versions 测试.ipynb {}", **latin)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert r"\xc4nn \u6d4b" in outcome.stdout
