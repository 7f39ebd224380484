"""The history page: the versions of a notebook."""

from collections.abc import Sequence

from flask import Blueprint, Response, make_response, render_template, request

from bookstore_core.clock import utc_now
from bookstore_core.errors import VersionNotFoundError
from bookstore_core.history import History, HistoryPage, HistoryRow
from bookstore_web.app.context import context
from bookstore_web.app.pages.links import Shelved, shelved
from bookstore_web.app.pages.notices import notice_of
from bookstore_web.app.pages.rows.bursts import (
    Day,
    days_of,
    days_of_some,
    of_one_minute,
)
from bookstore_web.app.services import services
from bookstore_web.fields import optional_field
from bookstore_web.library.library import KeptNotebook
from bookstore_web.rendering.policy import FRAME_SANDBOX
from bookstore_web.versions.runs import KeptRuns
from bookstore_web.versions.weeks import LISTED, Strip, strip_of

blueprint = Blueprint("history", __name__)

#: Versions on a page; each costs a request to the store, besides the listing.
PAGE = 50
#: Runs that are shown above them.
SHOWN_RUNS = 3


@blueprint.get("/bookstore/history")
def history() -> Response:
    """Show a page of a notebook's versions, newest first."""
    fields = request.args.to_dict()
    here = shelved(fields)
    q, cursor = optional_field(fields, "q"), optional_field(fields, "cursor")
    known = services().history(here.shelf)
    look = 0 if q or cursor else LISTED
    page = services().versions(
        here.shelf, here.path, cursor=cursor, limit=PAGE, q=q, look=look
    )
    found = page.stored
    last = None if q else _before(known, found)
    if q:
        days = days_of_some(found, first=_first(known, found))
    else:
        days = days_of(found, before=last)
    text = render_template(
        "history.html",
        here=here,
        days=days,
        newest=next((row for row in found.rows if not row.version.deleted), None),
        place=None if q or cursor else _place(here, found.rows),
        strip=_strip(here, found, days),
        times={row.version.version_id: row.saved_at for row in found.rows},
        precise=of_one_minute(found.rows),
        author=_only_author(found.rows),
        frame_sandbox=FRAME_SANDBOX,
        large=_large((*found.rows, *([last] if isinstance(last, HistoryRow) else ()))),
        runs=None if q or cursor else _runs(here),
        sources={},
        waiting=page.waiting,
        newest_fits=_newest_fits(found.rows),
        q=q,
        cursor=found.cursor,
        earlier=found.earlier,
        notice=notice_of(here, fields),
        is_later_page=bool(cursor),
        xsrf_token=context().xsrf_token,
    )
    return make_response(text)


def _runs(here: Shelved) -> KeptRuns:
    """Return the newest runs of the notebook."""
    return services().runs(here.shelf, here.path, limit=SHOWN_RUNS)


def _place(here: Shelved, rows: Sequence[HistoryRow]) -> KeptNotebook | None:
    """Return where the notebook is now; None if there is no server that has it."""
    if not (here.can_restore and rows and rows[0].path == here.path):
        return None
    return services().library(here.shelf).whereabouts(rows[0].version)


def _strip(here: Shelved, page: HistoryPage, days: Sequence[Day]) -> Strip | None:
    return strip_of(
        page.activity,
        now=utc_now(),
        shown={day.date for day in days},
        link=lambda cursor: here.link("bookstore/history", cursor=cursor),
    )


def _only_author(rows: Sequence[HistoryRow]) -> str:
    """Return who saved all of the versions; empty if there are several, or one row."""
    authors = [row.author for row in rows if not row.version.deleted]
    return authors[0] if len(authors) > 1 and len(set(authors)) == 1 else ""


def _large(rows: Sequence[HistoryRow]) -> frozenset[str]:
    """Return the ids of versions that are too large to be shown or compared."""
    most = services().settings.max_notebook_size
    return frozenset(row.version.version_id for row in rows if row.version.size > most)


def _newest_fits(rows: Sequence[HistoryRow]) -> bool:
    """Return False if the newest version is among the rows and is too large."""
    most = services().settings.max_notebook_size
    return not any(row.version.is_latest and row.version.size > most for row in rows)


def _first(known: History, page: HistoryPage) -> HistoryRow | None:
    """Return the last row of what a search has found if none is before it."""
    last = page.rows[-1] if page.rows and page.cursor is None else None
    return None if last is None or known.has_older(last) else last


def _before(known: History, page: HistoryPage) -> HistoryRow | str | None:
    """Return the version before a page, None for none, "" if not known."""
    if page.cursor is None or not page.rows:
        return None
    try:
        return known.before(page.rows[-1])
    except VersionNotFoundError:
        return ""
