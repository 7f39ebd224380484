"""Addresses that papermill reads and writes: ``bookstore://SHELF/PATH?version=NAME``.

NAME is what the commands take: an id, ``@1``, a label, or a local time such as
``2026-11-20T15:00``. Characters that would be misread are escaped as in URLs.
"""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote

from bookstore_core.cli.given.times import parse_moment
from bookstore_core.errors import InvalidRequestError, VersionNotFoundError
from bookstore_core.history import History, HistoryRow
from bookstore_core.history.shelves import SHELVES, Shelf
from bookstore_core.paths import DELIMITER, check_path, printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore

SCHEME = "bookstore://"

_VERSION = "version"
#: Braces are papermill's, for values of parameters.
_UNSAFE = re.compile(r"[%?&{}\x00-\x1f]")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?", re.DOTALL)


@dataclass(frozen=True)
class Address:
    """A notebook on a shelf, or a folder; `version` is a name, empty for the newest."""

    shelf: Shelf
    path: str
    version: str = ""

    def __str__(self) -> str:
        version = f"?{_VERSION}={_escape(self.version)}" if self.version else ""
        return f"{SCHEME}{self.shelf.name}{DELIMITER}{_escape(self.path)}{version}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address of a notebook; InvalidRequestError for any other text."""
        address = cls.parse_folder(text)
        check_path(address.path)
        return address

    @classmethod
    def parse_folder(cls, text: str) -> Self:
        """Return the address of a notebook, a folder or a whole shelf."""
        rest, _, query = text.removeprefix(SCHEME).partition("?")
        name, _, path = rest.partition(DELIMITER)
        if not text.startswith(SCHEME) or name not in SHELVES:
            shelves = " or ".join(f"{SCHEME}{shelf}/PATH" for shelf in SHELVES)
            raise InvalidRequestError(
                f"{printable(text)!r} is no address of a notebook. Use {shelves}."
            )
        path = unquote(path).strip(DELIMITER)
        if path:
            check_path(path)
        return cls(SHELVES[name], path, _version_in(query))

    def key(self, settings: BookstoreSettings) -> str:
        """Return the notebook's key; raises ConfigurationError without the shelf."""
        self.shelf.check(settings)
        return self.shelf.key(settings, self.path)

    def find(self, store: VersionStore, settings: BookstoreSettings) -> HistoryRow:
        """Return the version that is named; raises NotFoundError if there is none."""
        self.shelf.check(settings)
        history = History(store, settings, shelf=self.shelf)
        try:
            return history.find(self.path, self.version)
        except VersionNotFoundError:
            if not _TIME.fullmatch(self.version):
                raise
        moment = parse_moment(self.version.replace("T", " ", 1))
        return history.at(self.path, moment)


def _version_in(query: str) -> str:
    version = ""
    for part in filter(None, query.split("&")):
        name, equals, value = part.partition("=")
        if name != _VERSION or not equals:
            raise InvalidRequestError(
                f"{printable(part)!r} is unknown in an address. Use ?version=NAME."
            )
        version = unquote(value)
    return version


def _escape(text: str) -> str:
    return _UNSAFE.sub(lambda found: quote(found[0], safe=""), text)
