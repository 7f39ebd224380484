"""Runs in words, and the command that runs one again."""

import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from bookstore_core.history.shelves import PUBLISHED, WORKSPACE
from bookstore_core.runs.again import command_of, given_of
from bookstore_core.runs.run import Run
from bookstore_core.runs.words import (
    differing,
    say_parameters,
    say_run,
    say_seconds,
    say_value,
)

AT = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        *((0, "0.0 s"), (3.24, "3.2 s"), (9.96, "10 s"), (119.2, "119 s")),
        *((119.6, "2 min"), (7199, "2 h"), (7500, "2 h 5 min")),
    ],
)
def test_a_length_of_time_is_short(seconds: float, said: str) -> None:
    assert say_seconds(seconds) == said


def test_a_run_is_said_on_one_line() -> None:
    run = Run("workspace/a", "v", AT, 12.3, parameters={"month": 6, "region": "north"})
    assert say_run(run) == "completed in 12 s, month=6, region=north"
    failed = Run("workspace/a", "v", AT, 3, outcome="failed", error="E: a\nb")
    assert say_run(failed) == r"failed after 3.0 s: E: a\nb"


@pytest.mark.parametrize(
    "value",
    [
        *(
            6,
            6.5,
            1e300,
            True,
            None,
            "north",
            "6",
            "true",
            "on",
            "",
            " x",
            "x ",
            "a: b",
        ),
        *("a #b", "# x", "it's", '"', "line\nbreak", "-", "~", "null", "2026-01-01"),
        *(
            "s3://b/x.csv",
            "Ünïcode",
            "数据",
            "a,b",
            "1e3",
            "0x1F",
            "@x",
            "a:",
            [1, [2]],
        ),
        *({"a": {"b": [None]}}, {}, []),
    ],
)
def test_yaml_reads_a_value_as_what_it_was(value: Any) -> None:
    assert yaml.safe_load(say_value(value)) == value


def test_parameters_are_cut_to_one_line() -> None:
    line = say_parameters({f"name{number}": "x" * 30 for number in range(10_000)})
    assert len(line) <= 120
    assert line.endswith("…")
    assert say_parameters({}, cut=True) == "many parameters"


def test_values_of_other_types_differ() -> None:
    base, remote = {"a": 1, "b": True, "c": "1"}, {"a": 1.0, "b": 1, "d": None}
    found = [(each.name, each.base, each.remote) for each in differing(base, remote)]
    assert found == [
        ("a", "1", "1.0"),
        ("b", "true", "1"),
        ("d", None, "null"),
        ("c", '"1"', None),
    ]


@pytest.mark.parametrize("name", ["a b.ipynb", "it's $HOME `id`.ipynb", "-x.ipynb"])
def test_a_shell_reads_the_command_as_it_was_meant(name: str) -> None:
    given = given_of({"text": "$(id) 'x'", "n": "5", "more": ["\\", "\t\u202e"]})
    command = command_of(WORKSPACE, name, "@1; ls", given)
    assert command.isprintable()
    script = command.replace("jupyter bookstore run", "printf '%s\\0'", 1)
    shown = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    words = shown.stdout.decode().split("\0")[:-1]
    options = ["-p", "text", "$(id) 'x'", "-r", "n", "5", "-y"]
    assert [word for word in words if word in options] == options
    assert words[-3:-1] == ["--", name] if name[0] == "-" else words[0] == name
    (yamled,) = [word for word in words if word.startswith("{")]
    assert yaml.safe_load(yamled) == {"more": ["\\", "\t\u202e"]}


def test_a_published_notebook_is_named_by_its_shelf() -> None:
    command = command_of(PUBLISHED, "ben/june.ipynb", "3sL4")
    assert command == "jupyter bookstore run --shelf=published ben/june.ipynb 3sL4"


@pytest.mark.parametrize("odd", [{"a\nb": 1}, {"-x": 1}, {"x": "y" * 30_000}])
def test_parameters_that_cannot_be_copied_are_in_no_command(odd: Any) -> None:
    assert given_of(odd) == ""
