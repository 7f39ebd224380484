"""The JSON API, below /api/bookstore."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from bookstore_core.settings import validate_bookstore
from bookstore_core.spool_report import report_spool
from bookstore_web import fs_cloning
from bookstore_web.bodies import (
    optional_field,
    parse_object,
    read_body,
    read_small_body,
    text_field,
)
from bookstore_web.cloning import fetch, source_of
from bookstore_web.context import author, caller, context
from bookstore_web.metrics import render_metrics
from bookstore_web.publishing import publication_of, publish
from bookstore_web.release import RELEASE
from bookstore_web.saving import draft_of, save
from bookstore_web.services import services

api = Blueprint("api", __name__, url_prefix="/api/bookstore")


@api.get("")
def info() -> Response:
    """Say which release this is, what is set up, how the store is, and the spool."""
    settings, state = services().settings, services().checks.state()
    store = {"location": state.location, "ok": state.ok, "check": state.sentences}
    return jsonify(
        release=RELEASE,
        features=validate_bookstore(settings),
        store=store,
        spool=report_spool(settings).as_json(),
    )


@api.get("/healthz")
def healthz() -> Response:
    """Say that this process answers; no store is asked."""
    return jsonify(ok=True)


@api.get("/metrics")
def metrics() -> Response:
    """Tell Prometheus how the spool is doing; no store is asked."""
    accepted = request.headers.get("Accept", "")
    return render_metrics(services().settings, accepted=accepted)


@api.put("/published", defaults={"path": ""})
@api.put("/publish", defaults={"path": ""})
@api.put("/published/<anything:path>")
@api.put("/publish/<anything:path>")
def publish_notebook(path: str) -> Response:
    """Publish the notebook in the body's contents model."""
    publication = publication_of(path, read_body(), settings=services().settings)
    published = publish(publication, store=services().open_store(), author=author())
    page = f"{context().base_url}bookstore/clone?{published.clone_query}"
    return jsonify(
        s3_path=published.display_path,
        versionID=published.version_id,
        url=context().origin + page,
    )


@api.post("/cloned")
@api.post("/clone")
def clone() -> Response:
    """Clone a version from the store to the caller's notebook server."""
    fields = _fields()
    source = source_of(fields, services().settings)
    target_path = optional_field(fields, "target_path")
    server, limit = services().contents, services().settings.max_notebook_size
    original = fetch(source, store=services().open_store(), limit=limit)
    draft = draft_of(source.name, original.data)
    saved = save(draft, target_path, server=server, caller=caller())
    return jsonify(
        saved.model
        | {"s3_path": source.display_path, "versionID": original.version.version_id}
    )


@api.post("/fs-clone")
def fs_clone() -> Response:
    """Clone a file from the mounted directory to the caller's notebook server."""
    fields = _fields()
    relpath = text_field(fields, "relpath")
    target_path = optional_field(fields, "target_path")
    settings, server = services().settings, services().contents
    file = fs_cloning.read_mounted(
        settings.fs_cloning_basedir, relpath, limit=settings.max_notebook_size
    )
    draft = draft_of(file.name, file.data)
    return jsonify(save(draft, target_path, server=server, caller=caller()).model)


def _fields() -> dict[str, Any]:
    return parse_object(read_small_body())
