"""Parameters of a run, as papermill's command line takes them."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bookstore_core.disk.regular import open_regular
from bookstore_core.errors import (
    InvalidRequestError,
    NotFoundError,
    TooLargeError,
)
from bookstore_core.paths import printable

#: The most bytes of a file of parameters.
MAX_FILE = 1 << 20

#: Options as papermill has them, and how many words follow each.
_OPTIONS = {
    **dict.fromkeys(("-p", "--parameters"), ("typed", 2)),
    **dict.fromkeys(("-r", "--parameters_raw", "--parameters-raw"), ("raw", 2)),
    **dict.fromkeys(("-f", "--parameters_file", "--parameters-file"), ("file", 1)),
    **dict.fromkeys(("-y", "--parameters_yaml", "--parameters-yaml"), ("yaml", 1)),
}
#: Names in the languages that papermill knows.
_NAME = re.compile(r"[^\W\d][\w.]*")
_WORDS = {"True": True, "False": False, "None": None}


@dataclass
class Given:
    """The parameters of a command line, and the other words of it."""

    words: list[str] = field(default_factory=list)
    options: list[tuple[str, list[str]]] = field(default_factory=list)

    @classmethod
    def of(cls, argv: Iterable[str]) -> "Given":
        """Sort a command line; raises InvalidRequestError if a word is missing."""
        given, waiting = cls(), iter(argv)
        for word in waiting:
            if word == "--":
                given.words += [word, *waiting]
                break
            name, values = _option(word)
            if name not in _OPTIONS:
                given.words.append(word)
                continue
            kind, count = _OPTIONS[name]
            values += _next(waiting, count - len(values))
            if len(values) < count:
                what = "a name and a value" if count == 2 else "a value"
                raise InvalidRequestError(f"Option {name} requires {what}.")
            given.options.append((kind, values))
        return given

    def parameters(self) -> dict[str, Any]:
        """Return the parameters: those of files, then YAML, then single ones.

        Raises NotFoundError for a file that is not there, and InvalidRequestError for
        names and values that no parameter can have.
        """
        found: dict[str, Any] = {}
        for kind in ("file", "yaml", "typed", "raw"):
            for values in (known for name, known in self.options if name == kind):
                found |= _READ[kind](*values)
        for name, value in found.items():
            _check(name, value)
        return found


def _option(word: str) -> tuple[str, list[str]]:
    """Return the name of an option, and its first value if the same word has it.

    ``-px``, ``-p=x``, ``--p=x`` and ``--parameters=x`` have it.
    """
    name, equals, value = word.partition("=")
    if name[:2] == "--" and name[1:] in _OPTIONS:
        name = name[1:]
    if name not in _OPTIONS and name[:2] in _OPTIONS:
        return name[:2], [word[2:]]
    return name, [value] if equals else []


def _next(words: Iterator[str], count: int) -> list[str]:
    return [word for _, word in zip(range(count), words, strict=False)]


def _typed(name: str, value: str) -> dict[str, Any]:
    """Return a value with its type, as papermill does."""
    if value in _WORDS:
        return {name: _WORDS[value]}
    for kind in (int, float):
        try:
            return {name: kind(value)}
        except ValueError:
            continue
    return {name: value}


def _in_file(name: str) -> dict[str, Any]:
    try:
        with open(open_regular(name), "rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise NotFoundError(f"{printable(name)} cannot be read: {reason}.") from None
    if len(data) > MAX_FILE:
        raise TooLargeError(f"{printable(name)} is over {MAX_FILE} bytes.")
    return _in_yaml(data, printable(name))


def _in_yaml(text: str | bytes, what: str = "The YAML") -> dict[str, Any]:
    """Return the parameters in a text; times stay texts, as papermill has them."""
    import yaml
    from papermill.iorw import NoDatesSafeLoader

    try:
        found = yaml.load(text, Loader=NoDatesSafeLoader)  # noqa: S506  # it is safe
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InvalidRequestError(f"{what} is not valid YAML: {reason}") from None
    if not isinstance(found, dict | None):
        raise InvalidRequestError(
            f"{what} has no parameters. Write a line for each: name: value"
        )
    return {str(name): value for name, value in (found or {}).items()}


_READ: dict[str, Callable[..., dict[str, Any]]] = {
    "file": _in_file,
    "yaml": _in_yaml,
    "typed": _typed,
    "raw": lambda name, value: {name: value},
}


def _check(name: str, value: object) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidRequestError(
            f"{printable(name)!r} is no name of a parameter. Use letters, digits and _."
        )
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        raise InvalidRequestError(
            f"The value of {name} is none that a notebook can keep. Use numbers, "
            "texts, lists and mappings; with -r it is a text."
        ) from None


def is_parameterized(cells: Iterable[Any]) -> bool:
    """Return whether a cell has papermill's tag for parameters."""
    for cell in cells:
        metadata = cell.get("metadata")
        tags = metadata.get("tags") if isinstance(metadata, dict) else None
        if isinstance(tags, list) and "parameters" in tags:
            return True
    return False
