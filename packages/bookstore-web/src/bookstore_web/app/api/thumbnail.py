"""GET /api/bookstore/thumbnail: the picture of a version, for its card."""

import hashlib
from typing import Any

from flask import Blueprint, Response, make_response, request

from bookstore_core.errors import TooLargeError
from bookstore_core.history.shelves import Shelf, find_shelf
from bookstore_core.stores.s3.listings import OVERWRITABLE
from bookstore_web.app.operations import operation
from bookstore_web.app.schemas import PATH, Request, Text, shelf_field
from bookstore_web.app.services import services
from bookstore_web.rendering.pictures import TYPES, Picture, draw, picture_of

blueprint = Blueprint("thumbnail", __name__, url_prefix="/api/bookstore")

#: The most bytes of a notebook that is read for its picture.
MOST_READ = 32 * 1024 * 1024

#: A picture is shown as an image; opened by itself, it may do nothing.
HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    # Browsers refuse any other value for a document with `sandbox`.
    "Cross-Origin-Opener-Policy": "unsafe-none",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: Of a version, which never changes.
FOREVER = "private, max-age=31536000, immutable"


class ThumbnailQuery(Request):
    """A version of a notebook."""

    path = Text(PATH, required=True)
    version_id = Text("The id of a version.", required=True)
    shelf = shelf_field()


@blueprint.get("/thumbnail")
@operation(query=ThumbnailQuery, media_types=(*TYPES, "image/svg+xml"), errors=(404,))
def thumbnail(wanted: dict[str, Any]) -> Response:
    """Return the first image of a version, or else a drawing of its first lines.

    Images that are larger than 2 MiB or 6,000 pixels are left out, and so is SVG.
    """
    shelf, path = find_shelf(wanted["shelf"]), wanted["path"].strip("/")
    version_id = wanted["version_id"]
    tag = _tag(shelf, path, version_id)
    if tag in request.if_none_match:
        return _answer(None, tag)
    picture = services().pictures.get(tag)
    if picture is None:
        picture, found = _read(shelf, path, version_id)
        if found != version_id or found == OVERWRITABLE:
            return _answer(picture)  # a label, or a version that can change
        services().pictures.put(tag, picture, size=len(picture.data))
    return _answer(picture, tag)


def _read(shelf: Shelf, path: str, version_id: str) -> tuple[Picture, str]:
    """Return the picture of a version, and the id of that version."""
    title = path.rpartition("/")[2]
    row, opened = services().history(shelf).stream(path, version_id)
    with opened:
        found = row.version.version_id
        if opened.version.size > MOST_READ:
            return draw([(title, True)]), found
        data = opened.read(MOST_READ)
    try:
        return services().pool.run(picture_of, data, title), found
    except TooLargeError:
        return draw([(title, True)]), found


def _answer(picture: Picture | None, tag: str = "") -> Response:
    response = make_response(picture.data if picture else b"")
    response.headers.update(HEADERS)
    if picture:
        response.content_type = picture.media_type
    else:
        response.status_code = 304
    if tag:
        response.set_etag(tag)
        response.headers["Cache-Control"] = FOREVER
    else:
        response.headers["Cache-Control"] = "no-store"
    return response


def _tag(shelf: Shelf, path: str, version_id: str) -> str:
    place = "\n".join((shelf.name, path, version_id))
    return hashlib.sha256(place.encode()).hexdigest()[:32]
