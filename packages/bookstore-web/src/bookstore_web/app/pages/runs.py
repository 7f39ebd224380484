"""The page of a notebook's runs, wherever they are kept."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from flask import Blueprint, Response, make_response, render_template, request

from bookstore_core.moments import say_date
from bookstore_web.app.pages.links import shelved
from bookstore_web.app.pages.rows.bursts import of_one_minute
from bookstore_web.app.services import services
from bookstore_web.fields import optional_field
from bookstore_web.rendering.policy import FRAME_SANDBOX
from bookstore_web.versions.runs import KeptRun, KeptRuns

blueprint = Blueprint("runs", __name__)

#: Runs on a page; each costs a request to the store, besides the listing.
PAGE = 50


@dataclass(frozen=True)
class Day:
    """The runs of a day in UTC, newest first."""

    date: date
    runs: tuple[KeptRun, ...]

    @property
    def said(self) -> str:
        """The date in words."""
        return say_date(self.date)


@blueprint.get("/bookstore/runs")
def runs() -> Response:
    """Show a page of a notebook's runs, newest first."""
    fields = request.args.to_dict()
    here = shelved(fields)
    cursor = optional_field(fields, "cursor")
    found = services().runs(here.shelf, here.path, limit=PAGE, cursor=cursor)
    page = render_template(
        "runs.html",
        here=here,
        days=_days(found),
        times={},
        sources=services().sources(
            kept.row.run for kept in found.runs if kept.row.run is not None
        ),
        frame_sandbox=FRAME_SANDBOX,
        cursor=found.cursor,
        is_later_page=bool(cursor),
        precise=of_one_minute([kept.row for kept in found.runs]),
        large=frozenset(),
    )
    return make_response(page)


def _days(found: KeptRuns) -> tuple[Day, ...]:
    days = groupby(found.runs, key=lambda kept: kept.row.saved_at.date())
    return tuple(Day(day, tuple(runs)) for day, runs in days)
