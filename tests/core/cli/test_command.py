"""`jupyter bookstore`: verbs, exit codes, doctor and init."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bookstore_core import errors
from bookstore_core.cli.command import exit_code
from harness.command import Run


@pytest.fixture
def local(tmp_path: Path) -> tuple[str, ...]:
    """Options that choose a local store in the test's own directory."""
    return (
        "--BookstoreSettings.storage=local",
        f"--BookstoreSettings.local_root={tmp_path / 'store'}",
        f"--BookstoreSettings.spool_dir={tmp_path / 'spool'}",
    )


def test_without_a_verb_the_verbs_are_listed(run: Run) -> None:
    outcome = run()
    assert outcome.code == 0
    assert "doctor     Check the configuration" in outcome.out


def test_an_unknown_verb_is_a_usage_error(run: Run) -> None:
    outcome = run("docter")
    assert (outcome.code, outcome.out) == (2, "")
    assert "Unknown verb 'docter'. Did you mean doctor?" in outcome.err


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("--json", "Options of a verb come after it."),
        ("-x", "Options of a verb come after it."),
        ("--hlep", "Did you mean --help?"),
    ],
)
def test_an_unknown_option_before_a_verb_is_a_usage_error(
    run: Run, word: str, sentence: str
) -> None:
    outcome = run(word, "status")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"Unknown option '{word}'. {sentence}" in outcome.err


@pytest.mark.parametrize("verb", ["doctor", "init", "status"])
def test_an_extra_argument_is_a_usage_error(run: Run, verb: str) -> None:
    outcome = run(verb, "everything")
    assert outcome.code == 2
    usage = f"Usage: jupyter bookstore {verb}"
    assert f"Unexpected argument 'everything'. {usage}" in outcome.err


ODD_OPTIONS = ["--jso", "--jso=1", "-x", "-1", "--foo", "--foo=a.b", "-x.y"]


@pytest.mark.parametrize("word", ODD_OPTIONS)
def test_an_unknown_option_is_a_usage_error(run: Run, word: str) -> None:
    outcome = run("status", word, "value")
    assert outcome.code == 2
    assert f"Unknown option {word!r}" in outcome.err


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("--BookstoreSettings.workspce_prefix=x", "BookstoreSettings.workspace_prefix"),
        ("--BookstoreSetings.s3_bucket=x", "BookstoreSettings.s3_bucket"),
        ("--Verb.as_jsno=1", "Verb.as_json"),
    ],
)
def test_a_misspelt_setting_of_ours_is_an_unknown_option(
    run: Run, word: str, meant: str
) -> None:
    outcome = run("status", word)
    assert outcome.code == 2
    assert f"Unknown option '{word}'. Did you mean --{meant}?" in outcome.err


@pytest.mark.parametrize(
    "word",
    ["--ServerApp.root_dir=/x", "--NotebookApp.notebook_dir=/x", "--Other.trait=1"],
)
def test_settings_of_other_programs_are_taken(
    run: Run, local: tuple[str, ...], word: str
) -> None:
    outcome = run("status", word, *local)
    assert (outcome.code, outcome.err) == (0, "")


def test_arguments_may_stand_before_and_after_options(run: Run) -> None:
    outcome = run("status", "--log-level", "30", "--json", "one", "--debug", "two")
    assert outcome.code == 2
    assert "Unexpected argument 'one'" in outcome.err
    error = run("status", "--", "--log-level").err
    assert "Unexpected argument '--log-level'" in error


def test_a_known_option_without_its_value_is_a_usage_error(run: Run) -> None:
    outcome = run("status", "--json", "--log-level")
    assert outcome.code == 2
    assert "Option --log-level requires a value" in outcome.err
    assert run("status", "--log-level", "--json").code == 2


def test_doctor_shows_what_to_set_if_no_store_is_configured(run: Run) -> None:
    outcome = run("doctor")
    assert outcome.code == 1
    assert "Set BookstoreSettings.s3_bucket" in outcome.out


def test_doctor_finds_nothing_after_init(run: Run, local: tuple[str, ...]) -> None:
    assert run("init", *local).code == 0
    outcome = run("doctor", *local)
    assert outcome.code == 0, outcome.out
    assert outcome.out.endswith("All is well.\n")


def test_ctrl_c_before_the_verb_begins_is_no_traceback(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "jupyter_config.py").write_text("raise KeyboardInterrupt")
    outcome = run("status")
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "")


def test_init_lists_what_it_created(
    run: Run, local: tuple[str, ...], tmp_path: Path
) -> None:
    outcome = run("init", *local)
    assert str(tmp_path / "store") in outcome.out
    assert (tmp_path / "store").is_dir()


def test_init_without_a_store_is_a_configuration_error(run: Run) -> None:
    outcome = run("init")
    assert outcome.code == 3
    assert outcome.err.startswith("jupyter bookstore: No store is configured.")


def test_doctor_reports_a_misspelt_setting(
    run: Run, local: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir()
    line = "c.BookstoreSettings.s3_bukcet = 'x'"
    (tmp_path / "config" / "jupyter_config.py").write_text(line)
    outcome = run("doctor", *local)
    assert outcome.code == 1
    assert "Did you mean s3_bucket?" in outcome.out


def test_doctor_reports_a_config_file_that_cannot_be_read(
    run: Run, local: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "jupyter_notebook_config.py").write_text("1/0")
    outcome = run("doctor", *local)
    assert outcome.code == 1
    assert "ZeroDivisionError" in outcome.out


def test_doctor_reports_a_wrong_value(run: Run) -> None:
    outcome = run("doctor", "--BookstoreSettings.storage=tape")
    assert outcome.code == 1
    assert "storage" in outcome.out


def test_doctor_answers_in_json(run: Run, local: tuple[str, ...]) -> None:
    run("init", *local)
    findings = json.loads(run("doctor", "--json", *local).out)
    assert all(finding["ok"] for finding in findings)


def test_doctor_reports_a_store_that_is_down(run: Run, tmp_path: Path) -> None:
    outcome = run(
        "doctor",
        "--BookstoreSettings.s3_bucket=b",
        "--BookstoreSettings.s3_endpoint_url=http://127.0.0.1:9",
        "--BookstoreSettings.s3_access_key_id=a",
        "--BookstoreSettings.s3_secret_access_key=hunter2hunter2",
        f"--BookstoreSettings.spool_dir={tmp_path / 'spool'}",
    )
    assert outcome.code == 1
    assert "http://127.0.0.1:9" in outcome.out
    assert "hunter2" not in outcome.out + outcome.err


def test_doctor_reports_a_spool_that_cannot_be_made(
    run: Run, local: tuple[str, ...], tmp_path: Path
) -> None:
    run("init", *local)
    (tmp_path / "spool").write_text("a file")
    outcome = run("doctor", *local)
    assert outcome.code == 1
    assert "cannot be made" in outcome.out


def test_help_of_a_verb_describes_it(run: Run) -> None:
    outcome = run("doctor", "--help")
    assert outcome.code == 0
    assert "Check the configuration" in outcome.out


def test_every_error_has_an_exit_code() -> None:
    def walk(cls: type[errors.BookstoreError]) -> Iterator[type[errors.BookstoreError]]:
        yield cls
        for sub in cls.__subclasses__():
            yield from walk(sub)

    codes = {cls.__name__: exit_code(cls("x")) for cls in walk(errors.BookstoreError)}
    assert codes["StorageUnavailableError"] == 7
    assert codes["VersionNotFoundError"] == 4
    assert all(1 <= code <= 9 for code in codes.values())


def test_a_help_whose_reader_has_gone_ends_without_a_traceback() -> None:
    script = "from bookstore_core.cli.command import main; main()"
    ours, theirs = os.pipe()
    os.close(ours)
    with open(theirs, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-c", script, "init", "--help"],
            stdout=pipe,
            stderr=subprocess.PIPE,
        )
    assert done.stderr == b""
    assert done.returncode == 1


def test_closed_streams_are_open_for_what_a_command_starts() -> None:
    script = (
        "from bookstore_core.cli.command import _open_closed_streams as open_them; "
        "import os, sys; open_them(); "
        "assert all(map(os.get_inheritable, range(3))); "
        "assert None not in (sys.stdin, sys.stdout, sys.stderr)"
    )
    closed = 'exec "$@" <&- >&- 2>&-'
    python = [sys.executable, "-c", script]
    done = subprocess.run(["/bin/sh", "-c", closed, "sh", *python])
    assert done.returncode == 0


def test_all_examples_of_a_help_begin_in_one_column(run: Run) -> None:
    lines = run("prune", "--help").out.partition("Examples")[2].splitlines()
    examples = [line for line in lines if "jupyter bookstore prune" in line]
    assert len(examples) == 2
    assert all(line.startswith("    jupyter") for line in examples)
