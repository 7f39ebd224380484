"""GET /api/bookstore and healthz: the release, features, store and spool."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from bookstore_core import __version__
from bookstore_core.settings import validate_bookstore
from bookstore_core.spool.report import SpoolReport, report_spool
from bookstore_web.app.finds import catalogue_state
from bookstore_web.app.operations import operation
from bookstore_web.app.schemas import schema_of
from bookstore_web.app.services import services
from bookstore_web.app.store_check import StoreState

blueprint = Blueprint("state", __name__, url_prefix="/api/bookstore")


class Store(Schema):
    """The store, and the result of its check."""

    location = fields.String(
        required=True, metadata={"description": "Where versions are stored."}
    )
    ok = fields.Boolean(required=True)
    check = fields.List(
        fields.String(),
        required=True,
        attribute="sentences",
        metadata={"description": "The findings of the check, each a sentence."},
    )


class Features(Schema):
    """What the settings make possible."""

    bookstore_valid = fields.Boolean(required=True)
    archive_valid = fields.Boolean(required=True)
    publish_valid = fields.Boolean(required=True)
    s3_clone_valid = fields.Boolean(required=True)
    fs_clone_valid = fields.Boolean(required=True)


class Catalogue(Schema):
    """What searches know, if they look into notebooks."""

    ok = fields.Boolean(
        required=True,
        metadata={"description": "Whether search finds what is in notebooks now."},
    )
    known_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "What was stored until then is known; null: none."},
    )
    unread = fields.Integer(
        required=True,
        metadata={"description": "Notebooks that are found by their paths alone yet."},
    )
    reason = fields.String(
        required=True,
        metadata={"description": "Why it is not ok, a sentence. Empty if it is."},
    )


class State(Schema):
    """The release, features, store, catalogue and spool."""

    release = fields.String(required=True)
    features = fields.Nested(Features, required=True)
    store = fields.Nested(Store, required=True)
    catalogue = fields.Nested(Catalogue, required=True)
    wrong_settings = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "A sentence for each setting with a wrong value."},
    )
    spool = fields.Nested(
        schema_of(SpoolReport, ok=fields.Boolean(required=True)), required=True
    )


class Health(Schema):
    """The answer of a running process."""

    ok = fields.Boolean(required=True)


@blueprint.get("")
@operation(answer=State)
def info() -> dict[str, Any]:
    """Return the release, the features, and the state of all that keeps notebooks."""
    settings = services().settings
    store: StoreState = services().checks.state()
    return {
        "release": __version__,
        "features": validate_bookstore(settings),
        "store": store,
        "catalogue": catalogue_state(),
        "wrong_settings": list(settings.wrong.values()),
        "spool": report_spool(settings),
    }


@blueprint.get("/healthz")
@operation(answer=Health)
def healthz() -> dict[str, bool]:
    """Show that this process is running; contacts no store."""
    return {"ok": True}
