"""GET /api/bookstore/versions and version, PUT label: a notebook's history."""

import io
import json
import re
from typing import Any

from flask import Blueprint, Response, jsonify, send_file
from marshmallow import Schema, fields

from bookstore_core.history.records import record_of
from bookstore_core.history.shelves import find_shelf
from bookstore_core.notebooks import Notebook
from bookstore_web.app.operations import JSON, operation
from bookstore_web.app.schemas import (
    NAME,
    PATH,
    Count,
    Flag,
    Request,
    Text,
    VersionSchema,
    shelf_field,
)
from bookstore_web.app.services import services
from bookstore_web.fields import STRICT_NUMBERS

TOO_DEEP = "It is nested too deeply to be answered. Download it."
blueprint = Blueprint("versions", __name__, url_prefix="/api/bookstore")

BINARY = "application/octet-stream"
#: What no header can hold, and a file name may.
CONTROLS = re.compile("[\x00-\x1f\x7f]")


class VersionsQuery(Request):
    """Which versions to list."""

    path = Text(PATH, required=True)
    cursor = Text("Where to go on, as an answer before this one said.")
    limit = Count("How many at most.", least=1, most=500, default=50)
    q = Text("Only versions whose label has this in its name or comment.")
    shelf = shelf_field()


class Versions(Schema):
    """A page of a notebook's history, newest first."""

    path = fields.String(required=True)
    versions = fields.List(fields.Nested(VersionSchema), required=True)
    cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Asks for older versions; null: these are all."},
    )
    earlier = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Asks for versions of an earlier notebook that had this "
            "very path before the one that was moved here; null: there are none."
        },
    )


class VersionQuery(Request):
    """Which version to look at."""

    path = Text(PATH, required=True)
    version_id = Text(f"{NAME} Empty: the newest.")
    download = Flag("1 for the bytes as they are, as an attachment.")
    shelf = shelf_field()


class VersionContent(VersionSchema):  # type: ignore[valid-type,misc]
    """A version and the notebook in it."""

    content = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "The notebook; null where it is none."},
    )
    reason = fields.String(
        required=True,
        metadata={"description": "What it is where it is no notebook, else empty."},
    )


@blueprint.get("/versions")
@operation(query=VersionsQuery, answer=Versions, errors=(404,))
def versions(wanted: dict[str, Any]) -> dict[str, Any]:
    """List the versions of a notebook, newest first.

    The history goes on where the notebook had another path: a version with
    `moved_from` is the first one under its path, and those after it are under the old
    one. With `q` a page may have no versions and a cursor.
    """
    history = services().history(find_shelf(wanted["shelf"]))
    page = history.page(
        wanted["path"],
        cursor=wanted["cursor"] or None,
        limit=wanted["limit"],
        q=wanted["q"],
    )
    return {
        "path": wanted["path"].strip("/"),
        "versions": [record_of(row) for row in page.rows],
        "cursor": page.cursor,
        "earlier": page.earlier,
    }


@blueprint.get("/version")
@operation(
    query=VersionQuery,
    answer=VersionContent,
    media_types=(JSON, BINARY),
    errors=(404, 413),
)
def version(wanted: dict[str, Any]) -> Response:
    """Answer a version and the notebook in it, or its bytes as they are."""
    history = services().history(find_shelf(wanted["shelf"]))
    row, data = history.open(wanted["path"], wanted["version_id"])
    name = row.path.rpartition("/")[2]
    if wanted["download"]:
        return send_file(
            io.BytesIO(data),
            mimetype=BINARY,
            as_attachment=True,
            download_name=CONTROLS.sub("_", name),
        )
    content, reason = notebook_in(data)
    answer = {**vars(record_of(row)), "content": content, "reason": reason}
    try:
        return jsonify(VersionContent().dump(answer))
    except RecursionError:
        answer |= {"content": None, "reason": TOO_DEEP}
        return jsonify(VersionContent().dump(answer))


def notebook_in(data: bytes) -> tuple[Notebook | None, str]:
    """Return the notebook in a content, or None and a sentence that says what it is.

    Whether it is a valid one does not matter. Numbers that JSON does not have make it
    none: no client could read them.
    """
    try:
        content = json.loads(data.decode("utf-8"), **STRICT_NUMBERS)
    except UnicodeDecodeError:
        return None, "It is binary data and no notebook. Download it."
    except RecursionError:
        return None, TOO_DEEP
    except ValueError as error:
        kind = "text" if data else "empty"
        return None, f"It is {kind} and no notebook ({error}). Download it."
    if not isinstance(content, dict) or type(content.get("nbformat")) is not int:
        return None, "It is JSON and no notebook: it has no 'nbformat'. Download it."
    return content, ""
