"""Unpublishing: taking a notebook off the published shelf again.

Its versions stay in the store: the key is marked as deleted, until somebody publishes
there again.
"""

from bookstore_core.errors import ForbiddenError, InvalidRequestError, NotFoundError
from bookstore_core.history import PUBLISHED
from bookstore_core.history.removals import Removals, say_removal
from bookstore_core.paths import OWN_FOLDER, check_path, is_own, printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore


def unpublish(
    path: str, *, store: VersionStore, settings: BookstoreSettings, author: str
) -> Version:
    """Take a notebook off the published shelf; return the marker that does so.

    Raises ForbiddenError unless `author` published its newest version, NotFoundError if
    it is not on the shelf, and InvalidRequestError for an invalid path.
    """
    path = check_path(path)
    PUBLISHED.check(settings)
    if is_own(path):
        raise InvalidRequestError(f"Folders called {OWN_FOLDER} are reserved.")
    key = PUBLISHED.key(settings, path)
    removals = Removals(store, settings)
    try:
        newest = store.head(key)
    except NotFoundError:
        raise _not_published(path, removals.of(key)) from None
    _check_author(path, newest, author)
    return removals.remove(key, author=author)


def _check_author(path: str, newest: Version, author: str) -> None:
    publisher = newest.metadata.author if newest.metadata else ""
    if not publisher:
        raise ForbiddenError(
            f"It is not recorded who published {printable(path)}, so nobody can "
            "unpublish it here. Ask who runs the store."
        )
    if publisher != author:
        who = printable(publisher)
        raise ForbiddenError(
            f"{printable(path)} was published by {who}. Only {who} can unpublish it."
        )


def _not_published(path: str, removal: Version | None) -> NotFoundError:
    if removal is not None:
        return NotFoundError(say_removal(path, removal))
    return NotFoundError(f"{printable(path)} is not published.")
