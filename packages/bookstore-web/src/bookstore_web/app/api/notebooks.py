"""GET /api/bookstore/notebooks: the notebooks on a shelf."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from bookstore_core.history.shelves import find_shelf
from bookstore_web.app.finds import latest_notebooks
from bookstore_web.app.operations import operation
from bookstore_web.app.schemas import Count, Flag, Request, Text, shelf_field
from bookstore_web.app.services import services
from bookstore_web.library.library import LibraryPage

blueprint = Blueprint("notebooks", __name__, url_prefix="/api/bookstore")


class NotebooksQuery(Request):
    """Which notebooks to list."""

    shelf = shelf_field()
    prefix = Text("A folder. Empty: the top folder.")
    q = Text("Only notebooks in the folder or below whose path contains this text.")
    recent = Flag("1 for the most recently saved notebooks of the whole shelf.")
    cursor = Text("The `cursor` of the previous page.")
    limit = Count("The most notebooks to return.", least=1, most=1000, default=200)


def _of_published(what: str) -> fields.String:
    text = f"{what}, on the published shelf; else empty."
    return fields.String(required=True, metadata={"description": text})


class NotebookSchema(Schema):
    """A notebook with at least one version."""

    path = fields.String(required=True)
    size = fields.Integer(
        required=True, metadata={"description": "Size of the newest version in bytes."}
    )
    saved_at = fields.DateTime(
        required=True, metadata={"description": "When the newest version was stored."}
    )
    here = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={
            "description": "Whether it is on the caller's server; null if not known."
        },
    )
    moved_to = fields.String(
        required=True,
        metadata={"description": "The new path if it was moved, else empty."},
    )
    is_result = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether it is not here because it is the result of a run."
        },
    )
    author = _of_published("Who published it")
    title = _of_published("Its title")
    note = _of_published("The note that it was published with")
    version_id = _of_published("The id of its newest version")


class Notebooks(Schema):
    """A page of a shelf."""

    folders = fields.List(
        fields.String(), required=True, metadata={"description": "Paths of folders."}
    )
    notebooks = fields.List(fields.Nested(NotebookSchema), required=True)
    cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Requests the next page; null if this is the last."},
    )
    truncated = fields.Boolean(
        required=True,
        metadata={"description": "Whether `recent` left a part of the shelf out."},
    )


@blueprint.get("/notebooks")
@operation(query=NotebooksQuery, answer=Notebooks, errors=(404,))
def notebooks(wanted: dict[str, Any]) -> LibraryPage:
    """List the notebooks of a shelf.

    Without `q`, list one folder and its subfolders. With `q`, search in the folder and
    below: a page may have few notebooks or none, and still a `cursor`. With `recent`,
    list the most recently saved notebooks; the list is at most ten seconds old.
    """
    shelf, limit = find_shelf(wanted["shelf"]), wanted["limit"]
    if wanted["recent"]:
        return latest_notebooks(shelf, limit=limit)
    library = services().library(shelf)
    cursor = wanted["cursor"] or None
    if wanted["q"]:
        return library.search(wanted["q"], wanted["prefix"], cursor=cursor, limit=limit)
    return library.folder(wanted["prefix"], cursor=cursor, limit=limit)
