"""The document in the frame of the view page; see `rendering/document.py`."""

from html import escape
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, request

from bookstore_core.errors import InvalidRequestError
from bookstore_core.history.shelves import find_shelf
from bookstore_web.app.context import context
from bookstore_web.app.pages.links import shelf_fields
from bookstore_web.app.services import services
from bookstore_web.fields import optional_field, text_field
from bookstore_web.rendering.parts.limits import Portion
from bookstore_web.rendering.policy import with_scripts

blueprint = Blueprint("frame", __name__)


@blueprint.get("/bookstore/view/content")
def view_content() -> Response:
    """Show a version, or a part of it, as a document with its own origin."""
    fields = request.args.to_dict()
    path = text_field(fields, "path")
    name = optional_field(fields, "version_id")
    cell = _index_of("cell", optional_field(fields, "cell"))
    begin = _index_of("from", optional_field(fields, "from"))
    shelf = find_shelf(optional_field(fields, "shelf"))
    row, data = services().history(shelf).read(path, name)
    # The links of the document to its other parts.
    known = {"path": row.path, "version_id": row.version.version_id}
    address = escape(urlencode(known | shelf_fields(shelf)))
    portion = Portion(cell, begin or 0, address)
    document = services().views.document(data, portion=portion, title=row.path)
    document, headers = with_scripts(document, context().base_url)
    response = make_response(document)
    response.headers.update(headers)
    return response


def _index_of(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidRequestError(
            f"{name} must be the index of a cell, counted from 0."
        )
    return int(text)
