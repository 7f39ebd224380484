"""The home page: notebooks on a shelf, recent saves, and saves waiting for upload."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from bookstore_core.clock import utc_now
from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    StorageUnavailableError,
)
from bookstore_core.history import PUBLISHED, WORKSPACE, Shelf
from bookstore_core.humanize import say_span
from bookstore_core.paths import s3_display_path
from bookstore_core.settings import validate_bookstore
from bookstore_core.spool.report import SpoolReport, report_spool
from bookstore_core.spool.try_now import try_and_wait
from bookstore_web.app.context import context
from bookstore_web.app.failures import headers_of, status_of
from bookstore_web.app.finds import (
    Finds,
    find_notebooks,
    latest_notebooks,
    where_they_are,
    with_clones,
)
from bookstore_web.app.pages.links import (
    TITLES,
    Crumb,
    Shelved,
    address,
    shelf_fields,
    shelf_in,
    shelved,
    trail_of,
)
from bookstore_web.app.services import services
from bookstore_web.fields import optional_field
from bookstore_web.library.latest import SHORT_SCAN
from bookstore_web.library.library import KeptNotebook, Library, LibraryPage

blueprint = Blueprint("home", __name__)

#: Notebooks on a page.
PAGE = 200
#: Notebooks on a page of a search, each with a cell.
FOUND = 20
#: Recent notebooks that are shown above them, if the shelf has more than the second
#: number. Cards take more room than rows.
RECENT = {WORKSPACE: (5, 5), PUBLISHED: (3, 9)}
#: How long something published is new, and how much of it is shown.
WEEK, MOST_NEW = timedelta(days=7), 6
#: Recent notebooks that are shown to who asks for them.
ASKED = 20


@dataclass(frozen=True)
class HomeQuery:
    """What is shown of a shelf: a folder, or the results of a search in a folder.

    If it is `recent`, the notebooks saved last are found however long that takes.
    """

    shelf: Shelf
    base_url: str
    prefix: str = ""
    q: str = ""
    cursor: str = ""
    recent: bool = False

    @property
    def trail(self) -> tuple[Crumb, ...]:
        """The links from the shelf to the folder."""
        return trail_of(self.shelf, self.prefix, base_url=self.base_url)

    def link(self, **query: Any) -> str:
        """Return the address of another page of this shelf."""
        kept = shelf_fields(self.shelf)
        return address(self.base_url, "bookstore/", **kept, **query)

    def notebook(self, path: str) -> Shelved:
        """Return a notebook on this shelf, for the addresses of its pages."""
        return shelved({"path": path, **shelf_fields(self.shelf)})

    def find(self, library: Library) -> LibraryPage:
        """Return the folders and notebooks to show."""
        cursor = self.cursor or None
        if self.q:
            return library.search(self.q, self.prefix, cursor=cursor, limit=PAGE)
        return library.folder(self.prefix, cursor=cursor, limit=PAGE)

    @property
    def is_top(self) -> bool:
        """Whether it is the first page of the whole shelf."""
        return not (self.prefix or self.q or self.cursor)


@blueprint.get("/bookstore/")
def home() -> Response:
    """Show a shelf: its folders and notebooks, and recently saved notebooks."""
    look = _look(request.args.to_dict())
    problem: BookstoreError | None = None
    found = recent = LibraryPage(())
    searched = Searched()
    try:
        library = services().library(look.shelf)
        searched = _search(look) if look.q else searched
        if searched.finds is None:
            found = with_clones(look.find(library), look.shelf)
        recent = _recent(look) if look.is_top else recent
    except BookstoreError as error:
        problem = error
    response = make_response(_render(look, found, recent, problem, searched))
    # A store that is not configured yet is not a failure.
    if problem and type(problem) is not ConfigurationError:
        response.status_code = status_of(problem)
        response.headers.update(headers_of(problem))
    return response


@dataclass(frozen=True)
class Searched:
    """What a search in the catalogue has found; if nothing was asked of it, why.

    `places` says where the notebooks are now, by their paths.
    """

    finds: Finds | None = None
    places: Mapping[str, KeptNotebook] = field(default_factory=dict)
    away: str = ""


def _search(look: HomeQuery) -> Searched:
    """Search the catalogue; if it cannot be used now, paths are searched instead."""
    try:
        finds = find_notebooks(
            look.q,
            shelf=look.shelf,
            folder=look.prefix,
            cursor=look.cursor,
            limit=FOUND,
        )
    except (StorageUnavailableError, ConfigurationError) as error:
        return Searched(away=str(error))
    if look.shelf != WORKSPACE:
        return Searched(finds)
    return Searched(finds, where_they_are(finds, look.shelf))


def _shelves() -> list[Shelf]:
    """Return the shelves whose prefix is set; both shelves if neither is set."""
    settings = services().settings
    return [shelf for shelf in TITLES if shelf.prefix(settings)] or list(TITLES)


def _look(fields: Mapping[str, Any]) -> HomeQuery:
    return HomeQuery(
        shelf=shelf_in(fields) if fields.get("shelf") else _shelves()[0],
        base_url=context().base_url,
        prefix=optional_field(fields, "prefix").strip("/"),
        q=optional_field(fields, "q").strip(),
        cursor=optional_field(fields, "cursor"),
        recent=optional_field(fields, "recent") == "1",
    )


def _recent(look: HomeQuery) -> LibraryPage:
    """Return the notebooks saved last; none if the whole shelf is hardly longer.

    Of a shelf that is too long to be scanned unasked, none are returned either, and
    the page is `truncated`. What was published this week comes whole, up to a row more.
    """
    most, least = (ASKED, 0) if look.recent else RECENT[look.shelf]
    scan = None if look.recent else SHORT_SCAN
    recent = latest_notebooks(look.shelf, limit=max(most, least + 1), most=scan)
    if recent.truncated and not look.recent:
        return LibraryPage((), truncated=True)
    if len(recent.notebooks) <= least:
        return LibraryPage(())
    if look.shelf == PUBLISHED and not look.recent:
        most = max(most, min(MOST_NEW, sum(map(is_new, recent.notebooks))))
    return replace(recent, notebooks=recent.notebooks[:most])


def is_new(kept: KeptNotebook) -> bool:
    """Return whether a notebook was stored this week."""
    return utc_now() - kept.saved_at < WEEK


def _render(
    look: HomeQuery,
    found: LibraryPage,
    recent: LibraryPage,
    problem: BookstoreError | None,
    searched: Searched,
) -> str:
    settings = services().settings
    return render_template(
        "home.html",
        look=look,
        shelves={shelf: TITLES[shelf] for shelf in _shelves()},
        found=found,
        recent=recent,
        all_new=all(map(is_new, recent.notebooks)),
        problem=problem,
        searched=searched,
        spool=say_spool(report_spool(settings)),
        location=_location(),
        features=validate_bookstore(settings),
        workspace=s3_display_path(_bucket(), settings.workspace_prefix),
        published=s3_display_path(_bucket(), settings.published_prefix),
        settings=settings,
        xsrf_token=context().xsrf_token,
    )


def _bucket() -> str:
    try:
        return services().settings.bucket
    except BookstoreError:
        return ""  # a service says its bucket's name, and this one does not answer


def _location() -> str:
    try:
        return services().open_store(hurried=True).location
    except BookstoreError:
        return ""


@blueprint.post("/bookstore/drain")
def drain() -> BaseResponse:
    """Have waiting saves tried now, and show the page again that the form was on."""
    if services().launch is None:
        raise ConfigurationError(
            "This bookstore app runs without a notebook server: no saves wait here."
        )
    fields = request.form.to_dict()
    try_and_wait(services().settings.spool_dir)
    if optional_field(fields, "path"):
        return redirect(shelved(fields).link("bookstore/history"), code=303)
    base_url, shelf = context().base_url, shelf_in(fields)
    return redirect(address(base_url, "bookstore/", **shelf_fields(shelf)), code=303)


@dataclass(frozen=True)
class SpoolLine:
    """What the home page shows about waiting saves; `state` selects the style.

    `can_try` is whether an attempt has failed, so that it may be tried again now, and
    `next_attempt` when it is tried again by itself, if that is known.
    """

    state: str  # good, busy or bad
    sentence: str
    can_try: bool = False
    next_attempt: datetime | None = None


def say_spool(report: SpoolReport) -> SpoolLine:
    """Return the line for a report."""
    waiting = report.pending + report.in_flight
    can_try = bool(waiting and report.last_error)
    following = report.next_attempt if can_try else None
    if following is not None and following < utc_now():
        following = None  # nothing sends them now, or it is just tried
    if not report.ok:
        return SpoolLine("bad", " ".join(_once(report.problems)), can_try, following)
    if not waiting and report.last_success:
        return SpoolLine("good", "All saves are uploaded to the store.")
    if not waiting:
        return SpoolLine("good", "No saves are waiting for upload.")
    saves = "1 save is" if waiting == 1 else f"{waiting} saves are"
    since = ""
    if report.oldest_age_seconds is not None:
        since = f" (the oldest for {say_span(report.oldest_age_seconds)})"
    sentence = f"{saves} waiting for upload{since}."
    return SpoolLine("busy", sentence, can_try, following)


def _once(problems: Sequence[str]) -> list[str]:
    """Return the problems without those that another one repeats."""
    return [
        problem
        for problem in problems
        if not any(problem in other for other in problems if other != problem)
    ]
