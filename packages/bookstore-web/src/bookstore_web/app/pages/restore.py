"""The page that shows what a restore will do, and its form, which restores."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from bookstore_core.errors import BookstoreError
from bookstore_core.history import HistoryRow
from bookstore_web.app.context import context
from bookstore_web.app.failures import headers_of, status_of
from bookstore_web.app.pages.links import Shelved, shelved
from bookstore_web.app.services import services
from bookstore_web.fields import optional_field, text_field
from bookstore_web.versions.restore import Restored, RestoreRequest

blueprint = Blueprint("restore", __name__)


@blueprint.get("/bookstore/restore")
def ask() -> Response:
    """Show what restoring a version will do; nothing is changed yet."""
    # Without a notebook server this raises an error before the form is shown.
    services().restorer()
    fields = request.args.to_dict()
    return _show(fields, _row(shelved(fields), fields))


@blueprint.post("/bookstore/restore")
def restore() -> BaseResponse:
    """Restore a version in place or as a copy, or undo such a restore."""
    fields = request.form.to_dict()
    here = shelved(fields)
    wish = _wish(here, fields)
    # Find the version first, so that a failure does not wait for the store twice.
    row = None if wish.sha256 else _row(here, fields)
    try:
        restored = services().restorer().restore(wish, row)
    except BookstoreError as error:
        return _show(fields, row, problem=error)
    return redirect(_after(here, wish, restored), code=303)


def _wish(here: Shelved, fields: Mapping[str, Any]) -> RestoreRequest:
    is_copy = fields.get("how") == "copy"
    return RestoreRequest(
        path=here.path,
        version=optional_field(fields, "version_id"),
        sha256=optional_field(fields, "sha256"),
        version_path=optional_field(fields, "version_path"),
        target_path=optional_field(fields, "target_path") if is_copy else None,
    )


def _after(here: Shelved, wish: RestoreRequest, restored: Restored) -> str:
    """Return the address of the page that shows the result."""
    if wish.target_path is not None:
        return here.link("bookstore/history", done="copied", copy=restored.path)
    done = "restored" if restored.undo_sha256 else "made"
    if wish.sha256:
        done = "undone"
    return here.link("bookstore/history", done=done, undo=restored.undo_sha256)


def _row(here: Shelved, fields: Mapping[str, Any]) -> HistoryRow:
    path = optional_field(fields, "version_path") or here.path
    return services().history(here.shelf).find(path, text_field(fields, "version_id"))


def _show(
    fields: Mapping[str, Any],
    row: HistoryRow | None,
    problem: BookstoreError | None = None,
) -> Response:
    here = shelved(fields)
    known = {"here": here, "problem": problem, "xsrf_token": context().xsrf_token}
    if row is None:
        page = render_template(
            "undo.html", sha256=optional_field(fields, "sha256"), **known
        )
    else:
        page = render_template(
            "restore.html",
            row=row,
            archives=context().archives,
            target=optional_field(fields, "target_path"),
            **known,
        )
    response = make_response(page, status_of(problem) if problem else 200)
    if problem:
        response.headers.update(headers_of(problem))
    return response
