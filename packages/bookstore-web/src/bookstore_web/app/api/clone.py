"""POST /api/bookstore/cloned and fs-clone: copy to the caller's notebook server."""

from typing import Any

from flask import Blueprint
from marshmallow import fields

from bookstore_web.app.context import caller
from bookstore_web.app.finds import note_clone
from bookstore_web.app.operations import needs, operation
from bookstore_web.app.schemas import TARGET, CloneFields, ContentsModel, Request, Text
from bookstore_web.app.services import services
from bookstore_web.contents.drafts import draft_of_valid, save
from bookstore_web.sharing.clone import fetched
from bookstore_web.sharing.clone_mounted import mounted

blueprint = Blueprint("clone", __name__, url_prefix="/api/bookstore")


class MountedSource(Request):
    """What to clone from the mounted directory, and where to."""

    relpath = Text(
        "The path of the file, relative to fs_cloning_basedir.", required=True
    )
    target_path = Text(TARGET)


class Copy(ContentsModel):
    """The contents model of the copy, and where it came from."""

    s3_path = fields.String(required=True)
    versionID = fields.String(required=True)  # its documented name


@blueprint.post("/cloned")
@blueprint.post("/clone")
@needs("s3_clone_valid")
@operation(body=CloneFields, answer=Copy, errors=(404, 409, 422))
def clone(fields: dict[str, str]) -> dict[str, Any]:
    """Clone a version from the store to the caller's notebook server."""
    source = services().clone_source(fields)
    server, settings = services().contents, services().settings
    store, budget = services().open_store(), services().budget
    with fetched(source, store=store, settings=settings, budget=budget) as original:
        name, data = source.name, original.data
        draft = draft_of_valid(name, data, server=server, caller=caller())
        saved = save(draft, fields["target_path"], server=server, caller=caller())
    note_clone(source)
    return saved.model | {
        "s3_path": source.display_path,
        "versionID": original.version.version_id,
    }


@blueprint.post("/fs-clone")
@needs("fs_clone_valid")
@operation(body=MountedSource, answer=ContentsModel, errors=(404, 409, 422))
def fs_clone(fields: dict[str, str]) -> dict[str, Any]:
    """Clone a file from the mounted directory to the caller's notebook server."""
    settings, server = services().settings, services().contents
    budget = services().budget
    with mounted(fields["relpath"], settings=settings, budget=budget) as file:
        draft = draft_of_valid(file.name, file.data, server=server, caller=caller())
        return save(draft, fields["target_path"], server=server, caller=caller()).model
