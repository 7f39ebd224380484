"""GET /api/bookstore/versions, runs and version: a history, runs, and one version."""

import re
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, jsonify, send_file
from marshmallow import Schema, fields

from bookstore_core.errors import TooLargeError
from bookstore_core.history import HistoryRow
from bookstore_core.history.records import VersionRecord, record_of
from bookstore_core.history.shelves import find_shelf
from bookstore_core.notebooks import Notebook
from bookstore_core.paths import check_path
from bookstore_core.stores.versions import OpenVersion
from bookstore_core.untrusted.bounds import load_json
from bookstore_web.app.operations import JSON, operation
from bookstore_web.app.schemas import (
    NAME,
    PATH,
    Count,
    Flag,
    Request,
    Text,
    VersionSchema,
    schema_of,
    shelf_field,
)
from bookstore_web.app.services import services
from bookstore_web.fields import STRICT_NUMBERS

TOO_DEEP = "It is nested too deeply to be returned as JSON. Download it."
#: What is known of a version without asking for its label and its place in a history.
RecordSchema = schema_of(VersionRecord, without=("label", "is_latest", "deleted"))
blueprint = Blueprint("versions", __name__, url_prefix="/api/bookstore")

BINARY = "application/octet-stream"
#: Characters that a file name may contain, but a header may not.
CONTROLS = re.compile("[\x00-\x1f\x7f]")


class VersionsQuery(Request):
    """Which versions to list."""

    path = Text(PATH, required=True)
    cursor = Text("The `cursor` or `earlier` of a previous page.")
    limit = Count("The most versions to return.", least=1, most=500, default=50)
    q = Text("Only versions whose label contains this in its name or comment.")
    shelf = shelf_field()


class WaitingSave(Schema):
    """A save that is not in the store yet."""

    saved_at = fields.DateTime(required=True)
    author = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "In bytes."})
    sha256 = fields.String(required=True)
    moved_from = fields.String(required=True)
    restored_from = fields.String(required=True)
    restored_path = fields.String(required=True)
    save_id = fields.String(required=True)


class Versions(Schema):
    """A page of a notebook's history, newest first."""

    path = fields.String(required=True)
    versions = fields.List(fields.Nested(VersionSchema), required=True)
    waiting = fields.List(
        fields.Nested(WaitingSave),
        required=True,
        metadata={
            "description": "On the first page: saves on this notebook server that the "
            "store does not have yet, the newest first."
        },
    )
    cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Requests older versions; null if there are none."},
    )
    earlier = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Requests versions of an earlier notebook, which had this "
            "path before this one was moved to it; null if there are none."
        },
    )


class RunsQuery(Request):
    """Whose runs to list."""

    path = Text(PATH, required=True)
    cursor = Text("The `cursor` of a previous page.")
    limit = Count("The most runs to return.", least=1, most=500, default=50)
    shelf = shelf_field()


class KeptRunSchema(RecordSchema):  # type: ignore[valid-type,misc]
    """A run: a version of the notebook at this path of this shelf."""

    shelf = fields.String(required=True)


class Runs(Schema):
    """A page of the runs of a notebook, newest first."""

    path = fields.String(required=True)
    shelf = fields.String(required=True)
    runs = fields.List(fields.Nested(KeptRunSchema), required=True)
    cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Requests older runs; null if there are none."},
    )


class VersionQuery(Request):
    """Which version to return."""

    path = Text(PATH, required=True)
    version_id = Text(f"{NAME} Empty: the newest.")
    download = Flag("1 returns the exact bytes, as an attachment.")
    shelf = shelf_field()


class VersionContent(VersionSchema):  # type: ignore[valid-type,misc]
    """A version and the notebook in it."""

    content = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "The notebook; null if it is not a notebook."},
    )
    reason = fields.String(
        required=True,
        metadata={"description": "Why `content` is null, else empty."},
    )


@blueprint.get("/versions")
@operation(query=VersionsQuery, answer=Versions, errors=(404,))
def versions(wanted: dict[str, Any]) -> dict[str, Any]:
    """List the versions of a notebook, newest first.

    The history continues across renames: a version with `moved_from` is the first one
    under its path, and those listed after it are under the old path. With `q`, a page
    may have no versions and still a cursor.
    """
    found = services().versions(
        find_shelf(wanted["shelf"]),
        wanted["path"],
        cursor=wanted["cursor"],
        limit=wanted["limit"],
        q=wanted["q"],
    )
    page = found.stored
    return {
        "path": wanted["path"].strip("/"),
        "versions": [record_of(row) for row in page.rows],
        "waiting": [{**vars(save), **vars(save.metadata)} for save in found.waiting],
        "cursor": page.cursor,
        "earlier": page.earlier,
    }


@blueprint.get("/runs")
@operation(query=RunsQuery, answer=Runs)
def runs(wanted: dict[str, Any]) -> dict[str, Any]:
    """List your runs of a notebook, newest first, wherever they are kept.

    A page may have fewer runs than asked for, even none, and still a cursor. A
    notebook without runs has an empty list, as one that does not exist.
    """
    shelf = find_shelf(wanted["shelf"])
    path = check_path(wanted["path"])
    found = services().runs(shelf, path, limit=wanted["limit"], cursor=wanted["cursor"])
    return {
        "path": path,
        "shelf": shelf.name,
        "runs": [
            {**vars(record_of(kept.row)), "shelf": kept.shelf.name}
            for kept in found.runs
        ],
        "cursor": found.cursor,
    }


@blueprint.get("/version")
@operation(
    query=VersionQuery,
    answer=VersionContent,
    media_types=(JSON, BINARY),
    errors=(404, 413),
)
def version(wanted: dict[str, Any]) -> Response:
    """Return a version and its notebook, or its exact bytes."""
    history = services().history(find_shelf(wanted["shelf"]))
    if wanted["download"]:
        return _attachment(*history.stream(wanted["path"], wanted["version_id"]))
    try:
        row, data = history.open(wanted["path"], wanted["version_id"])
    except TooLargeError as error:
        raise TooLargeError(f"{error} Download it: add download=1.") from None
    content, reason = notebook_in(data)
    answer = {**vars(record_of(row)), "content": content, "reason": reason}
    try:
        return jsonify(VersionContent().dump(answer))
    except RecursionError:
        answer |= {"content": None, "reason": TOO_DEEP}
        return jsonify(VersionContent().dump(answer))


class _Reader:
    """Reads the pieces of an open version, as a file for `send_file`."""

    def __init__(self, opened: OpenVersion) -> None:
        self._opened = opened
        self._pieces: Iterator[bytes] = opened.pieces()

    def read(self, size: int = -1) -> bytes:
        """Return the next piece; it may be larger than `size`."""
        return next(self._pieces, b"")

    def close(self) -> None:
        self._opened.body.close()


def _attachment(row: HistoryRow, opened: OpenVersion) -> Response:
    """Return the content of a version, which is sent piece by piece.

    If it turns out not to be what was saved, the answer ends early.
    """
    name = CONTROLS.sub("_", row.path.rpartition("/")[2])
    response = send_file(
        _Reader(opened),  # type: ignore[arg-type]
        mimetype=BINARY,
        as_attachment=True,
        download_name=name,
    )
    response.content_length = opened.version.size
    return response


def notebook_in(data: bytes) -> tuple[Notebook | None, str]:
    """Return the notebook, or None and a sentence that states why it is not one.

    The notebook may be invalid. A content with numbers that JSON does not have, such as
    NaN, is not a notebook, because clients could not read it.
    """
    try:
        content = load_json(data, **STRICT_NUMBERS)
    except TooLargeError as error:
        return None, f"{error} Download it."
    except UnicodeDecodeError:
        return None, "It is binary data, not a notebook. Download it."
    except RecursionError:
        return None, TOO_DEEP
    except ValueError as error:
        kind = "text" if data else "empty"
        return None, f"It is {kind}, not a notebook ({error}). Download it."
    if not isinstance(content, dict) or type(content.get("nbformat")) is not int:
        return None, "It is not a notebook: it has no 'nbformat'. Download it."
    return content, ""
