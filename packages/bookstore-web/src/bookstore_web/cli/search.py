"""`jupyter bookstore search`: find notebooks by what is in them."""

from collections.abc import Iterator
from typing import Any

from traitlets import Integer, Unicode

from bookstore_core.cli.command import Verb
from bookstore_core.errors import ConfigurationError
from bookstore_core.history.shelves import find_shelf
from bookstore_core.paths import printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store
from bookstore_core.stores.service.store import ServiceStore
from bookstore_web.catalogue.answers import Answers
from bookstore_web.catalogue.hits import FoundPage, Hit, read_found
from bookstore_web.catalogue.place import open_catalogue
from bookstore_web.catalogue.query import Query, parse_query

#: The most notebooks that a service answers.
MOST_OF_SERVICE = 100


class SearchApp(Verb):
    """Find notebooks by what is in them, with the catalogue that `index` makes.

    TEXT has words, "phrases in quotes", and filters: author:NAME, in:FOLDER,
    label:NAME, kernel:NAME, after:DATE and before:DATE. Exit codes: 0 found, 2 the
    search cannot be read, 4 nothing was found, 3 and 7 the settings cannot work, or the
    catalogue cannot be used now.
    """

    name = "jupyter-bookstore-search"
    description = __doc__
    examples = """
    jupyter bookstore search 'xylophone author:ann'
    jupyter bookstore search '"mean absolute error" after:2026-05-01' --json
    """
    words = ("TEXT", "[TEXT ...]")
    shelf = Unicode("", help="workspace or published; both if it is not given.").tag(
        config=True
    )
    limit = Integer(20, min=1, max=1000, help="Notebooks to show.").tag(config=True)
    aliases = {  # noqa: RUF012
        **Verb.aliases,
        "shelf": "SearchApp.shelf",
        "limit": "SearchApp.limit",
    }

    def run(self) -> int:
        if self.shelf:
            find_shelf(self.shelf)
        settings, words = self.settings(), " ".join(self.extra_args)
        query = parse_query(words)
        if settings.missing:
            raise ConfigurationError(settings.missing)
        store = open_store(settings) if settings.storage == "service" else None
        if isinstance(store, ServiceStore):
            limit = min(self.limit, MOST_OF_SERVICE)
            fields = {"q": words, "shelf": self.shelf, "limit": limit}
            found = store.search(fields, lambda form: read_found(form["found"]))
        else:
            found = self._ask(settings, query)
        self.show([_record(hit) for hit in found.hits], _lines(found))
        return 0 if found.hits else 4

    def _ask(self, settings: BookstoreSettings, query: Query) -> FoundPage:
        catalogue = open_catalogue(settings)
        try:
            state = catalogue.state()
            source = state.get("source")
            if source and source != catalogue.source:
                raise ConfigurationError(
                    f"The catalogue was made from {source}, not from "
                    f"{catalogue.source}. 'jupyter bookstore doctor' says what to do."
                )
            if not state.get("known_at"):
                self.print_note(
                    "The catalogue is not complete. First run: jupyter bookstore index"
                )
            return Answers(catalogue).search(query, shelf=self.shelf, limit=self.limit)
        finally:
            catalogue.close()


def _record(hit: Hit) -> dict[str, Any]:
    known, passage = hit.notebook, hit.passage
    return {
        "shelf": known.shelf,
        "path": known.path,
        "version_id": known.version_id,
        "title": known.title,
        "author": known.author,
        "saved_at": known.saved_at.isoformat(),
        "cell": passage.cell if passage else None,
        "text": "".join(piece.text for piece in passage.pieces) if passage else "",
    }


def _lines(found: FoundPage) -> Iterator[str]:
    for hit in found.hits:
        known = hit.notebook
        said = (known.title, known.author, f"{known.saved_at:%Y-%m-%d %H:%M} UTC")
        yield f"{known.shelf}: {printable(known.path)}"
        yield f"    {', '.join(printable(text) for text in said if text)}"
        if hit.passage is not None:
            text = "".join(piece.text for piece in hit.passage.pieces)
            yield f"    cell {hit.passage.cell}:"
            yield from (f"        {line}" for line in text.splitlines() if line.strip())
    more = "more than " if found.more else ""
    shown = len(found.hits)
    yield (
        f"{shown} of {more}{found.total} notebooks." if shown else "Nothing was found."
    )
    if found.looked_at:
        yield (
            f"Only the latest {found.looked_at:,} notebooks with these words were "
            "looked through: older ones may match, too. Add a rarer word, author:, "
            "in: or label: to look further back."
        )
