"""`jupyter bookstore versions`: list the versions of a notebook."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from traitlets import Bool, Integer, Unicode

from bookstore_core.cli.notebook_verb import NotebookVerb
from bookstore_core.cli.terminal.tables import Column, show_table
from bookstore_core.errors import InvalidRequestError
from bookstore_core.history import History, HistoryPage, HistoryRow
from bookstore_core.history.records import record_of
from bookstore_core.humanize import say_size
from bookstore_core.runs.words import say_run

#: The most rows that one page requests.
PAGE = 500

COLUMNS = (
    Column("name", style="bold", right=True, whole=True),
    Column("saved", style="cyan", whole=True),
    Column("author"),
    Column("size", right=True, whole=True),
    Column("label", style="green"),
    Column("note"),
    Column("path"),
    Column("version id", style="dim", whole=True, optional=True),
)
PATH_COLUMN = 6


@dataclass(frozen=True)
class Listing:
    """Named rows, and whether there are older versions and an earlier notebook."""

    rows: tuple[tuple[str, HistoryRow], ...]
    more: bool
    earlier: bool


class VersionsApp(NotebookVerb):
    """List the versions of a notebook, newest first, including those of older paths.

    PATH is the notebook's file, which may have been deleted. The list is a table in a
    terminal, else plain lines; a narrow terminal omits the version ids. Exit codes: 0
    done, 2 an invalid path, 4 the notebook has no versions, 3, 5 and 7 the settings or
    the store refuse it, or the store cannot be reached.
    """

    name = "jupyter-bookstore-versions"
    description = __doc__
    examples = """
    jupyter bookstore versions report.ipynb --limit=5
    jupyter bookstore versions report.ipynb --q=refactor
    """
    words = ("PATH",)
    limit = Integer(20, min=1, help="How many versions to list.").tag(config=True)
    everything = Bool(False, help="List all versions.").tag(config=True)
    earlier = Bool(
        False,
        help="List the versions of an earlier notebook, which had this path before the "
        "present one was moved to it.",
    ).tag(config=True)
    q = Unicode(
        "", help="List only versions whose label contains this in its name or comment."
    ).tag(config=True)
    flags = {  # noqa: RUF012
        **NotebookVerb.flags,
        "all": ({"VersionsApp": {"everything": True}}, "List all versions."),
        "earlier": (
            {"VersionsApp": {"earlier": True}},
            "List the versions of an earlier notebook that had this path.",
        ),
    }
    aliases = {  # noqa: RUF012
        **NotebookVerb.aliases,
        "limit": "VersionsApp.limit",
        "q": "VersionsApp.q",
    }

    def run(self) -> int:
        if self.earlier and self.q:
            raise InvalidRequestError("Give either --earlier or --q, not both.")
        path = self.path(self.extra_args[0])
        listing = self._list(self.history(), path)
        value = {
            "path": path,
            "versions": [
                {"name": n, **record_of(row).as_json()} for n, row in listing.rows
            ],
            "more": listing.more,
            "earlier": listing.earlier,
        }
        if self.as_json:
            self.show(value, ())
        else:
            self._print(listing)
        return 0

    def _list(self, history: History, path: str) -> Listing:
        cursor = self._earlier_cursor(history, path) if self.earlier else None
        rows: list[HistoryRow] = []
        earlier = False
        for page in self._pages(history, path, cursor):
            rows += page.rows
            earlier = earlier or page.earlier is not None
            more = page.cursor is not None
            if not self.everything and len(rows) >= self.limit:
                break
        named = self.earlier or bool(self.q)
        return Listing(tuple(_named(rows, only_ids=named)), more, earlier)

    def _pages(
        self, history: History, path: str, cursor: str | None
    ) -> Iterator[HistoryPage]:
        left = PAGE if self.everything else self.limit
        while True:
            page = history.page(path, cursor=cursor, limit=min(left, PAGE), q=self.q)
            yield page
            cursor = page.cursor
            if cursor is None:
                return
            left = PAGE if self.everything else max(1, left - len(page.rows))

    def _earlier_cursor(self, history: History, path: str) -> str:
        cursor = None
        while True:
            page = history.page(path, cursor=cursor, limit=PAGE)
            cursor = page.cursor
            if page.earlier is not None:
                return page.earlier
            if cursor is None:
                raise InvalidRequestError(
                    f"There is no record of an earlier notebook with the path {path}."
                )

    def _print(self, listing: Listing) -> None:
        rows = [_cells(name, row) for name, row in listing.rows]
        columns: Sequence[Column] = COLUMNS
        if len({row[PATH_COLUMN] for row in rows}) < 2:
            columns = [*COLUMNS[:PATH_COLUMN], *COLUMNS[PATH_COLUMN + 1 :]]
            rows = [[*row[:PATH_COLUMN], *row[PATH_COLUMN + 1 :]] for row in rows]
        if rows:
            show_table(columns, rows)
        else:
            print("No version has a matching label.")
        if listing.more:
            self.print_note("There are older versions: --limit or --all lists more.")
        if listing.earlier:
            self.print_note(
                "An earlier notebook had this path: --earlier lists its versions."
            )


def _named(
    rows: Sequence[HistoryRow], *, only_ids: bool
) -> Iterator[tuple[str, HistoryRow]]:
    count = 0
    for row in rows:
        if only_ids or row.version.deleted:
            yield "", row
        else:
            yield f"@{count}", row
            count += 1


def _cells(name: str, row: HistoryRow) -> list[str]:
    return [
        name,
        f"{row.saved_at.astimezone():%Y-%m-%d %H:%M:%S}",
        row.author,
        "" if row.version.deleted else say_size(row.version.size),
        row.label.name if row.label else "",
        "; ".join(_notes(row)),
        row.path,
        row.version.version_id,
    ]


def _notes(row: HistoryRow) -> Iterator[str]:
    if row.version.deleted:
        yield "deleted here"
    if row.run:
        yield say_run(row.run)
    if row.label and row.label.comment:
        yield " ".join(row.label.comment.split())
    if row.restored_from:
        path = f" of {row.restored_path}" if row.restored_path else ""
        yield f"restored from {row.restored_from}{path}"
    if row.moved_from:
        yield f"moved from {row.moved_from}"
