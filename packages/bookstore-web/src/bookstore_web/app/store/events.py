"""POST /api/bookstore/events: what S3 says was stored or removed, for the catalogue."""

import hmac
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from flask import Blueprint, request
from marshmallow import Schema, fields

from bookstore_core.errors import (
    InvalidRequestError,
    LoginRequiredError,
    NotFoundError,
    TooLargeError,
)
from bookstore_core.history import SHELVES
from bookstore_core.paths import is_own
from bookstore_core.settings import BookstoreSettings
from bookstore_web.app.bodies import read_body
from bookstore_web.app.operations import operation
from bookstore_web.app.services import services_of_all
from bookstore_web.fields import parse_object, text_field

blueprint = Blueprint("events", __name__, url_prefix="/api/bookstore")

#: Events in a request, and its bytes.
MOST_EVENTS, MAX_BODY = 500, 1024 * 1024


class Events(Schema):
    """A notification of S3, or the event that S3 sends to EventBridge."""

    Records = fields.List(
        fields.Dict(),
        metadata={"description": f"At most {MOST_EVENTS}. Of each its s3 counts."},
    )
    detail = fields.Dict(
        metadata={"description": "EventBridge: an event's bucket and object."}
    )


class Taken(Schema):
    """What is done with the events."""

    taken = fields.Integer(
        required=True,
        metadata={"description": "Events of notebooks on our shelves: they are read."},
    )
    ignored = fields.Integer(
        required=True,
        metadata={"description": "Events of other buckets, and of keys on no shelf."},
    )


@blueprint.post("/events")
@operation(model=Events, answer=Taken, errors=(404,))
def take() -> dict[str, int]:
    """Take the notifications of S3, so that search knows what others have stored.

    `Authorization: Bearer` must have the `events_token` of the settings; without that
    setting, or behind a notebook server, there is no such route. The keys are read from
    the store: nothing else of an event is believed.
    """
    request.max_content_length = MAX_BODY
    known = services_of_all()
    _check_token(known.settings.events_token)
    named = list(_named(parse_object(read_body())))
    ours = [key for bucket, key in named if bucket == known.settings.bucket]
    wanted = [key for key in ours if _is_on_a_shelf(known.settings, key)]
    for key in wanted:
        known.changed(key)
    return {"taken": len(wanted), "ignored": len(named) - len(wanted)}


def _check_token(expected: str) -> None:
    if not expected:
        raise NotFoundError(
            "Events are not taken here. The administrator can set "
            "BookstoreSettings.events_token."
        )
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    given = token.strip().encode("utf-8", "replace")
    is_known = hmac.compare_digest(given, expected.encode())
    if kind.lower() != "bearer" or not is_known:
        raise LoginRequiredError(
            "Send BookstoreSettings.events_token as 'Authorization: Bearer'."
        )


def _named(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the bucket and the key of each event. Raises InvalidRequestError."""
    if body.get("Event") == "s3:TestEvent":  # sent once, when notifications are set up
        return
    if "detail" in body:
        yield _place(_object(body, "detail"))
        return
    records = body.get("Records")
    if not isinstance(records, list):
        raise InvalidRequestError("Records must be a list of events of S3.")
    if len(records) > MOST_EVENTS:
        raise TooLargeError(f"These are over {MOST_EVENTS} events. Send fewer at once.")
    for record in records:
        if not isinstance(record, dict):
            raise InvalidRequestError("Records must be a list of objects.")
        bucket, key = _place(_object(record, "s3"))
        try:
            yield bucket, unquote_plus(key, errors="strict")
        except UnicodeDecodeError:
            raise InvalidRequestError("A key of an object is not UTF-8.") from None


def _place(event: Mapping[str, Any]) -> tuple[str, str]:
    bucket, found = _object(event, "bucket"), _object(event, "object")
    return text_field(bucket, "name"), text_field(found, "key")


def _object(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    if not isinstance(value, dict):
        raise InvalidRequestError(f"An event has no {name!r}, which must be an object.")
    return value


def _is_on_a_shelf(settings: BookstoreSettings, key: str) -> bool:
    for shelf in SHELVES.values():
        prefix = shelf.prefix(settings)
        if prefix and key.startswith(f"{prefix}/"):
            try:
                path = shelf.path(settings, key)
                return not is_own(path) and shelf.key(settings, path) == key
            except InvalidRequestError:
                return False
    return False
