"""GET /api/bookstore/diff: compare two versions, or a version and the file."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify
from marshmallow import fields

from bookstore_core.diff.notebooks import ChangeSummary, NotebookDiff
from bookstore_core.history.shelves import find_shelf
from bookstore_web.app.operations import operation
from bookstore_web.app.schemas import (
    NAME,
    PATH,
    Flag,
    Request,
    Text,
    schema_of,
    shelf_field,
)
from bookstore_web.app.services import services
from bookstore_web.versions.diff import FILE, ComparedSide, ComparisonRequest

blueprint = Blueprint("diff", __name__, url_prefix="/api/bookstore")

SEAM = "The path of that version, if it differs: it is older than a rename."


class DiffQuery(Request):
    """Which two to compare."""

    path = Text(PATH, required=True)
    base = Text(f"The older version. {NAME} Empty: the one before `remote`.")
    remote = Text(
        f"The newer version. {NAME} Empty: the newest. `{FILE}`: the current file on "
        "the caller's server."
    )
    base_path = Text(SEAM)
    remote_path = Text(SEAM)
    summary = Flag("1 returns only the summary, which is faster.")
    shelf = shelf_field()


SideSchema = schema_of(ComparedSide)
SummarySchema = schema_of(ChangeSummary, sentence=fields.String(required=True))
DiffSchema = schema_of(
    NotebookDiff,
    path=fields.String(required=True),
    base=fields.Nested(SideSchema, required=True),
    remote=fields.Nested(SideSchema, required=True),
    summary=fields.Nested(SummarySchema, required=True),
)


class Difference(DiffSchema):  # type: ignore[valid-type,misc]
    """The differences; with `summary=1` only the first four members."""


for name in NotebookDiff.__dataclass_fields__:
    if name != "summary":
        Difference._declared_fields[name].required = False


@blueprint.get("/diff")
@operation(query=DiffQuery, answer=Difference, errors=(404, 409, 413))
def diff(wanted: dict[str, Any]) -> Response:
    """Compare two versions of a notebook, or a version and the current file."""
    changes = services().changes(find_shelf(wanted["shelf"]))
    comparison = ComparisonRequest(
        path=wanted["path"],
        base=wanted["base"],
        remote=wanted["remote"],
        base_path=wanted["base_path"],
        remote_path=wanted["remote_path"],
    )
    answer: dict[str, Any] = {"path": wanted["path"].strip("/")}
    if wanted["summary"]:
        base, remote, summary = changes.summary(comparison)
        answer["summary"] = {**asdict(summary), "sentence": summary.sentence}
    else:
        base, remote, found = changes.diff(comparison)
        answer |= found.as_json()
    sides = {"base": SideSchema().dump(base), "remote": SideSchema().dump(remote)}
    return jsonify(answer | sides)
