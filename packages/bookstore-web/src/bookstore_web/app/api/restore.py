"""POST /api/bookstore/restore: an old version becomes the newest, or a copy."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from bookstore_web.app.operations import operation
from bookstore_web.app.schemas import NAME, PATH, ContentsModel, Request, Text
from bookstore_web.app.services import services
from bookstore_web.versions.restore import RestoreRequest

blueprint = Blueprint("restore", __name__, url_prefix="/api/bookstore")


class RestoreFields(Request):
    """What to restore, and where to."""

    path = Text(PATH, required=True)
    version_id = Text(NAME)
    sha256 = Text(
        "In place of version_id: the sha256 of a content among the newest versions, as "
        "an answer's `undo` gives it."
    )
    version_path = Text("The version's path where that is another.")
    target_path = Text(
        "Where a copy is to go: a folder, or a path of its own; empty for beside the "
        "original. Left out: the notebook at `path` is written over.",
        load_default=None,
    )


class Undo(Schema):
    """What brings back what was there before: the same request with this sha256."""

    sha256 = fields.String(required=True)


class Restored(ContentsModel):
    """The contents model of what was written, and where it came from."""

    restored_from = fields.String(
        required=True, metadata={"description": "The version's id."}
    )
    restored_path = fields.String(
        required=True, metadata={"description": "The version's path."}
    )
    undo = fields.Nested(
        Undo,
        required=True,
        allow_none=True,
        metadata={"description": "null where nothing was written over."},
    )


@blueprint.post("/restore")
@operation(body=RestoreFields, answer=Restored, errors=(404, 409, 415, 422))
def restore(wanted: dict[str, Any]) -> dict[str, Any]:
    """Restore a version of a notebook, in place or as a copy.

    In place, what is in the file now is archived first, and the answer says how to
    bring it back. Where the notebook server does not archive, that is a 409.
    """
    wish = RestoreRequest(
        path=wanted["path"],
        version=wanted["version_id"],
        sha256=wanted["sha256"],
        version_path=wanted["version_path"],
        target_path=wanted["target_path"],
    )
    restored = services().restorer().restore(wish)
    digest = restored.undo_sha256
    return {
        **restored.model,
        "restored_from": restored.row.version.version_id,
        "restored_path": restored.row.path,
        "undo": {"sha256": digest} if digest else None,
    }
