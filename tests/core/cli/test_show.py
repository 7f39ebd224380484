"""`jupyter bookstore show`, and what verbs print in a terminal."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bookstore_core.stores import Version, VersionStore
from core.cli.conftest import Call, notebook
from core.saving import save


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


def test_a_version_is_written_to_a_new_file_only(
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


def test_the_json_of_a_version_has_its_content(
    call: Call, store: VersionStore, saved: list[Version]
) -> None:
    shown = json.loads(call("show", "new.ipynb", "@1", "--json").out)
    assert shown["content"]["cells"][0]["source"] == "x = 2"
    save(store, b"no notebook", key="workspace/text.ipynb")
    shown = json.loads(call("show", "text.ipynb", "--json").out)
    assert shown["content"] == "no notebook"
    save(store, b"\xff\x00", key="workspace/data.ipynb")
    shown = json.loads(call("show", "data.ipynb", "--json").out)
    assert shown["content_base64"] == "/wA="


HOSTILE = "\x1b]0;title\x07 \x9b31m \u202e ok"


def test_no_control_sequence_of_a_notebook_reaches_the_terminal(
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


def test_in_a_terminal_versions_are_a_table_that_fits(
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


def test_in_a_terminal_a_notebook_is_formatted_in_colour(
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


@pytest.mark.parametrize("verb", ["versions", "show"])
def test_output_that_cannot_be_written_is_reported(
    in_shell: Callable[..., subprocess.CompletedProcess[str]],
    saved: list[Version],
    verb: str,
) -> None:
    outcome = in_shell(f"{{}} {verb} new.ipynb {{}} >/dev/full")
    assert outcome.returncode == 1
    [error] = outcome.stderr.splitlines()
    assert "No space left on device. Free space where its output goes" in error
    outcome = in_shell(f"{{}} {verb} new.ipynb {{}} >&-")
    assert (outcome.returncode, outcome.stderr) == (0, "")


def test_a_reader_that_closes_the_pipe_causes_no_error(
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


SMALL = "--BookstoreSettings.max_notebook_size=1000"


def test_a_version_over_the_limit_is_written_but_not_printed(
    call: Call, store: VersionStore, tmp_path: Path
) -> None:
    large = notebook("x" * 3_000_000)
    save(store, large, key="workspace/large.ipynb")
    assert call("show", "large.ipynb", SMALL, "-o", "out.ipynb").code == 0
    assert (tmp_path / "out.ipynb").read_bytes() == large
    assert call("show", "large.ipynb", SMALL).out.encode() == large
    for form in ("--text", "--json"):
        refused = call("show", "large.ipynb", SMALL, form)
        assert refused.code != 0
        assert "Write it to a file with -o." in refused.err
