"""GET /api/bookstore/notebooks: what is on the shelves."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from bookstore_core.history.shelves import find_shelf
from bookstore_web.app.operations import operation
from bookstore_web.app.schemas import Count, Flag, Request, Text, shelf_field
from bookstore_web.app.services import services
from bookstore_web.library.library import LibraryPage

blueprint = Blueprint("notebooks", __name__, url_prefix="/api/bookstore")


class NotebooksQuery(Request):
    """Which notebooks to list."""

    shelf = shelf_field()
    prefix = Text("A folder. Empty: the top one.")
    q = Text("Only notebooks, in the folder and all below, whose path contains this.")
    recent = Flag("1 for those saved last, of the whole shelf.")
    cursor = Text("Where to go on, as an answer before this one said.")
    limit = Count("How many at most.", least=1, most=1000, default=200)


class NotebookSchema(Schema):
    """A notebook of which there are versions."""

    path = fields.String(required=True)
    size = fields.Integer(
        required=True, metadata={"description": "Bytes of the newest version."}
    )
    saved_at = fields.DateTime(
        required=True, metadata={"description": "When the newest version was stored."}
    )
    here = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={
            "description": "Whether it is on the caller's server now; null: not known."
        },
    )
    moved_to = fields.String(
        required=True,
        metadata={"description": "Where one that is not here was moved to, or empty."},
    )


class Notebooks(Schema):
    """A page of a shelf."""

    folders = fields.List(
        fields.String(), required=True, metadata={"description": "Paths of folders."}
    )
    notebooks = fields.List(fields.Nested(NotebookSchema), required=True)
    cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Asks for what follows; null: that is all."},
    )
    truncated = fields.Boolean(
        required=True,
        metadata={"description": "Whether there are more than `recent` looks at."},
    )


@blueprint.get("/notebooks")
@operation(query=NotebooksQuery, answer=Notebooks, errors=(404,))
def notebooks(wanted: dict[str, Any]) -> LibraryPage:
    """List the notebooks of a shelf.

    Without `q` it is one folder, and the folders in it. With `q` it is a search below
    that folder: a page may hold few or none while its `cursor` goes on. With `recent`
    it is what was saved last, as of ten seconds ago at most.
    """
    library, limit = services().library(find_shelf(wanted["shelf"])), wanted["limit"]
    if wanted["recent"]:
        return library.recent(services().recent, limit=limit)
    cursor = wanted["cursor"] or None
    if wanted["q"]:
        return library.search(wanted["q"], wanted["prefix"], cursor=cursor, limit=limit)
    return library.folder(wanted["prefix"], cursor=cursor, limit=limit)
