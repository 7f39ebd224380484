"""GET /api/bookstore/search: notebooks, by what is in them."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from bookstore_core.history.shelves import find_shelf
from bookstore_web.app.finds import find_notebooks
from bookstore_web.app.operations import operation
from bookstore_web.app.schemas import Count, Request, Text
from bookstore_web.app.services import services
from bookstore_web.catalogue.query import MOST_CHARACTERS

_SAID = ("cursor", "total", "more", "looked_at")
blueprint = Blueprint("search", __name__, url_prefix="/api/bookstore")


class SearchQuery(Request):
    """What to search for."""

    q = Text(
        'Words, "phrases", author:NAME, in:FOLDER, label:NAME, kernel:NAME, after:DATE '
        f"and before:DATE, up to {MOST_CHARACTERS} characters.",
        required=True,
    )
    shelf = Text("workspace or published. Empty: both.")
    cursor = Text("The `cursor` of the previous page.")
    limit = Count("The most notebooks to return.", least=1, most=100, default=20)


class PieceSchema(Schema):
    """A piece of text."""

    text = fields.String(required=True)
    marked = fields.Boolean(
        required=True, metadata={"description": "Whether it was searched for."}
    )


class PassageSchema(Schema):
    """A part of a cell."""

    cell = fields.Integer(
        required=True, metadata={"description": "Its position in the notebook, from 1."}
    )
    kind = fields.String(
        required=True, metadata={"description": "code, markdown or raw"}
    )
    pieces = fields.List(fields.Nested(PieceSchema), required=True)


class HitSchema(Schema):
    """A notebook that was found: its newest version, and the cell that was found."""

    shelf = fields.String(required=True)
    path = fields.String(required=True)
    version_id = fields.String(
        required=True,
        metadata={"description": "The id of its newest version; empty if not known."},
    )
    size = fields.Integer(required=True)
    saved_at = fields.DateTime(required=True)
    author = fields.String(required=True)
    title = fields.String(
        required=True,
        metadata={"description": "The title it was published with, or its heading."},
    )
    labels = fields.List(fields.String(), required=True)
    kernel = fields.String(
        required=True, metadata={"description": "The names of kernel and language."}
    )
    passage = fields.Nested(
        PassageSchema,
        required=True,
        allow_none=True,
        metadata={
            "description": "The cell with the most of the words, or the first lines."
        },
    )


class Found(Schema):
    """A page of notebooks, best first."""

    notebooks = fields.List(fields.Nested(HitSchema), required=True)
    cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Requests the next page; null if this is the last."},
    )
    total = fields.Integer(
        required=True, metadata={"description": "How many notebooks were found."}
    )
    looked_at = fields.Integer(
        required=True,
        metadata={
            "description": "If not 0, only so many notebooks with these words, the "
            "latest, were looked through; older ones may match, too."
        },
    )
    more = fields.Boolean(
        required=True,
        metadata={"description": "Whether there are more, and the latest were ranked."},
    )
    known_at = fields.DateTime(
        required=True,
        metadata={"description": "What was stored until then is searched."},
    )
    unread = fields.Integer(
        required=True,
        metadata={"description": "Notebooks that are found by their paths alone yet."},
    )


@blueprint.get("/search")
@operation(query=SearchQuery, answer=Found)
def search(wanted: dict[str, Any]) -> dict[str, Any]:
    """Find notebooks by what is in them: path, title, sources, author, labels.

    What was saved through this server, or published here, is found within seconds. It
    answers 503 while the catalogue is made for the first time.
    """
    shelf = find_shelf(wanted["shelf"]) if wanted["shelf"] else None
    services().open_store(hurried=True)  # raises if none is configured
    finds = find_notebooks(
        wanted["q"], shelf=shelf, cursor=wanted["cursor"], limit=wanted["limit"]
    )
    found = finds.found
    return {
        "notebooks": [{**vars(h.notebook), "passage": h.passage} for h in found.hits],
        **{name: getattr(found, name) for name in _SAID},
        "known_at": finds.freshness.known_at,
        "unread": finds.freshness.unread,
    }
