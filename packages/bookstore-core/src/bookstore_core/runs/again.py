"""The command that runs a notebook again, as people copy it."""

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from bookstore_core.history.shelves import WORKSPACE, Shelf
from bookstore_core.runs.words import one_line

#: Characters of the parameters in a command. More are given in a file.
MOST_GIVEN = 20_000

#: The names that the command takes.
_NAME = re.compile(r"[^\W\d][\w.]*")


def command_of(shelf: Shelf, path: str, version: str, given: str = "") -> str:
    """Return the command that runs a version, for a shell in the server's directory.

    `given` are its parameters, as `given_of` returns them.
    """
    words = ["jupyter bookstore run"]
    words += [] if shelf == WORKSPACE else [f"--shelf={shelf.name}"]
    names = [word for word in (path, version) if word]
    quoted = [shlex.quote(name) for name in names]
    if any(name.startswith("-") for name in names):
        return " ".join([*words, *filter(None, [given]), "--", *quoted])
    return " ".join([*words, *quoted, *filter(None, [given])])


def given_of(parameters: Mapping[str, Any]) -> str:
    """Return the words that give parameters to the command.

    Empty if they are too long, or one has a name that no command takes.
    """
    if not all(_NAME.fullmatch(name) for name in parameters):
        return ""
    plain, others = list[str](), dict[str, Any]()
    for name, value in parameters.items():
        option = _option(value)
        if option:
            plain.append(f"{option} {name} {shlex.quote(str(value))}")
        else:
            others[name] = value
    if others:
        text = one_line(json.dumps(others, ensure_ascii=False))
        plain.append(f"-y {shlex.quote(text)}")
    given = " ".join(plain)
    return given if len(given) <= MOST_GIVEN else ""


def _option(value: object) -> str:
    """Return the option that gives a value: -p, or -r for what reads as no text.

    Empty for values that are given in YAML.
    """
    if value is None or isinstance(value, bool | int | float):
        return "-p"
    if not isinstance(value, str) or not value.isprintable():
        return ""
    return "-r" if value in ("True", "False", "None") or _is_number(value) else "-p"


def _is_number(text: str) -> bool:
    for kind in (int, float):
        try:
            kind(text)
        except ValueError:
            continue
        return True
    return False
