"""The Flask app: its blueprints, error handlers and headers."""

import logging
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, request, send_from_directory
from werkzeug.routing import BaseConverter

from bookstore_core import __version__
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.checks import MAX_COMMENT, MAX_LABEL, MAX_NOTE, MAX_TITLE
from bookstore_core.stores.versions import MAX_READ
from bookstore_web.app import failures, times
from bookstore_web.app.access.entry import Entry, entry_of
from bookstore_web.app.api import BLUEPRINTS
from bookstore_web.app.context import (
    ContextMiddleware,
    check_caller,
    context,
    person,
)
from bookstore_web.app.pages import pages
from bookstore_web.app.pages.rows import run_words
from bookstore_web.app.request_metrics import are_counted, count_requests
from bookstore_web.app.services import EXTENSION, Services
from bookstore_web.app.store import events
from bookstore_web.app.store.blueprint import store_blueprint
from bookstore_web.wire import ENVELOPE, Launch

#: Inline scripts and styles never run, whatever text is on a page.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    ]
)

#: Endpoints whose answers browsers may keep.
KEPT = frozenset(
    {"static", "shared.static", "pages.renderers.renderer", "thumbnail.thumbnail"}
    | {"pages.frame.view_content"}
)


class AnythingConverter(BaseConverter):
    """The rest of the URL with all slashes; our own checks validate it."""

    regex = r"[\s\S]*"  # a name may contain a line break
    part_isolating = False


def create_app(
    settings: BookstoreSettings | None = None, *, launch: Launch | None = None
) -> Flask:
    """Return the app for these settings; by default those of the Jupyter config files.

    With a `launch`, the app serves only the notebook server that started it, and takes
    its settings from there. No store is contacted yet. Raises ConfigurationError if the
    config files cannot be used, or a setting that protects a standalone app is wrong.
    """
    if settings is None:
        settings = _load_settings(launch)
    entry = entry_of(settings) if launch is None else None
    app = Flask("bookstore_web.app", static_url_path="/bookstore/static")
    app.extensions[EXTENSION] = Services(settings, launch)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_notebook_size + ENVELOPE
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.url_map.redirect_defaults = False
    app.url_map.converters["anything"] = AnythingConverter
    for blueprint in (*BLUEPRINTS, pages, _shared_scripts()):
        app.register_blueprint(blueprint)
    if launch is None:
        app.register_blueprint(store_blueprint())
        app.register_blueprint(events.blueprint)
    if entry is not None:
        entry.register(app)
    app.jinja_env.filters.update({**times.FILTERS, **run_words.FILTERS})
    failures.register(app)
    if launch is None and are_counted():
        count_requests(app)
    app.before_request(lambda: check_caller(launch, settings, entry))
    app.after_request(_set_headers)
    app.context_processor(lambda: _page_values(settings, launch, entry))
    if launch is not None:
        app.wsgi_app = ContextMiddleware(app.wsgi_app, launch)  # type: ignore[method-assign]
    return app


def _page_values(
    settings: BookstoreSettings, launch: Launch | None, entry: Entry | None
) -> dict[str, Any]:
    """Return what the templates of all pages know."""
    return {
        "base_url": context().base_url,
        "release": __version__,
        "has_server": launch is not None,
        "hub_url": entry.hub_url if entry else "",
        "person": person(),
        "max_label": MAX_LABEL,
        "max_comment": MAX_COMMENT,
        "max_title": MAX_TITLE,
        "max_note": MAX_NOTE,
        "max_size": settings.max_notebook_size,
        "max_restored": MAX_READ,
    }


def _shared_scripts() -> Blueprint:
    """Return the scripts that the pages share with the front ends.

    A notebook server serves them itself, at the same address.
    """
    folder = Path(__file__).parents[1] / "front" / "shared"
    blueprint = Blueprint("shared", __name__)

    @blueprint.get("/bookstore/front/shared/<name>")
    def static(name: str) -> Response:
        # They import each other without a release in the address: never kept unasked.
        return send_from_directory(folder, name, max_age=0)

    return blueprint


def _load_settings(launch: Launch | None) -> BookstoreSettings:
    if launch is not None:
        return launch.bookstore_settings()
    # Imported on demand: only a standalone app reads Jupyter's config files.
    from bookstore_core.jupyter.config_files import load_settings

    settings = load_settings()
    for sentence in settings.wrong.values():
        logging.getLogger(__name__).error("A setting is wrong. %s", sentence)
    return settings


def _set_headers(response: Response) -> Response:
    headers = response.headers
    # The frame that shows a version sets its own, stricter policy.
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    # Other sites get no handle of a window with our pages.
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint not in KEPT or response.status_code >= 400:
        headers["Cache-Control"] = "no-store"
    return response
