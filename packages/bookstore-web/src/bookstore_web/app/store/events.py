"""POST /api/bookstore/events: what S3 says was stored or removed, for the catalogue."""

import hmac
import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from bookstore_core.errors import (
    InvalidRequestError,
    LoginRequiredError,
    NotFoundError,
    TooLargeError,
)
from bookstore_core.history import SHELVES
from bookstore_core.paths import is_own, printable
from bookstore_core.settings import BookstoreSettings
from bookstore_web.app.bodies import read_body
from bookstore_web.app.operations import operation
from bookstore_web.app.services import services_of_all
from bookstore_web.fields import parse_object, text_field

blueprint = Blueprint("events", __name__, url_prefix="/api/bookstore")

log = logging.getLogger(__name__)

#: What SNS sends: messages, and questions about them.
NOTIFICATION = "Notification"
FROM_SNS = frozenset(
    {NOTIFICATION, "SubscriptionConfirmation", "UnsubscribeConfirmation"}
)

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

    The `events_token` of the settings must be sent, by `Authorization: Bearer`, as the
    password of `Basic`, or as `?token=`; without that setting, or behind a notebook
    server, there is no such route. The keys are read from the store: nothing else of an
    event is believed.
    """
    request.max_content_length = MAX_BODY
    known = services_of_all()
    _check_token(known.settings.events_token)
    taken, named = 0, list(_named(parse_object(read_body())))
    for bucket, keys in named:
        ours = keys if bucket == known.settings.bucket else ()
        wanted = [key for key in ours if _is_on_a_shelf(known.settings, key)]
        for key in wanted:
            known.changed(key)
        taken += bool(wanted)
    return {"taken": taken, "ignored": len(named) - taken}


def _check_token(expected: str) -> None:
    if not expected:
        raise NotFoundError(
            "Events are not taken here. The administrator can set "
            "BookstoreSettings.events_token."
        )
    known = [token.encode("utf-8", "replace") for token in _tokens()]
    if not any(hmac.compare_digest(token, expected.encode()) for token in known):
        raise LoginRequiredError(
            "Send BookstoreSettings.events_token as 'Authorization: Bearer', or as the "
            "password of 'Basic'."
        )


@blueprint.after_request
def ask_for_password(response: Response) -> Response:
    """Ask for a password: SNS sends it only then."""
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="events"'
    return response


def _tokens() -> Iterator[str]:
    """Yield the tokens of the request: senders have different places for one."""
    given = request.authorization
    if given is not None and given.type == "bearer":
        yield (given.token or "").strip()
    elif given is not None and given.type == "basic":
        yield given.password or ""
    yield request.args.get("token", "")


def _named(body: Mapping[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the bucket of each event, and its key. Raises InvalidRequestError.

    S3 and MinIO encode keys as in a URL, and Ceph does not, so both readings of a key
    that has two are meant.
    """
    if body.get("Event") == "s3:TestEvent":  # sent once, when notifications are set up
        return
    if body.get("Type") in FROM_SNS:
        yield from _in_message(body)
        return
    if "detail" in body:
        bucket, key = _place(_object(body, "detail"))
        yield bucket, frozenset((key,))
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
        yield bucket, frozenset((key, _decoded(key)))


def _decoded(key: str) -> str:
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError:
        return key  # it was not encoded


def _in_message(body: Mapping[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what a message of SNS is about. Only the log shows how to confirm it."""
    if body["Type"] == NOTIFICATION:
        message = text_field(body, "Message").encode("utf-8", "replace")
        inner = parse_object(message)
        if inner.get("Type") not in FROM_SNS:
            yield from _named(inner)
        return
    address = printable(text_field(body, "SubscribeURL"))
    log.warning("SNS asks to confirm a subscription to our events. Open %s", address)


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
