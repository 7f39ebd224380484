"""GET /api/bookstore, healthz, metrics: how bookstore is doing."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from bookstore_core import __version__
from bookstore_core.settings import validate_bookstore
from bookstore_core.spool.report import SpoolReport, report_spool
from bookstore_web.app.operations import operation
from bookstore_web.app.schemas import schema_of
from bookstore_web.app.services import services
from bookstore_web.app.store_check import StoreState

blueprint = Blueprint("state", __name__, url_prefix="/api/bookstore")


class Store(Schema):
    """How the store is."""

    location = fields.String(
        required=True, metadata={"description": "Where versions go."}
    )
    ok = fields.Boolean(required=True)
    check = fields.List(
        fields.String(),
        required=True,
        attribute="sentences",
        metadata={"description": "What a check found, in sentences."},
    )


class Features(Schema):
    """What the settings make possible."""

    bookstore_valid = fields.Boolean(required=True)
    archive_valid = fields.Boolean(required=True)
    publish_valid = fields.Boolean(required=True)
    s3_clone_valid = fields.Boolean(required=True)
    fs_clone_valid = fields.Boolean(required=True)


class State(Schema):
    """How bookstore is doing."""

    release = fields.String(required=True)
    features = fields.Nested(Features, required=True)
    store = fields.Nested(Store, required=True)
    spool = fields.Nested(
        schema_of(SpoolReport, ok=fields.Boolean(required=True)), required=True
    )


class Health(Schema):
    """That the process answers."""

    ok = fields.Boolean(required=True)


@blueprint.get("")
@operation(answer=State)
def info() -> dict[str, Any]:
    """Say which release this is, what is set up, how the store is, and the spool."""
    settings = services().settings
    store: StoreState = services().checks.state()
    return {
        "release": __version__,
        "features": validate_bookstore(settings),
        "store": store,
        "spool": report_spool(settings),
    }


@blueprint.get("/healthz")
@operation(answer=Health)
def healthz() -> dict[str, bool]:
    """Say that this process answers; no store is asked."""
    return {"ok": True}
