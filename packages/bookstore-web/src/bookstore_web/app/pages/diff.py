"""The page that compares two versions of a notebook, or a version and the file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.datastructures import MultiDict

from bookstore_core.diff.notebooks import CellDiff, NotebookDiff
from bookstore_core.diff.outputs import Output, OutputDiff
from bookstore_core.errors import InvalidRequestError, VersionNotFoundError
from bookstore_core.history.shelves import find_shelf
from bookstore_core.paths import check_path
from bookstore_web.app.pages.links import Shelved, shelved
from bookstore_web.app.services import services
from bookstore_web.confined.pool import confined
from bookstore_web.fields import optional_field, text_field
from bookstore_web.rendering.images import IMAGES, image_in
from bookstore_web.rendering.policy import FRAME_SANDBOX
from bookstore_web.versions.diff import (
    FILE,
    Changes,
    ComparedSide,
    ComparisonRequest,
)

blueprint = Blueprint("diff", __name__)

NEWEST = "@0"
#: Consecutive unchanged cells that can be opened on the page.
MOST_OPENED = 20
#: What a browser may do with an image that is opened by itself: nothing.
IMAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@dataclass(frozen=True)
class Switch:
    """A link to another comparison."""

    name: str
    url: str
    is_current: bool = False


@dataclass(frozen=True)
class Compared:
    """What the page shows: two versions, and links about each of them."""

    here: Shelved
    base: ComparedSide
    remote: ComparedSide
    diff: NotebookDiff

    @property
    def sentence(self) -> str:
        """What changed."""
        if self.diff.summary.is_empty:
            return "The two are the same."
        words = self.diff.summary.sentence
        return f"{words[:1].upper()}{words[1:]}."

    @property
    def equality(self) -> str:
        """In what the two are the same; empty if something changed."""
        if not self.diff.summary.is_empty:
            return ""
        if self.base.sha256 and self.base.sha256 == self.remote.sha256:
            return "Their files are equal byte for byte."
        return "At most the times and numbers of runs of cells differ."

    def content(self, side: ComparedSide, cell: int | None) -> str:
        """Return the address of the document that shows a cell; empty if none does."""
        if cell is None or not side.version_id:
            return ""
        there = self.here.elsewhere(side.path, shelf=self.here.shelf)
        version = side.version_id
        return there.link("bookstore/view/content", version_id=version, cell=cell)

    def image(self, side: ComparedSide, cell: int | None, output: Output | None) -> str:
        """Return the address of the image in an output; empty if it has none."""
        if cell is None or output is None or not has_image(output):
            return ""
        there = self.here.elsewhere(side.path, shelf=self.here.shelf)
        return there.link(
            "bookstore/diff/image",
            version_id=side.version_id or FILE,
            cell=cell,
            output=output.index,
        )

    def unchanged(self, cell: CellDiff) -> list[str]:
        """Return the addresses of the documents of consecutive unchanged cells."""
        side, first = self.remote, cell.remote_index
        if not side.version_id:
            side, first = self.base, cell.base_index
        if first is None or cell.count > MOST_OPENED or not side.version_id:
            return []
        return [self.content(side, first + number) for number in range(cell.count)]


@dataclass(frozen=True)
class _Named:
    version_id: str
    shelf: str
    path: str


@blueprint.get("/bookstore/diff")
def diff() -> Response:
    """Show what changed between two versions."""
    here = shelved(request.args.to_dict())
    here, wanted = _chosen_runs(here, request.args) or (
        here,
        _wanted(here, request.args),
    )
    changes = services().changes(here.shelf)
    try:
        base, remote, found = changes.diff(wanted)
    except VersionNotFoundError:
        if (first := changes.first(wanted)) is None:
            raise
        page = render_template("first.html", here=here, row=first)
        return make_response(page, 404)
    page = render_template(
        "diff.html",
        here=here,
        compared=Compared(here, base, remote, found),
        parameters=changes.parameters(base, remote),
        frame_sandbox=FRAME_SANDBOX,
        switches=tuple(_switches(here, base, remote, changes)),
        has_differing=found.summary.is_empty and _has_before(base, None, changes),
        is_named=bool(wanted.base),
        has_image=has_image,
        is_framed=_is_framed,
    )
    return make_response(page)


@blueprint.get("/bookstore/diff/image")
def image() -> Response:
    """Return the image in an output of a cell, of a version or of the current file."""
    fields = request.args.to_dict()
    here = shelved(fields)
    changes = services().changes(here.shelf)
    data = changes.content(here.path, text_field(fields, "version_id"))
    found = confined.run(
        image_in, data, _index(fields, "cell"), _index(fields, "output")
    )
    response = make_response(found.data)
    response.mimetype = found.mime_type
    response.headers["Content-Security-Policy"] = IMAGE_POLICY
    return response


def has_image(output: Output | None) -> bool:
    """Return whether an output contains an image that browsers show."""
    payloads = output.payloads if output else ()
    return any(payload.mime_type in IMAGES for payload in payloads)


def _is_framed(cell: CellDiff) -> bool:
    """Return whether an output changed that is more than an image or a text."""
    return any(found.kind != "unchanged" and _is_rich(found) for found in cell.outputs)


def _is_rich(found: OutputDiff) -> bool:
    """Return whether an output has more than images and a text to compare."""
    sides = [side for side in (found.base, found.remote) if side]
    if not found.text and not any(map(has_image, sides)):
        return True
    known = {"text/plain", *IMAGES}
    types = [payload.mime_type for side in sides for payload in side.payloads]
    return not known.issuperset(types)


def _index(fields: dict[str, Any], name: str) -> int:
    text = optional_field(fields, name)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidRequestError(f"{name} must be an index, counted from 0.")
    return int(text)


def _wanted(here: Shelved, query: MultiDict[str, str]) -> ComparisonRequest:
    fields = query.to_dict()
    # Two versions chosen in the list, the newer one first.
    picks = list(dict.fromkeys(query.getlist("pick")))
    if picks and len(picks) != 2:
        raise InvalidRequestError("Choose two versions to compare them.")
    if picks:
        fields |= {"base": picks[1], "remote": picks[0]}
    return ComparisonRequest(
        here.path,
        base=optional_field(fields, "base"),
        remote=optional_field(fields, "remote"),
        base_path=optional_field(fields, "base_path"),
        remote_path=optional_field(fields, "remote_path"),
        differing=True,
    )


def _chosen_runs(
    here: Shelved, query: MultiDict[str, str]
) -> tuple[Shelved, ComparisonRequest] | None:
    """Return what compares two runs chosen in a list, the newer one first, if any are.

    Each is ``ID SHELF/PATH``, because runs of one notebook may be kept in several.
    """
    runs = list(dict.fromkeys(query.getlist("run")))
    if not runs:
        return None
    if len(runs) != 2:
        raise InvalidRequestError("Choose two runs to compare them.")
    remote, base = map(_run_named, runs)
    if remote.shelf != base.shelf:
        raise InvalidRequestError("Runs on two shelves cannot be compared.")
    wanted = ComparisonRequest(
        remote.path,
        base=base.version_id,
        remote=remote.version_id,
        base_path=base.path,
        remote_path=remote.path,
    )
    return here.elsewhere(remote.path, shelf=find_shelf(remote.shelf)), wanted


def _run_named(run: str) -> _Named:
    version_id, _, place = run.partition(" ")
    shelf, _, path = place.partition("/")
    if not (version_id and shelf):
        raise InvalidRequestError("A run is named by its id, its shelf and its path.")
    return _Named(version_id, shelf, check_path(path))


def _has_before(
    side: ComparedSide, other: ComparedSide | None, changes: Changes
) -> bool:
    """Return whether a version is before this one; the store is asked if it must be."""
    if not (side.version_id and side.saved_at):
        return False  # the file
    if other and other.version_id and other.saved_at and other.saved_at < side.saved_at:
        return True
    return not changes.is_first(side)


def _switches(
    here: Shelved, base: ComparedSide, remote: ComparedSide, changes: Changes
) -> Iterator[Switch]:
    if _has_before(remote, base, changes):
        yield Switch(
            "With the version before",
            here.link("bookstore/diff", remote=remote.version_id),
        )
    if base.version_id:
        yield Switch(
            "With the newest version",
            here.link("bookstore/diff", base=base.version_id, remote=NEWEST),
        )
        if here.can_restore and not base.run:  # no file has the result of a run
            url = here.link("bookstore/diff", base=base.version_id, remote=FILE)
            yield Switch("With the current file", url, is_current=not remote.version_id)
    yield Switch(
        "Swap the two",
        here.link(
            "bookstore/diff",
            base=remote.version_id or FILE,
            remote=base.version_id or FILE,
        ),
    )
