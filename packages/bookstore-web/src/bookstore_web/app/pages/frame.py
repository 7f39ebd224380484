"""The document in the frame of the view page; see `rendering/document.py`."""

from flask import Blueprint, Response, make_response, request

from bookstore_core.errors import InvalidRequestError
from bookstore_core.history.shelves import find_shelf
from bookstore_web.app.services import services
from bookstore_web.fields import optional_field, text_field
from bookstore_web.rendering.document import FRAME_HEADERS

blueprint = Blueprint("frame", __name__)


@blueprint.get("/bookstore/view/content")
def view_content() -> Response:
    """Show a version, or one cell of it, as an inert document with its own origin."""
    fields = request.args.to_dict()
    path = text_field(fields, "path")
    name = optional_field(fields, "version_id")
    cell = _cell_of(optional_field(fields, "cell"))
    shelf = find_shelf(optional_field(fields, "shelf"))
    row, data = services().history(shelf).read(path, name)
    document = services().views.document(data, cell=cell, title=row.path)
    response = make_response(document)
    response.headers.update(FRAME_HEADERS)
    return response


def _cell_of(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidRequestError("cell must be the index of a cell, counted from 0.")
    return int(text)
