"""POST /api/bookstore/restore: restore an old version, in place or as a copy."""

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
        "Instead of version_id: the sha256 of the content of a recent version, such as "
        "the one in an answer's `undo`."
    )
    version_path = Text("The version's path, if it differs from `path`.")
    target_path = Text(
        "The folder for a copy, or its full path; empty: beside the original. If "
        "missing, the notebook at `path` is overwritten.",
        load_default=None,
    )


class Undo(Schema):
    """To undo, send the same request with this sha256 instead of version_id."""

    sha256 = fields.String(required=True)


class Restored(ContentsModel):
    """The contents model of the written file, and the version that was restored."""

    restored_from = fields.String(
        required=True, metadata={"description": "The id of that version."}
    )
    restored_path = fields.String(
        required=True, metadata={"description": "The path of that version."}
    )
    undo = fields.Nested(
        Undo,
        required=True,
        allow_none=True,
        metadata={"description": "null if nothing was overwritten."},
    )


@blueprint.post("/restore")
@operation(body=RestoreFields, answer=Restored, errors=(404, 409, 415, 422))
def restore(wanted: dict[str, Any]) -> dict[str, Any]:
    """Restore a version of a notebook, in place or as a copy.

    In place, the current content of the file is archived first, and the answer shows
    how to undo the restore. If the notebook server does not archive, the status is 409.
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
