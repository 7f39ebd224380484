"""Schemas: a request's fields, or an answer, told once for parsing and describing.

`openapi` makes the description of the API from the same objects that parse what
comes in and lay out what goes out, so that neither can drift from the other.
"""

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from marshmallow import (
    EXCLUDE,
    INCLUDE,
    Schema,
    ValidationError,
    fields,
    post_dump,
    validate,
)

from bookstore_core.errors import InvalidRequestError
from bookstore_core.history import SHELVES
from bookstore_core.history.records import VersionRecord
from bookstore_web.fields import optional_field, text_field

PATH = "The notebook's path on its server."

NAME = (
    "The id of a version, or @0 for the newest, @1 for the one before and so on, or a "
    "label."
)


TARGET = (
    "Where the copy goes; a folder, or a path of its own. Empty: the top folder, "
    "under its own name."
)

MISSING: dict[str, Any] = {"required": "is missing or empty."}


class Text(fields.String):
    """Text without NUL and in UTF-8; not empty where it is required."""

    def __init__(self, text: str, **options: Any) -> None:
        if options.get("required"):
            options.setdefault("validate", validate.Length(min=1))
        else:
            options.setdefault("load_default", "")
        metadata = {"description": text, **options.pop("metadata", {})}
        super().__init__(error_messages=MISSING, metadata=metadata, **options)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> str:
        read = text_field if self.required else optional_field
        return read({attr: value}, attr)


class Count(fields.Integer):
    """A whole number within bounds, written in plain digits."""

    def __init__(self, text: str, *, least: int, most: int, default: int) -> None:
        super().__init__(
            load_default=default,
            validate=validate.Range(
                least, most, error=f"must be between {least} and {most}."
            ),
            error_messages={"invalid": f"must be between {least} and {most}."},
            metadata={"description": text},
        )

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> int:
        # int() takes spaces, underscores and the digits of all scripts.
        if not (isinstance(value, str) and value.isascii() and value.isdecimal()):
            raise self.make_error("invalid")
        try:
            return int(value)
        except ValueError:  # thousands of digits
            raise self.make_error("invalid") from None


class Flag(fields.Integer):
    """A switch in a query: 1 for on; 0, or left out, for off."""

    def __init__(self, text: str) -> None:
        super().__init__(
            load_default=False,
            validate=validate.OneOf([0, 1]),
            metadata={"description": text},
        )

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> bool:
        if value not in ("", "0", "1"):
            raise ValidationError("must be 0 or 1.")
        return bool(value == "1")


class OneOf(Text):
    """One of a few words, the first where it is left out."""

    def __init__(self, text: str, *, words: tuple[str, ...]) -> None:
        super().__init__(
            text,
            load_default=words[0],
            validate=validate.OneOf(words, error=f"must be {' or '.join(words)}."),
        )


class Request(Schema):
    """Fields of a query or of a body. What else is there is left alone."""

    class Meta:
        """A token may be in a query, and a page's own field in a form."""

        unknown = EXCLUDE


def parse(schema: Request, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of `schema` as it reads them; null counts as left out.

    Raises InvalidRequestError that names the first field that is wrong.
    """
    try:
        there = {name: value for name, value in given.items() if value is not None}
        loaded: dict[str, Any] = schema.load(there)
    except ValidationError as error:
        messages = error.messages_dict
        name, problems = next(iter(messages.items()))
        raise InvalidRequestError(f"{name} {problems[0]}") from None
    return loaded


class Error(Schema):
    """What every error is answered with."""

    message = fields.String(
        required=True, metadata={"description": "A sentence for people."}
    )
    error = fields.String(
        required=True, metadata={"description": "The name of its kind."}
    )


class ContentsModel(Schema):
    """A model of the notebook server's contents API, without its content."""

    class Meta:
        """The server has more members than we know of."""

        unknown = INCLUDE

    name = fields.String()
    path = fields.String(required=True)
    type = fields.String()

    @post_dump(pass_original=True)
    def _keep_the_rest(
        self, dumped: dict[str, Any], original: Mapping[str, Any], **_: Any
    ) -> dict[str, Any]:
        """Leave the server's own members as it wrote them."""
        return {**original, **dumped}


#: Fields for the plain types that our dataclasses have.
PLAIN: Mapping[Any, type[fields.Field[Any]]] = {
    bool: fields.Boolean,
    int: fields.Integer,
    float: fields.Float,
    str: fields.String,
    datetime: fields.DateTime,
}


def schema_of(kind: type, **more: fields.Field[Any]) -> type[Schema]:
    """Return a schema of the fields of a dataclass, and of `more` that it answers."""
    hints = get_type_hints(kind)
    names = [field.name for field in dataclass_fields(kind)]
    found = {name: _field_of(hints[name]) for name in names}
    return Schema.from_dict({**found, **more}, name=kind.__name__)


def _field_of(hint: Any, **options: Any) -> fields.Field[Any]:
    options.setdefault("required", True)
    inner = get_args(hint)
    if get_origin(hint) is Literal:
        return fields.String(validate=validate.OneOf(inner), **options)
    if get_origin(hint) is tuple:
        return fields.List(_field_of(inner[0]), **options)
    if type(None) in inner:
        (there,) = (known for known in inner if known is not type(None))
        return _field_of(there, allow_none=True, **options)
    if is_dataclass(hint) and isinstance(hint, type):
        return fields.Nested(_nested(hint), **options)
    return PLAIN.get(hint, fields.Raw)(**options)


@cache
def _nested(kind: type) -> type[Schema]:
    return schema_of(kind)


class CloneFields(Request):
    """What to clone from the store, and where to."""

    s3_bucket = Text("Our bucket, or one of clone_buckets.", required=True)
    s3_key = Text("The key of one file.", required=True)
    s3_version_id = Text("A version of it. Empty: the newest.")
    target_path = Text(TARGET)


def shelf_field() -> OneOf:
    """Return the field that names a shelf; the workspace where it is left out."""
    return OneOf("Which shelf it is on.", words=tuple(sorted(SHELVES, reverse=True)))


VersionSchema = schema_of(VersionRecord)
