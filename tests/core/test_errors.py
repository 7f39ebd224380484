"""The tree of errors."""

import inspect

from bookstore_core import errors
from bookstore_core.errors import (
    BookstoreError,
    BusyError,
    HubUnavailableError,
    SpoolError,
    StorageUnavailableError,
    StoreMissingError,
)

ALL = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if found.__module__ == errors.__name__
]


def test_every_error_is_in_the_tree() -> None:
    assert all(issubclass(error, BookstoreError) for error in ALL)


def test_the_tree_is_documented_as_it_is() -> None:
    assert errors.__doc__ is not None
    assert [error for error in ALL if error.__name__ not in errors.__doc__] == []


def test_errors_that_pass_by_themselves_are_retryable() -> None:
    retryable = {error for error in ALL if error.retryable}
    busy = {BusyError, HubUnavailableError, StorageUnavailableError, StoreMissingError}
    assert retryable == {*busy, SpoolError}
