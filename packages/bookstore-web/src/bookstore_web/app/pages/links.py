"""A notebook on a shelf, and the addresses of the pages about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

from bookstore_core.history import PUBLISHED, WORKSPACE, Shelf
from bookstore_core.history.shelves import find_shelf
from bookstore_core.paths import check_path
from bookstore_core.runs.run import Run
from bookstore_web.app.context import context
from bookstore_web.app.services import services
from bookstore_web.contents.drafts import Saved, opening_url
from bookstore_web.fields import optional_field, text_field
from bookstore_web.versions.runs import place_of

#: The names of the shelves on pages.
TITLES = {WORKSPACE: "My workspace", PUBLISHED: "Published"}


@dataclass(frozen=True)
class Crumb:
    """A link on the way to a page."""

    name: str
    url: str


@dataclass(frozen=True)
class Shelved:
    """A notebook that a page is about: its path, and the shelf that it is on.

    Every address begins with `base_url`.
    """

    path: str
    shelf: Shelf
    base_url: str
    can_restore: bool
    ui: str = "notebook"

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def fields(self) -> Mapping[str, str]:
        """The fields of a form or a query that name it."""
        return {"path": self.path, **shelf_fields(self.shelf)}

    @property
    def trail(self) -> tuple[Crumb, ...]:
        """The links from the shelf to the notebook's folder."""
        folder = self.path.rpartition("/")[0]
        return trail_of(self.shelf, folder, base_url=self.base_url)

    @property
    def trail_to_versions(self) -> tuple[Crumb, ...]:
        """The links from the shelf to the notebook's history."""
        return (*self.trail, Crumb(self.name, self.link("bookstore/history")))

    @property
    def opening_url(self) -> str:
        """The address at which the server's front end opens it."""
        return opening_url(
            Saved({"path": self.path}, "text"), base_url=self.base_url, ui=self.ui
        )

    def elsewhere(self, path: str, *, shelf: Shelf = WORKSPACE) -> "Shelved":
        """Return another notebook, with the same base URL and front end."""
        return replace(self, path=path, shelf=shelf)

    def source_of(self, run: Run) -> "Shelved | None":
        """Return the notebook that ran; None if it is on no shelf of the reader."""
        place = place_of(services().settings, run.of)
        return self.elsewhere(place[1], shelf=place[0]) if place else None

    def link(self, page: str, **query: Any) -> str:
        """Return the address of a page about it, without empty values of `query`."""
        return address(self.base_url, page, **self.fields, **query)


def address(base_url: str, page: str, **query: Any) -> str:
    """Return the address of a page, without empty values of `query`."""
    pairs = "&".join(
        f"{name}={_quoted(str(value))}"
        for name, value in query.items()
        if value is not None and value != ""
    )
    url = base_url + quote(page)
    return f"{url}?{pairs}" if pairs else url


#: A page of a history has the same path and ids in 400 addresses.
_quoted = lru_cache(1000)(quote_plus)


def trail_of(shelf: Shelf, folder: str, *, base_url: str) -> tuple[Crumb, ...]:
    """Return the links from the shelf to a folder on it, including the folder."""
    home = "bookstore/"
    query = shelf_fields(shelf)
    crumbs = [Crumb(TITLES[shelf], address(base_url, home, **query))]
    names = [name for name in folder.split("/") if name]
    for depth, name in enumerate(names, 1):
        url = address(base_url, home, **query, prefix="/".join(names[:depth]))
        crumbs.append(Crumb(name, url))
    return tuple(crumbs)


def shelf_fields(shelf: Shelf) -> dict[str, str]:
    """Return the fields that name a shelf in a query; none for the workspace."""
    return {} if shelf == WORKSPACE else {"shelf": shelf.name}


def shelf_in(fields: Mapping[str, Any]) -> Shelf:
    """Return the shelf that a query or a form names.

    Raises InvalidRequestError if there is no such shelf.
    """
    return find_shelf(optional_field(fields, "shelf"))


def shelved(fields: Mapping[str, Any]) -> Shelved:
    """Return the notebook that a query or a form names.

    Raises InvalidRequestError if the path or the shelf is not valid.
    """
    shelf = shelf_in(fields)
    return Shelved(
        path=check_path(text_field(fields, "path")),
        shelf=shelf,
        base_url=context().base_url,
        can_restore=shelf == WORKSPACE and services().launch is not None,
        ui=context().ui,
    )
