"""Unpublishing: taking a notebook off the published shelf again.

Its versions stay in the store. If it was published over the notebook of somebody else,
that one is on the shelf again, as a new version. Otherwise the key is marked as
deleted, until somebody publishes there again.
"""

from collections.abc import Iterator, Sequence
from itertools import dropwhile

from bookstore_core.errors import ForbiddenError, InvalidRequestError, NotFoundError
from bookstore_core.history import PUBLISHED
from bookstore_core.history.removals import Removals, say_removal
from bookstore_core.parallel import in_parallel
from bookstore_core.paths import OWN_FOLDER, check_path, is_own, printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore

#: Versions in which somebody else's publication is looked for.
MOST_VERSIONS = 100
#: Parallel requests to the store.
THREADS = 8


def unpublish(
    path: str, *, store: VersionStore, settings: BookstoreSettings, author: str
) -> Version:
    """Take a notebook off the published shelf.

    Return the marker that does so, or the version of somebody else that is on the shelf
    again.

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
    covered = _covered(newest, author, store)
    if covered is not None:
        return store.put_again(covered)
    return removals.remove(key, author=author)


def _covered(newest: Version, author: str, store: VersionStore) -> Version | None:
    """Return what was on the shelf before the author published there; None if nothing.

    What others published and unpublished since is left out: the versions between one
    that was shown again and its original.
    """
    original = newest.metadata.restored_from if newest.metadata else ""
    older = _older(newest, store)
    if original:
        older = [*dropwhile(lambda version: version.version_id != original, older)]
    for found in _described(older, store):
        if original and found.version_id != original:
            continue
        if found.deleted or found.metadata is None:
            return None
        if found.metadata.author != author:
            return found
        original = found.metadata.restored_from
    return None


def _described(versions: Sequence[Version], store: VersionStore) -> Iterator[Version]:
    """Yield versions with their metadata: more and more are requested at once."""

    def look(version: Version) -> Version:
        if version.deleted:
            return version
        return store.head(version.key, version.version_id, bucket=version.bucket)

    at_once = 1
    while versions:
        yield from in_parallel(look, versions[:at_once], threads=THREADS)
        versions = versions[at_once:]
        at_once = min(2 * at_once, THREADS)


def _older(newest: Version, store: VersionStore) -> Sequence[Version]:
    page = store.list_versions(newest.key, limit=MOST_VERSIONS, bucket=newest.bucket)
    ids = [version.version_id for version in page.versions]
    if newest.version_id not in ids:
        return ()
    return page.versions[ids.index(newest.version_id) + 1 :]


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
