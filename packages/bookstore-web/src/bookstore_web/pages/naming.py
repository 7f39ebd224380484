"""Giving a version a name, or taking it away."""

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from bookstore_core.stores import Label
from bookstore_web.bodies import optional_field, text_field
from bookstore_web.context import author
from bookstore_web.pages.links import shelved
from bookstore_web.services import services

blueprint = Blueprint("naming", __name__)


@blueprint.post("/bookstore/label")
def name_version() -> Response:
    """Keep the name in the form, or remove the one there is."""
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
    done = "named" if label else "unnamed"
    return redirect(here.link("bookstore/history", done=done), code=303)
