"""POST /api/bookstore/cloned and fs-clone: copies to the caller's notebook server."""

from typing import Any

from flask import Blueprint
from marshmallow import fields

from bookstore_web import fs_cloning
from bookstore_web.cloning import fetch, source_of
from bookstore_web.context import caller
from bookstore_web.operations import operation
from bookstore_web.saving import draft_of, save
from bookstore_web.schemas import ContentsModel, Request, Text
from bookstore_web.services import services

blueprint = Blueprint("clones", __name__, url_prefix="/api/bookstore")

TARGET = (
    "Where the copy goes; a folder, or a path of its own. Empty: the top folder, "
    "under its own name."
)


class Source(Request):
    """What to clone from the store, and where to."""

    s3_bucket = Text("Our bucket, or one of clone_buckets.", required=True)
    s3_key = Text("The key of one file.", required=True)
    s3_version_id = Text("A version of it. Empty: the newest.")
    target_path = Text(TARGET)


class MountedSource(Request):
    """What to clone from the mounted directory, and where to."""

    relpath = Text("The file's path in fs_cloning_basedir.", required=True)
    target_path = Text(TARGET)


class Copy(ContentsModel):
    """The contents model of the copy, and where it came from."""

    s3_path = fields.String(required=True)
    versionID = fields.String(required=True)  # its documented name


@blueprint.post("/cloned")
@blueprint.post("/clone")
@operation(body=Source, answer=Copy, errors=(404, 409, 422))
def clone(fields: dict[str, str]) -> dict[str, Any]:
    """Clone a version from the store to the caller's notebook server."""
    source = source_of(fields, services().settings)
    server, limit = services().contents, services().settings.max_notebook_size
    original = fetch(source, store=services().open_store(), limit=limit)
    draft = draft_of(source.name, original.data)
    saved = save(draft, fields["target_path"], server=server, caller=caller())
    return saved.model | {
        "s3_path": source.display_path,
        "versionID": original.version.version_id,
    }


@blueprint.post("/fs-clone")
@operation(body=MountedSource, answer=ContentsModel, errors=(404, 409, 422))
def fs_clone(fields: dict[str, str]) -> dict[str, Any]:
    """Clone a file from the mounted directory to the caller's notebook server."""
    settings, server = services().settings, services().contents
    file = fs_cloning.read_mounted(
        settings.fs_cloning_basedir,
        fields["relpath"],
        limit=settings.max_notebook_size,
    )
    draft = draft_of(file.name, file.data)
    return save(draft, fields["target_path"], server=server, caller=caller()).model
