"""The record of a run in the metadata of its version."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bookstore_core.errors import InvalidRequestError
from bookstore_core.runs.run import FAILED, MAX_RUN, Run, run_in

STARTED = datetime(2026, 11, 26, 18, 40, tzinfo=UTC)
RUN = Run("workspace/ü.ipynb", "v1", STARTED, 12.3, parameters={"month": 6})
FORM = {
    "of": "workspace/ü.ipynb",
    "version": "v1",
    "parameters": {"month": 6},
    "started": "2026-11-26T18:40:00Z",
    "seconds": 12.3,
    "outcome": "completed",
}


def test_a_run_is_compact_json() -> None:
    expected = json.dumps(FORM, ensure_ascii=False, separators=(",", ":"))
    assert RUN.dumps() == expected
    assert Run.loads(RUN.dumps()) == RUN


def test_a_failed_run_has_the_beginning_of_its_error() -> None:
    failed = replace(RUN, outcome=FAILED, error="ZeroDivisionError: " + "x" * 999)
    known = Run.loads(failed.dumps())
    assert (known.outcome, len(known.error)) == (FAILED, 150)
    assert known.error.startswith("ZeroDivisionError: x")


def test_the_error_of_a_run_has_no_colours() -> None:
    failed = replace(RUN, outcome=FAILED, error="E: \x1b[0;31mred\x1b[0m \x1b[31")
    assert Run.loads(failed.dumps()).error == "E: red \x1b[31"


def test_parameters_that_do_not_fit_are_left_out_and_the_run_says_so() -> None:
    known = Run.loads(replace(RUN, parameters={"long": "x" * 900}).dumps())
    assert (known.cut, known.parameters, known.of) == (True, {}, RUN.of)


@pytest.mark.parametrize("letter", ["x", "ü", "数", "🙂", "\ud800"])
def test_a_run_is_never_longer_than_its_limit(letter: str) -> None:
    long = replace(
        *(RUN,),
        of="workspace/" + letter * 900,
        parameters={letter: letter * 900},
        error=letter * 900,
    )
    assert len(long.dumps().encode()) <= MAX_RUN
    assert Run.loads(long.dumps()).version == "v1"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (1e300, 1e300),
        (b"x", "b'x'"),
        ((1, None, True), [1, None, True]),
        ({1: {"a": [STARTED]}}, {"1": {"a": [str(STARTED)]}}),
        ("a\ud800", "a\ufffd"),
    ],
)
def test_a_parameter_that_json_does_not_have_is_a_text(value: Any, kept: Any) -> None:
    run = replace(RUN, parameters={"p": value})
    assert Run.loads(run.dumps()).parameters == {"p": kept}
    assert Run.loads(run.dumps()) == run.fitting()


def test_a_number_of_thousands_of_digits_and_endless_lists_are_kept_as_texts() -> None:
    endless: list[Any] = []
    endless.append(endless)
    run = replace(RUN, parameters={"n": 10**5000, "l": endless})
    assert len(run.dumps().encode()) <= MAX_RUN


WRONG = [
    *("", "{", "[]", "null", "1", '"x"', "{}", "[" * 9000),
    *(json.dumps({**FORM, "seconds": value}) for value in (-1, "x", None, True, 1e99)),
    *(json.dumps({**FORM, "outcome": value}) for value in ("done", None, [])),
    *(json.dumps({**FORM, "started": value}) for value in (1, "x", "0001-01-01", None)),
    *(json.dumps({**FORM, "parameters": value}) for value in ([], "x", 1, None)),
    *(json.dumps({**FORM, "of": value}) for value in (1, None, [])),
    json.dumps({**FORM, "parameters": {"x": float("nan")}}),
    json.dumps({**FORM, "more": "x" * 9000}),
]


@pytest.mark.parametrize("text", WRONG)
def test_anything_else_is_no_run(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="no record of a run"):
        Run.loads(text)
    assert run_in(text) is None


def test_members_of_a_later_release_are_ignored() -> None:
    assert run_in(json.dumps({**FORM, "more": 1})) == RUN
