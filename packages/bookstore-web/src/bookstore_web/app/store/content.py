"""/api/bookstore/store/content: PUT makes a version, GET reads one."""

from collections.abc import Iterator

from flask import Blueprint, Response

from bookstore_core.errors import InvalidRequestError
from bookstore_core.stores import OpenVersion
from bookstore_core.stores.service.forms import FIELDS_HEADER, Form, pack
from bookstore_web.app.services import services
from bookstore_web.app.store.asked import asked_in_header
from bookstore_web.app.store.saves import CHUNK, check_type, receive, recorded
from bookstore_web.fields import text_field

blueprint = Blueprint("content", __name__)


@blueprint.put("/content")
def put() -> Form:
    """Make a version of the body; return it. Nothing is stored if anything is wrong."""
    now = services().clock()
    # Read first: a worker that closes a connection on which is sent looks broken.
    with receive(services().settings.max_notebook_size) as received:
        asked = asked_in_header()
        metadata = recorded(
            asked.fields.get("metadata"),
            author=asked.user,
            sha256=received.sha256,
            now=now,
        )
        key = asked.key
        if metadata.moved_from and not asked.shelves.is_workspace(key):
            raise InvalidRequestError("Only notebooks of a workspace are moved.")
        version = asked.store.put(
            key,
            received.stream,
            size=received.size,
            metadata=asked.shelves.metadata(metadata),
            content_type=check_type(text_field(asked.fields, "content_type")),
        )
        services().changed(version.key)
        return asked.answer(version)


@blueprint.get("/content")
def open_content() -> Response:
    """Return the content of a version, and its form in a header."""
    asked = asked_in_header()
    opened = asked.store.open(
        asked.key, asked.optional("version_id"), bucket=asked.bucket
    )
    response = Response(_pieces(opened), mimetype="application/octet-stream")
    response.content_length = opened.version.size
    response.headers[FIELDS_HEADER] = pack(asked.answer(opened.version))
    response.call_on_close(opened.body.close)
    return response


def _pieces(opened: OpenVersion) -> Iterator[bytes]:
    # If this raises, the connection is closed, and the client sees that it was cut off.
    while piece := opened.body.read(CHUNK):
        yield piece
