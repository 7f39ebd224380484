"""Saves that a store took and that cannot be found in it.

A server may confirm a PUT without saying which version it made, and then not list it,
or list a key that it does not give back. Sending the save again would only make one
more such version, so nothing is sent until the first one is found.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bookstore_core.errors import InvalidRequestError, StorageError
from bookstore_core.paths import DELIMITER, printable


@dataclass(frozen=True)
class Doubt:
    """A save that was confirmed but not found; `why` is a sentence.

    A `wide` doubt is about every key of the store.
    """

    key: str
    why: str
    found: Callable[[], bool]
    wide: bool = False

    def error(self) -> StorageError:
        """Return the error that says so."""
        error = StorageError(self.why)
        error.cause, error.wide = "NotFoundAfterPut", self.wide
        return error


class Doubts:
    """The doubts of one store."""

    def __init__(self) -> None:
        self._by_key: dict[str, Doubt] = {}

    def add(self, doubt: Doubt) -> StorageError:
        """Remember a doubt; return its error."""
        self._by_key["" if doubt.wide else doubt.key] = doubt
        return doubt.error()

    def check(self, key: str) -> None:
        """Raise the error of a doubt that concerns the key, unless it is settled."""
        for known in ("", key):
            doubt = self._by_key.get(known)
            if doubt is None:
                continue
            if not doubt.found():
                raise doubt.error()
            self._by_key.pop(known, None)


def not_listed(key: str) -> str:
    """Return why a save without a version id is in doubt."""
    return (
        f"The store took {printable(key)} but returned no version id, and it does not "
        "list the version. Check that versioning works in this bucket. No save is sent "
        "until the version is listed."
    )


def not_readable(key: str) -> str:
    """Return why a save that cannot be read is in doubt."""
    return (
        f"The store took {printable(key)} but does not give it back. Rename the "
        "notebook, without control characters or empty parts of its path."
    )


#: Characters that XML does not keep. Servers take keys with them, and
#: then fail to list their whole folder.
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def check_listable(key: str) -> None:
    """Raise InvalidRequestError for a key that servers other than AWS's cannot list."""
    if _NOT_IN_XML.search(key):
        raise InvalidRequestError(
            f"The name {printable(key)} contains a control character with which the "
            "store could not list the folder. Rename the notebook."
        )


def is_odd(key: str) -> bool:
    """Return whether servers might store something else than this key."""
    odd = any(part in ("", ".", "..") for part in key.split(DELIMITER))
    return odd or not key.isprintable()
