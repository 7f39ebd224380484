"""Publish a version from its page, and unpublish a notebook."""

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from bookstore_core.history import PUBLISHED
from bookstore_web.app.context import author
from bookstore_web.app.operations import needs
from bookstore_web.app.pages.links import shelved
from bookstore_web.app.services import services
from bookstore_web.fields import optional_field, text_field
from bookstore_web.sharing.publish import publication_of_version, publish
from bookstore_web.sharing.unpublish import unpublish

blueprint = Blueprint("publish", __name__)


@blueprint.post("/bookstore/publish")
@needs("publish_valid")
def publish_version() -> Response:
    """Publish a version, and show it on the published shelf."""
    fields = request.form.to_dict()
    here = shelved(fields)
    store, settings = services().open_store(), services().settings
    history = services().history(here.shelf)
    row = history.locate(here.path, text_field(fields, "version_id"))
    published_path = text_field(fields, "published_path")
    if here.shelf != PUBLISHED:
        group = optional_field(fields, "group")
        published_path = services().published_path(published_path, group)
    with services().budget.take(row.version.size):
        _, data = history.read(row.path, row.version.version_id)
        publication = publication_of_version(
            published_path, data, fields, settings=settings
        )
        del data
        published = publish(publication, store=store, author=author())
    services().changed(published.key)
    there = here.elsewhere(publication.path, shelf=PUBLISHED)
    return redirect(
        there.link("bookstore/view", version_id=published.version_id, done="published"),
        code=303,
    )


@blueprint.post("/bookstore/unpublish")
@needs("publish_valid")
def unpublish_notebook() -> Response:
    """Take a notebook off the published shelf, and show its history."""
    here = shelved(request.form.to_dict())
    store, settings = services().open_store(), services().settings
    newest = unpublish(here.path, store=store, settings=settings, author=author())
    services().changed(newest.key)
    there = here.elsewhere(here.path, shelf=PUBLISHED)
    done = "unpublished" if newest.deleted else "shown-again"
    return redirect(there.link("bookstore/history", done=done), code=303)
