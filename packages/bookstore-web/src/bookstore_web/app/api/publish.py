"""PUT /api/bookstore/published: publish a notebook, so that others can clone it."""

from flask import Blueprint
from marshmallow import EXCLUDE, Schema, fields, validate

from bookstore_core.stores.checks import MAX_NOTE, MAX_TITLE, MAX_WRITTEN
from bookstore_web.app.bodies import read_body
from bookstore_web.app.context import author, context
from bookstore_web.app.operations import operation
from bookstore_web.app.services import services
from bookstore_web.sharing.publish import publication_of, publish

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


class Published(Schema):
    """The published version."""

    s3_path = fields.String(required=True)
    versionID = fields.String(required=True)  # its documented name
    url = fields.String(
        required=True,
        metadata={"description": "The page where others can clone this version."},
    )


@blueprint.put("/published", defaults={"path": ""})
@blueprint.put("/publish", defaults={"path": ""})
@blueprint.put("/published/<anything:path>")
@blueprint.put("/publish/<anything:path>")
@operation(model=NotebookModel, answer=Published, errors=(415, 422))
def publish_notebook(path: str) -> dict[str, str | None]:
    """Publish the notebook in the body's contents model.

    It becomes a new version of the key `published_prefix/path`, without the cells'
    `trusted` metadata. Publishing again makes another version. Its `title` and `note`
    are beside the model's `content`.
    """
    publication = publication_of(path, read_body(), settings=services().settings)
    published = publish(publication, store=services().open_store(), author=author())
    return {
        "s3_path": published.display_path,
        "versionID": published.version_id,
        "url": context().link(published.page),
    }
