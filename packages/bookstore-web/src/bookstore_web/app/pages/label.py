"""Naming a version, and removing its name."""

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from bookstore_core.stores import Label
from bookstore_web.app.context import author
from bookstore_web.app.pages.links import shelved
from bookstore_web.app.services import services
from bookstore_web.fields import optional_field, text_field

blueprint = Blueprint("label", __name__)


@blueprint.post("/bookstore/label")
def name_version() -> Response:
    """Save the name in the form as the version's label, or remove the label."""
    fields = request.form.to_dict()
    here = shelved(fields)
    row = (
        services().history(here.shelf).find(here.path, text_field(fields, "version_id"))
    )
    label = None
    if not fields.get("remove"):
        label = Label(
            name=text_field(fields, "name"),
            comment=optional_field(fields, "comment"),
            author=author(),
        )
    version = row.version
    store = services().open_store(hurried=True)
    store.set_label(version.key, version.version_id, label)
    services().changed(version.key)
    done = "named" if label else "unnamed"
    return redirect(here.link("bookstore/history", done=done), code=303)
