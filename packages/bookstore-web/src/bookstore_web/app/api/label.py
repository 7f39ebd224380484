"""PUT /api/bookstore/label: label a version, or remove its label."""

from typing import Any

from flask import Blueprint

from bookstore_core.history.records import VersionRecord, record_of
from bookstore_core.history.shelves import find_shelf
from bookstore_core.stores import Label
from bookstore_core.stores.checks import MAX_COMMENT, MAX_LABEL
from bookstore_web.app.context import author
from bookstore_web.app.operations import operation
from bookstore_web.app.schemas import (
    NAME,
    PATH,
    Request,
    Text,
    VersionSchema,
    shelf_field,
)
from bookstore_web.app.services import services

blueprint = Blueprint("label", __name__, url_prefix="/api/bookstore")


class LabelFields(Request):
    """A version, and its new label."""

    path = Text(PATH, required=True)
    version_id = Text(NAME, required=True)
    name = Text(f"The label, up to {MAX_LABEL} characters; empty to remove it.")
    comment = Text(f"A comment on the label, up to {MAX_COMMENT} characters.")
    shelf = shelf_field()


@blueprint.put("/label")
@operation(body=LabelFields, answer=VersionSchema, errors=(404, 409))
def label(wanted: dict[str, Any]) -> VersionRecord:
    """Label a version, replacing its present label, or remove the label."""
    known = services()
    history = known.history(find_shelf(wanted["shelf"]))
    row = history.find(wanted["path"], wanted["version_id"])
    name, comment = wanted["name"], wanted["comment"]
    known.open_store(hurried=True).set_label(
        row.version.key,
        row.version.version_id,
        Label(name, comment, author()) if name else None,
    )
    known.changed(row.version.key)
    return record_of(history.find(row.path, row.version.version_id))
