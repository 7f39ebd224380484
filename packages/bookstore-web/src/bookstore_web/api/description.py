"""GET /api/bookstore/openapi.json: the API, described by itself."""

from typing import Any

from flask import Blueprint, current_app

from bookstore_web.context import context
from bookstore_web.openapi import describe
from bookstore_web.operations import operation

blueprint = Blueprint("description", __name__, url_prefix="/api/bookstore")


@blueprint.get("/openapi.json")
@operation()
def openapi() -> dict[str, Any]:
    """Describe every route below /api/bookstore in the terms of OpenAPI 3.1."""
    return describe(current_app, base_url=context().base_url)
