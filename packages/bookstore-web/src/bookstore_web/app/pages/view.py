"""The page of one version: its metadata, its content, and buttons to use it."""

from dataclasses import dataclass, replace

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from bookstore_core.errors import NotFoundError, TooLargeError
from bookstore_core.history import PUBLISHED, History, HistoryRow
from bookstore_core.history.removals import say_removal
from bookstore_core.paths import check_path
from bookstore_core.runs.again import command_of
from bookstore_core.runs.run import FAILED
from bookstore_core.settings import validate_bookstore
from bookstore_core.stores import Version
from bookstore_web.app.context import author, context
from bookstore_web.app.pages.links import Shelved, shelved
from bookstore_web.app.pages.notices import notice_of
from bookstore_web.app.services import services
from bookstore_web.fields import optional_field
from bookstore_web.rendering.document import Prepared
from bookstore_web.rendering.policy import FRAME_SANDBOX
from bookstore_web.sharing.clone import CloneSource
from bookstore_web.versions.executed import Executed, executed_in

blueprint = Blueprint("view", __name__)


@dataclass(frozen=True)
class ShownRun:
    """What is shown of a run: its parameters and its failed cell, and the command."""

    executed: Executed
    command: str
    failed_cell_url: str


@dataclass(frozen=True)
class GivenLinks:
    """The links by which others open a version; `clone_url` is for the reader."""

    url: str
    newest_url: str
    clone_url: str
    is_public: bool


@blueprint.get("/bookstore/view")
def view() -> BaseResponse:
    """Show a version, by default the newest.

    If it is not in this notebook's history, redirect to `version_path` if given: a copy
    records the version that it was made from.
    """
    fields = request.args.to_dict()
    here = shelved(fields)
    history = services().history(here.shelf)
    version_id = optional_field(fields, "version_id")
    try:
        row, shown, data = _open(history, here.path, version_id)
    except NotFoundError:
        if not (path := optional_field(fields, "version_path")):
            raise
        there = here.elsewhere(check_path(path), shelf=here.shelf)
        return redirect(there.link("bookstore/view", version_id=version_id))
    given = _given(row)
    removal = _removal(here, row)
    page = render_template(
        "view.html",
        here=here,
        row=row,
        times={},
        sources=services().sources([row.run]) if row.run else {},
        run=_run(here, row, data) if row.run else None,
        shown=shown,
        frame_sandbox=FRAME_SANDBOX,
        notice=notice_of(here, fields),
        clone_url=given.clone_url if given and here.shelf == PUBLISHED else "",
        given=given,
        can_publish=_can_publish(here, shown, removal),
        removal=say_removal(here.name, removal) if removal else "",
        can_unpublish=_can_unpublish(here, row),
        xsrf_token=context().xsrf_token,
    )
    return make_response(page)


def _open(history: History, path: str, name: str) -> tuple[HistoryRow, Prepared, bytes]:
    """Return a version, what is shown of it, and its content, if not too large."""
    try:
        row, data = history.open(path, name)
    except TooLargeError:
        reason = "This version is too large."
        return history.find(path, name), Prepared("binary", reason=reason), b""
    return row, services().views.describe(data), data


def _run(here: Shelved, row: HistoryRow, data: bytes) -> ShownRun:
    """Return what is shown of a run, some of it from its notebook."""
    run = row.run
    assert run is not None
    try:
        read = services().pool.run(executed_in, data)
    except TooLargeError:
        read = Executed()
    executed = read if run.cut else Executed.of(run.parameters, read.failed_cell)
    source, url = here.source_of(run), ""
    if run.outcome == FAILED and executed.failed_cell is not None:
        there = here.elsewhere(row.path, shelf=here.shelf)
        url = there.link(
            "bookstore/view/content",
            version_id=row.version.version_id,
            cell=executed.failed_cell,
        )
    command = ""
    if source and run.version:
        command = command_of(source.shelf, source.path, run.version, executed.given)
    return ShownRun(executed, command, url)


def _removal(here: Shelved, row: HistoryRow) -> Version | None:
    """Return what took a published notebook off its shelf, if anything did."""
    if here.shelf != PUBLISHED or row.version.is_latest:
        return None
    return services().removals().of(row.version.key)


def _can_publish(here: Shelved, shown: Prepared, removal: Version | None) -> bool:
    features = validate_bookstore(services().settings)
    is_published = here.shelf == PUBLISHED and removal is None
    return features["publish_valid"] and shown.kind == "notebook" and not is_published


def _can_unpublish(here: Shelved, row: HistoryRow) -> bool:
    if here.shelf != PUBLISHED or not row.version.is_latest:
        return False
    return bool(row.author) and row.author == author()


def _given(row: HistoryRow) -> GivenLinks | None:
    """Return the links for other people; None if it is too large to be cloned."""
    version = row.version
    if version.size > services().settings.max_notebook_size:
        return None
    newest = CloneSource(version.bucket, version.key)
    page = replace(newest, version_id=version.version_id).page
    return GivenLinks(
        url=context().link(page),
        newest_url=context().link(newest.page),
        clone_url=context().base_url + page,
        is_public=context().is_public,
    )
