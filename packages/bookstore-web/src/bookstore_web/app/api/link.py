"""GET /api/bookstore/link: the links by which others open a version."""

from dataclasses import replace
from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from bookstore_core.history.shelves import find_shelf
from bookstore_web.app.context import author, context
from bookstore_web.app.operations import operation
from bookstore_web.app.schemas import NAME, PATH, Request, Text, shelf_field
from bookstore_web.app.services import services
from bookstore_web.sharing.clone import CloneSource

blueprint = Blueprint("link", __name__, url_prefix="/api/bookstore")


class LinkQuery(Request):
    """A version of a notebook."""

    path = Text(PATH, required=True)
    version_id = Text(f"{NAME} Empty: the newest.")
    shelf = shelf_field()


class Links(Schema):
    """The pages where others see and clone the notebook."""

    url = fields.String(
        required=True, metadata={"description": "The page of this version."}
    )
    newest_url = fields.String(
        required=True,
        metadata={"description": "The page that always shows the newest version."},
    )
    public = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether they lead to the reader's own server. If not, only "
            "who can reach this server can open them."
        },
    )
    mine = fields.Boolean(
        required=True,
        metadata={"description": "Whether the caller is the author of this version."},
    )


@blueprint.get("/link")
@operation(query=LinkQuery, answer=Links, errors=(404,))
def link(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the links to a version, and to the newest one of its notebook."""
    history = services().history(find_shelf(wanted["shelf"]))
    row = history.find(wanted["path"], wanted["version_id"])
    version = row.version
    newest = CloneSource(version.bucket, version.key)
    return {
        "url": context().link(replace(newest, version_id=version.version_id).page),
        "newest_url": context().link(newest.page),
        "public": context().is_public,
        "mine": bool(row.author) and row.author == author(),
    }
