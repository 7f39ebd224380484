"""The blueprint of the service's store: its routes, errors and the time."""

from flask import Blueprint, Response, jsonify

from bookstore_core.errors import BookstoreError
from bookstore_core.stores.service.errors import error_form
from bookstore_core.stores.service.forms import ROUTES, TIME_HEADER
from bookstore_web.app.failures import headers_of, status_of
from bookstore_web.app.services import services
from bookstore_web.app.store import calls, content


def store_blueprint() -> Blueprint:
    """Return the routes below /api/bookstore/store, for an app on its own."""
    blueprint = Blueprint("store", __name__, url_prefix=ROUTES)
    blueprint.register_blueprint(calls.blueprint)
    blueprint.register_blueprint(content.blueprint)
    blueprint.register_error_handler(BookstoreError, _answer_error)
    blueprint.after_request(_send_time)
    return blueprint


def _answer_error(error: BookstoreError) -> Response:
    response = jsonify(error_form(error))
    response.status_code = status_of(error)
    response.headers.update(headers_of(error))
    return response


def _send_time(response: Response) -> Response:
    response.headers[TIME_HEADER] = services().clock().isoformat()
    return response
