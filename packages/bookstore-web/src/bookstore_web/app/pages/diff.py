"""The page that compares two versions of a notebook, or a version and the file."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.datastructures import MultiDict

from bookstore_core.diff.notebooks import NotebookDiff
from bookstore_core.errors import InvalidRequestError
from bookstore_web.app.pages.links import Shelved, shelved
from bookstore_web.app.services import services
from bookstore_web.fields import optional_field
from bookstore_web.rendering.document import FRAME_SANDBOX
from bookstore_web.versions.diff import FILE, ComparedSide, ComparisonRequest

blueprint = Blueprint("diff", __name__)

NEWEST = "@0"


@dataclass(frozen=True)
class Switch:
    """A link to another comparison."""

    name: str
    url: str
    is_current: bool = False


@blueprint.get("/bookstore/diff")
def diff() -> Response:
    """Show what changed between two versions."""
    here = shelved(request.args.to_dict())
    wanted = _wanted(here, request.args)
    base, remote, found = services().changes(here.shelf).diff(wanted)
    page = render_template(
        "diff.html",
        here=here,
        base=base,
        remote=remote,
        diff=found,
        frame_sandbox=FRAME_SANDBOX,
        sentence=_sentence(found),
        switches=tuple(_switches(here, base, remote)),
    )
    return make_response(page)


def _wanted(here: Shelved, query: MultiDict[str, str]) -> ComparisonRequest:
    fields = query.to_dict()
    # Two versions chosen in the list, the newer one first.
    picks = list(dict.fromkeys(query.getlist("pick")))
    if picks and len(picks) != 2:
        raise InvalidRequestError("Choose two versions to compare them.")
    if picks:
        fields |= {"base": picks[1], "remote": picks[0]}
    names = ("base", "remote", "base_path", "remote_path")
    return ComparisonRequest(
        here.path, *(optional_field(fields, name) for name in names)
    )


def _sentence(diff: NotebookDiff) -> str:
    if diff.summary.is_empty:
        return "The two are the same."
    words = diff.summary.sentence
    return f"{words[:1].upper()}{words[1:]}."


def _switches(
    here: Shelved, base: ComparedSide, remote: ComparedSide
) -> Iterator[Switch]:
    if remote.version_id:
        yield Switch(
            "With the previous version",
            here.link("bookstore/diff", remote=remote.version_id),
        )
    if base.version_id:
        yield Switch(
            "With the newest version",
            here.link("bookstore/diff", base=base.version_id, remote=NEWEST),
        )
        if here.can_restore:
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
