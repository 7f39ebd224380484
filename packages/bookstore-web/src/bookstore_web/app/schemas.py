"""Schemas of requests and answers, for parsing, serialising and describing them.

`openapi` describes the API with the same schemas that parse requests and serialise
answers, so the description always matches.
"""

from collections.abc import Collection, Mapping
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
    "The id of a version, or @0 for the newest, @1 for the previous one and so on, or "
    "a label."
)

TARGET = (
    "The folder for the copy, or its full path. Empty: the top folder, under the "
    "original name."
)

MISSING: dict[str, Any] = {"required": "is missing or empty."}


class Text(fields.String):
    """UTF-8 text without NUL characters; not empty if it is required."""

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
    """A whole number between two bounds, written in ASCII digits."""

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
        # int() accepts spaces, underscores and the digits of all scripts.
        if not (isinstance(value, str) and value.isascii() and value.isdecimal()):
            raise self.make_error("invalid")
        try:
            return int(value)
        except ValueError:  # thousands of digits
            raise self.make_error("invalid") from None


class Flag(fields.Integer):
    """A switch in a query: 1 for on; 0 or missing for off."""

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
    """One of a few words; the first one by default."""

    def __init__(self, text: str, *, words: tuple[str, ...]) -> None:
        super().__init__(
            text,
            load_default=words[0],
            validate=validate.OneOf(words, error=f"must be {' or '.join(words)}."),
        )


class Request(Schema):
    """Fields of a query or of a body. Other fields are ignored."""

    class Meta:
        """Ignore unknown fields: a query may have a token, a form other fields."""

        unknown = EXCLUDE


def parse(schema: Request, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that `schema` loads; null counts as missing.

    Raises InvalidRequestError, which names the first invalid field.
    """
    try:
        present = {name: value for name, value in given.items() if value is not None}
        loaded: dict[str, Any] = schema.load(present)
    except ValidationError as error:
        messages = error.messages_dict
        name, problems = next(iter(messages.items()))
        raise InvalidRequestError(f"{name} {problems[0]}") from None
    return loaded


class Error(Schema):
    """The body of every error."""

    message = fields.String(
        required=True, metadata={"description": "A sentence for people."}
    )
    error = fields.String(
        required=True, metadata={"description": "The name of the error."}
    )


class ContentsModel(Schema):
    """A model of the notebook server's contents API, without its content."""

    class Meta:
        """Include the members that only the server knows."""

        unknown = INCLUDE

    name = fields.String()
    path = fields.String(required=True)
    type = fields.String()

    @post_dump(pass_original=True)
    def _keep_the_rest(
        self, dumped: dict[str, Any], original: Mapping[str, Any], **_: Any
    ) -> dict[str, Any]:
        """Keep the server's other members unchanged."""
        return {**original, **dumped}


#: Fields for the plain types in our dataclasses.
PLAIN: Mapping[Any, type[fields.Field[Any]]] = {
    bool: fields.Boolean,
    int: fields.Integer,
    float: fields.Float,
    str: fields.String,
    datetime: fields.DateTime,
}


def schema_of(
    kind: type, *, without: Collection[str] = (), **more: fields.Field[Any]
) -> type[Schema]:
    """Return a schema with the fields of a dataclass, and `more` fields."""
    hints = get_type_hints(kind)
    names = [f.name for f in dataclass_fields(kind) if f.name not in without]
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
        (present,) = (known for known in inner if known is not type(None))
        return _field_of(present, allow_none=True, **options)
    if is_dataclass(hint) and isinstance(hint, type):
        return fields.Nested(_nested(hint), **options)
    return PLAIN.get(hint, fields.Raw)(**options)


@cache
def _nested(kind: type) -> type[Schema]:
    return schema_of(kind)


class CloneFields(Request):
    """What to clone from the store, and where to."""

    s3_bucket = Text("The store's bucket, or one of clone_buckets.", required=True)
    s3_key = Text("The key of a file.", required=True)
    s3_version_id = Text("The id of a version. Empty: the newest.")
    target_path = Text(TARGET)


def shelf_field() -> OneOf:
    """Return the field that names a shelf; the workspace by default."""
    return OneOf("The name of the shelf.", words=tuple(sorted(SHELVES, reverse=True)))


VersionSchema = schema_of(VersionRecord)
