"""The history page: what was saved of a notebook, and when."""

from flask import Blueprint, Response, make_response, render_template, request

from bookstore_web.bodies import optional_field
from bookstore_web.context import context
from bookstore_web.pages.links import shelved
from bookstore_web.pages.notices import notice_of
from bookstore_web.pages.timeline import days_of
from bookstore_web.services import services

blueprint = Blueprint("history", __name__)

#: Versions on a page: each costs a request to the store, beside one for all.
PAGE = 50


@blueprint.get("/bookstore/history")
def history() -> Response:
    """Show a page of a notebook's versions, newest first."""
    fields = request.args.to_dict()
    here = shelved(fields)
    q, cursor = optional_field(fields, "q"), optional_field(fields, "cursor")
    found = (
        services()
        .history(here.shelf)
        .page(here.path, cursor=cursor or None, limit=PAGE, q=q)
    )
    page = render_template(
        "history.html",
        here=here,
        days=days_of(found, is_whole=not q),
        times={row.version.version_id: row.saved_at for row in found.rows},
        q=q,
        cursor=found.cursor,
        earlier=found.earlier,
        notice=notice_of(here, fields),
        is_later_page=bool(cursor),
        xsrf_token=context().xsrf_token,
    )
    return make_response(page)
