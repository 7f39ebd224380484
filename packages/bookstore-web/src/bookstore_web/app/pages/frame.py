"""The documents in the frames of pages; see `rendering/document.py`."""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, request

from bookstore_core import __version__
from bookstore_core.errors import InvalidRequestError
from bookstore_core.history import HistoryRow
from bookstore_core.history.shelves import find_shelf
from bookstore_core.stores.s3.listings import OVERWRITABLE
from bookstore_web.app.context import context
from bookstore_web.app.operations import needs
from bookstore_web.app.pages.links import shelf_fields
from bookstore_web.app.services import services
from bookstore_web.fields import optional_field, text_field
from bookstore_web.rendering.parts.limits import Portion
from bookstore_web.rendering.policy import with_scripts
from bookstore_web.sharing.clone import CloneSource, fetch, look_up
from bookstore_web.sharing.clone_mounted import read_mounted

blueprint = Blueprint("frame", __name__)

#: For a day. Without an ETag: the policy of a 304 would name another number than that
#: of the scripts in the document.
LASTING = "private, max-age=86400, immutable"


@blueprint.get("/bookstore/view/content")
def view_content() -> Response:
    """Show a version, or a part of it, as a document with its own origin.

    With its id and this release as `v`, browsers keep it: neither changes any more.
    """
    fields = request.args.to_dict()
    path = text_field(fields, "path")
    name = optional_field(fields, "version_id")
    shelf = find_shelf(optional_field(fields, "shelf"))
    row, data = services().history(shelf).read(path, name)
    known = {"path": row.path, "version_id": row.version.version_id}
    is_named = row.version.version_id == name != OVERWRITABLE
    lasting = is_named and fields.get("v") == __version__
    query = known | shelf_fields(shelf)
    return _document(data, query, title=row.path, lasting=lasting)


@blueprint.get("/bookstore/clone/content")
@needs("s3_clone_valid")
def clone_content() -> Response:
    """Show what a clone page offers, as the content of a version is shown."""
    source = services().clone_source(request.args.to_dict())
    return _document(_cloned(source), source.query, title=source.name)


@blueprint.get("/bookstore/fs-clone/content")
@needs("fs_clone_valid")
def fs_clone_content() -> Response:
    """Show a file of the mounted directory, as the content of a version is shown."""
    settings = services().settings
    relpath = text_field(request.args.to_dict(), "relpath")
    limit = settings.max_notebook_size
    file = read_mounted(settings.fs_cloning_basedir, relpath, limit=limit)
    return _document(file.data, {"relpath": file.relpath}, title=file.name)


def _cloned(source: CloneSource) -> bytes:
    """Return the content of a version; one that is in memory is still looked up."""
    store, settings = services().open_store(hurried=True), services().settings
    contents = services().change_memory.contents
    place = ("clone", source.bucket, source.key, source.version_id)
    if source.version_id and (known := contents.get(place)) is not None:
        look_up(source, store=store, settings=settings)
        return known[1]
    original = fetch(source, store=store, settings=settings)
    if source.version_id and source.version_id != OVERWRITABLE:
        row = HistoryRow(source.key, original.version)
        contents.put(place, (row, original.data), size=len(original.data))
    return original.data


def _document(
    data: bytes, query: Mapping[str, str], *, title: str, lasting: bool = False
) -> Response:
    """Return the document of a content; `query` is for links to its other parts.

    If the content is `lasting` and could be rendered, browsers may keep the document.
    """
    fields = request.args.to_dict()
    cell = _index_of("cell", optional_field(fields, "cell"))
    begin = _index_of("from", optional_field(fields, "from"))
    portion = Portion(cell, begin or 0, escape(urlencode(query)))
    found = services().views.document(data, portion=portion, title=title)
    document, headers = with_scripts(found.html, context().base_url)
    response = make_response(document)
    response.headers.update(headers)
    kept = lasting and not found.refused
    response.headers["Cache-Control"] = LASTING if kept else "no-store"
    return response


def _index_of(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidRequestError(
            f"{name} must be the index of a cell, counted from 0."
        )
    return int(text)
