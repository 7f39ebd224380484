"""The reader of answers: JSON becomes objects of the classes in `answers.py`."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Answer = TypeVar("Answer")

#: Names of the API, and ours for them.
_OURS = {"versionID": "version_id"}


def read_answer(kind: type[Answer], given: Mapping[str, Any]) -> Answer:
    """Return the JSON object of an answer as one of the classes in `answers.py`.

    Raises ValueError or TypeError for a value that cannot be one.
    """
    known = {_OURS.get(name, name): value for name, value in given.items()}
    hints: dict[str, Any] = _hints_of(kind)  # type: ignore[arg-type]
    return kind(
        **{name: _read(hints[name], known[name]) for name in hints if name in known}
    )


@cache
def _hints_of(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {item.name: hints[item.name] for item in fields(kind)}


def _read(hint: Any, value: Any) -> Any:
    if get_origin(hint) is UnionType:
        if value is None:
            return None
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise TypeError(f"{value!r} is not a list")
        return tuple(_read(get_args(hint)[0], item) for item in value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    if is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, dict):
            raise TypeError(f"{value!r} is not an object")
        return read_answer(hint, value)
    expected = (int, float) if hint is float else get_origin(hint) or hint
    if not isinstance(value, expected):
        raise TypeError(f"{value!r} is not of the type {hint}")
    return value
