"""The command that runs a notebook again, as people copy it."""

import shlex
from collections.abc import Mapping
from typing import Any

from bookstore_core.history.shelves import WORKSPACE, Shelf
from bookstore_core.runs.words import say_value

#: Characters of the parameters in a command. More are given in a file.
MOST_GIVEN = 20_000


def command_of(shelf: Shelf, path: str, version: str, given: str = "") -> str:
    """Return the command that runs a version, for a shell in the server's directory.

    `given` are its parameters, as `given_of` returns them.
    """
    name = path if shelf == WORKSPACE else f"bookstore://{shelf.name}/{path}"
    if name.startswith("-"):
        name = f"./{name}"
    words = [shlex.quote(word) for word in (name, version) if word]
    return " ".join(["jupyter bookstore run", *words, *([given] if given else [])])


def given_of(parameters: Mapping[str, Any]) -> str:
    """Return the words that give parameters to the command.

    Empty if they are too long, or a name has characters that cannot be copied.
    """
    if not all(name.isprintable() for name in parameters):
        return ""
    words = [
        f"-p {shlex.quote(name)} {shlex.quote(say_value(value))}"
        for name, value in parameters.items()
    ]
    given = " ".join(words)
    return given if len(given) <= MOST_GIVEN else ""
