"""Runs in words: how they ended, and with which parameters.

Others may have written what a run records. All that is returned here can be shown: on
one line, without control characters and lone surrogates.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bookstore_core.paths import printable, well_formed
from bookstore_core.runs.run import COMPLETED, Run

#: Characters of a name, or of a value, that are shown of it.
MOST_CHARACTERS = 200
#: Characters of all parameters together, on one line.
MOST_OF_LINE = 120

#: A text that is read as a text when it stands there without quotes.
_PLAIN = re.compile(r"[^\W\d][\w./:@ +-]*")
_WORDS = {"true", "false", "null", "none", "yes", "no", "on", "off", "y", "n", "nan"}


@dataclass(frozen=True)
class Parameter:
    """A parameter in words."""

    name: str
    value: str


@dataclass(frozen=True)
class DifferingParameter:
    """A parameter that two runs do not share: a value is None where there is none."""

    name: str
    base: str | None
    remote: str | None


def say_run(run: Run) -> str:
    """Return a run on one line: ``completed in 12 s, month=6``."""
    error = f": {say_error(run)}" if run.error else ""
    given = say_parameters(run.parameters, cut=run.cut)
    return f"{say_outcome(run)}{error}{', ' if given else ''}{given}"


def say_outcome(run: Run) -> str:
    """Return how a run ended: ``completed in 12 s``."""
    how = "completed in" if run.outcome == COMPLETED else "failed after"
    return f"{how} {say_seconds(run.seconds)}"


def say_error(run: Run) -> str:
    """Return the error of a run on one line; empty if there is none."""
    return one_line(run.error)


def say_seconds(seconds: float) -> str:
    """Return a length of time in short: ``0.4 s``, ``45 s``, ``12 min``, ``2 h``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def say_parameters(parameters: Mapping[str, Any], *, cut: bool = False) -> str:
    """Return parameters on one line: ``month=6, region=north``; empty if none.

    `cut` says that others were left out of the record.
    """
    said, length = list[str](), 0
    for known in words_of(parameters):
        said.append(f"{known.name}={known.value}")
        length += len(said[-1]) + 2
        if length > MOST_OF_LINE:
            break
    line = ", ".join(said)
    if len(line) > MOST_OF_LINE or len(said) < len(parameters):
        line = f"{line[: MOST_OF_LINE - 1].rstrip(', ')}…"
    return (line or "many parameters") if cut else line


def words_of(parameters: Mapping[str, Any]) -> Iterator[Parameter]:
    """Yield parameters in words, in their order."""
    for name, value in parameters.items():
        yield Parameter(shortened(one_line(name)), shortened(say_value(value)))


def differing(
    base: Mapping[str, Any], remote: Mapping[str, Any]
) -> tuple[DifferingParameter, ...]:
    """Return the parameters that differ, in the order of the second mapping."""
    names = [*remote, *(name for name in base if name not in remote)]
    return tuple(
        DifferingParameter(
            shortened(one_line(name)), _side(base, name), _side(remote, name)
        )
        for name in names
        if name not in base or name not in remote or _differ(base[name], remote[name])
    )


def say_value(value: object) -> str:
    """Return a value as JSON on one line, and a text without quotes where it is plain.

    YAML reads it as the value that it was.
    """
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        plain = value.rstrip() == value and ": " not in value and value[-1] != ":"
        if plain and value.lower() not in _WORDS:
            return one_line(value)
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and "." not in text:
        text = text.replace("e", ".0e")  # else YAML reads a text
    return one_line(text)


def one_line(text: str) -> str:
    """Return a text with what is not printable escaped."""
    return printable(well_formed(text))


def shortened(text: str) -> str:
    """Return a text that is cut where it is too long to be shown."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def _side(parameters: Mapping[str, Any], name: str) -> str | None:
    return shortened(say_value(parameters[name])) if name in parameters else None


def _differ(base: object, remote: object) -> bool:
    """Return whether two values of JSON differ; 1, 1.0 and true are three values."""
    return json.dumps(base, sort_keys=True) != json.dumps(remote, sort_keys=True)
