"""PUT and DELETE /api/bookstore/published: publish a notebook, and unpublish it."""

from typing import Any

from flask import Blueprint, request
from marshmallow import EXCLUDE, Schema, fields, validate

from bookstore_core.paths import s3_display_path
from bookstore_core.stores.checks import MAX_NOTE, MAX_TITLE, MAX_WRITTEN
from bookstore_web.app.bodies import read_body
from bookstore_web.app.context import author, context
from bookstore_web.app.operations import needs, operation
from bookstore_web.app.schemas import Request, Text
from bookstore_web.app.services import services
from bookstore_web.sharing.publish import publication_of, publish
from bookstore_web.sharing.unpublish import unpublish

blueprint = Blueprint("publish", __name__, url_prefix="/api/bookstore")


class NotebookModel(Schema):
    """A contents model of a notebook, as the notebook server's own API returns it."""

    class Meta:
        """A contents model has more members, which publishing ignores."""

        unknown = EXCLUDE

    type = fields.Constant("notebook")
    format = fields.String()
    content = fields.Dict(
        required=True, metadata={"description": "The notebook, in format 3 to 4.5."}
    )
    title = fields.String(
        validate=validate.Length(max=MAX_TITLE),
        metadata={"description": "A title for its readers, in one line."},
    )
    note = fields.String(
        validate=validate.Length(max=MAX_NOTE),
        metadata={
            "description": "What they should know about it. It is kept with this "
            f"version. Title and note have up to {MAX_WRITTEN} bytes together."
        },
    )


class PublishQuery(Request):
    """For whom to publish."""

    group = Text(
        "In a service: one of the caller's groups, for which it is published. Empty: "
        "for everybody, in the caller's own folder."
    )


class Published(Schema):
    """The published version."""

    s3_path = fields.String(required=True)
    versionID = fields.String(required=True)  # its documented name
    url = fields.String(
        required=True,
        metadata={"description": "The page where others can clone this version."},
    )
    public = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether it leads to the reader's own server. If not, only "
            "who can reach this server can open it."
        },
    )


class Unpublished(Schema):
    """What took the notebook off the shelf."""

    s3_path = fields.String(required=True)
    versionID = fields.String(
        required=True,
        metadata={
            "description": "The id of the store's delete marker, or of the version "
            "that is on the shelf again."
        },
    )
    shown_again = fields.Boolean(
        required=True,
        metadata={"description": "Whether somebody else's notebook is there again."},
    )


@blueprint.put("/published", defaults={"path": ""})
@blueprint.put("/publish", defaults={"path": ""})
@blueprint.put("/published/<anything:path>")
@blueprint.put("/publish/<anything:path>")
@needs("publish_valid")
@operation(
    query=PublishQuery, model=NotebookModel, answer=Published, errors=(404, 415, 422)
)
def publish_notebook(wanted: dict[str, str], path: str) -> dict[str, Any]:
    """Publish the notebook in the body's contents model.

    It becomes a new version of the key `published_prefix/path`, without the cells'
    `trusted` metadata. Publishing again makes another version. Its `title` and `note`
    are beside the model's `content`. In a service, the key begins with the folder of
    the caller, or of the group.
    """
    path = services().published_path(path, wanted["group"])
    settings = services().settings
    # What is sent without a length is as large as a body may be.
    size = request.content_length or settings.max_notebook_size
    with services().budget.take(size):
        publication = publication_of(path, read_body(), settings=settings)
        published = publish(publication, store=services().open_store(), author=author())
    services().changed(published.key)
    return {
        "s3_path": published.display_path,
        "versionID": published.version_id,
        "url": context().link(published.page),
        "public": context().is_public,
    }


@blueprint.delete("/published", defaults={"path": ""})
@blueprint.delete("/publish", defaults={"path": ""})
@blueprint.delete("/published/<anything:path>")
@blueprint.delete("/publish/<anything:path>")
@needs("publish_valid")
@operation(query=PublishQuery, answer=Unpublished, errors=(404,))
def unpublish_notebook(wanted: dict[str, str], path: str) -> dict[str, str | bool]:
    """Take a notebook off the published shelf, if you have published it.

    Its versions are kept: they are listed, and links to one of them still open. Links
    to the newest say that it was unpublished. Publishing again brings it back. If
    somebody else's notebook was there before, it is there again, as a new version.
    """
    store, settings = services().open_store(), services().settings
    path = services().published_path(path, wanted["group"])
    newest = unpublish(path, store=store, settings=settings, author=author())
    services().changed(newest.key)
    return {
        "s3_path": s3_display_path(newest.bucket, newest.key),
        "versionID": newest.version_id,
        "shown_again": not newest.deleted,
    }
