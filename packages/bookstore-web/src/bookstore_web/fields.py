"""Strict parsing of JSON and of text fields."""

import math
from collections.abc import Mapping
from typing import Any, NoReturn

from bookstore_core.errors import InvalidRequestError, TooLargeError
from bookstore_core.untrusted.bounds import load_json


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value


#: Options of `json.loads` that refuse numbers that JSON does not define.
STRICT_NUMBERS: dict[str, Any] = {
    "parse_constant": _refuse_constant,
    "parse_float": _finite_float,
}


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`.

    Raises InvalidRequestError if it is not an object in UTF-8, and for NaN, infinities,
    and names that are used twice; TooLargeError if it has too many values.
    """
    if not body.strip():
        raise InvalidRequestError("The body is empty. Send a JSON object.")
    try:
        value = load_json(body, object_pairs_hook=_object_of, **STRICT_NUMBERS)
    except TooLargeError as error:
        raise TooLargeError(f"The body is too large. {error}") from None
    except UnicodeDecodeError as error:
        raise InvalidRequestError(
            f"The body is not UTF-8, at byte {error.start}."
        ) from None
    except ValueError as error:
        raise InvalidRequestError(f"The body is not JSON: {error}.") from None
    except RecursionError:
        raise InvalidRequestError("The body is nested too deeply.") from None
    if not isinstance(value, dict):
        raise InvalidRequestError("The body must be a JSON object.")
    return value


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has {twice!r} twice")
    return value


def text_field(fields: Mapping[str, Any], name: str) -> str:
    """Return the text of a required field, which must not be empty."""
    value = optional_field(fields, name)
    if not value:
        raise InvalidRequestError(f"{name} is missing or empty.")
    return value


def optional_field(fields: Mapping[str, Any], name: str) -> str:
    """Return the text of a field; empty if it is missing or null."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidRequestError(f"{name} must be text.")
    if "\0" in value:
        raise InvalidRequestError(f"{name} contains a NUL character.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidRequestError(f"{name} cannot be written as UTF-8.") from None
    return value
