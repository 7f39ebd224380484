"""The errors of bookstore: what a server's answer says, as an exception.

Where `bookstore_core` is installed they are its classes, so that one `except` is right
for both. This distribution does not install it, because it brings much more than a
client needs.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING or find_spec("bookstore_core"):
    from bookstore_core.errors import (
        BookstoreError,
        BusyError,
        ConfigurationError,
        ConflictError,
        CredentialsError,
        ForbiddenError,
        HubUnavailableError,
        InvalidNotebookError,
        InvalidRequestError,
        LoginRequiredError,
        NewerVersionError,
        NotFoundError,
        SpoolError,
        StorageError,
        StorageUnavailableError,
        StoreMissingError,
        StoreRefusedError,
        TooLargeError,
        UnsupportedTypeError,
        VersionNotFoundError,
    )
else:

    class BookstoreError(Exception):
        """Base of all errors that bookstore raises on purpose."""

        #: Whether the same call may succeed later without any change.
        retryable = False

    class ConfigurationError(BookstoreError):
        """The settings cannot work as they are."""

    class StoreRefusedError(ConfigurationError):
        """The store refuses the credentials, the bucket or the region."""

    class CredentialsError(StoreRefusedError):
        """There are no credentials for the store, or they cannot be renewed."""

    class InvalidRequestError(BookstoreError):
        """The request is not valid."""

    class TooLargeError(InvalidRequestError):
        """The content is over the size limit."""

    class UnsupportedTypeError(InvalidRequestError):
        """The operation does not accept content of this type."""

    class InvalidNotebookError(InvalidRequestError):
        """The content is not a valid notebook."""

    class ForbiddenError(BookstoreError):
        """The server, the store or the settings do not allow it."""

    class LoginRequiredError(ForbiddenError):
        """The server does not know who asks: it requires a login."""

    class NotFoundError(BookstoreError):
        """There is no such notebook, key, folder or route."""

    class VersionNotFoundError(NotFoundError):
        """There is no such version of the notebook."""

    class ConflictError(BookstoreError):
        """The request conflicts with something that already exists."""

    class StorageError(BookstoreError):
        """The store, or the server, answered something unexpected."""

    class StorageUnavailableError(StorageError):
        """The store, or the server, cannot be reached now."""

        retryable = True

    class StoreMissingError(StorageUnavailableError):
        """The directory of a local store is not the store that was there before."""

    class NewerVersionError(StorageError):
        """A newer release of bookstore wrote the version."""

    class BusyError(BookstoreError):
        """Too much is going on at once. The same request may succeed in a moment."""

        retryable = True

    class HubUnavailableError(BookstoreError):
        """The hub, which knows who asks, cannot be reached now."""

        retryable = True

    class SpoolError(BookstoreError):
        """The server's spool cannot be read or written."""

        retryable = True


__all__ = [
    "BookstoreError",
    "BusyError",
    "ConfigurationError",
    "ConflictError",
    "CredentialsError",
    "ForbiddenError",
    "HubUnavailableError",
    "InvalidNotebookError",
    "InvalidRequestError",
    "LoginRequiredError",
    "NewerVersionError",
    "NotFoundError",
    "SpoolError",
    "StorageError",
    "StorageUnavailableError",
    "StoreMissingError",
    "StoreRefusedError",
    "TooLargeError",
    "UnsupportedTypeError",
    "VersionNotFoundError",
]

#: The classes by the name that an answer has in its `error`.
BY_NAME: dict[str, type[BookstoreError]] = {name: globals()[name] for name in __all__}

#: The classes for answers without such a name: of the notebook server, or a proxy.
BY_STATUS: dict[int, type[BookstoreError]] = {
    400: InvalidRequestError,
    401: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: TooLargeError,
    415: UnsupportedTypeError,
    422: InvalidNotebookError,
    424: StorageUnavailableError,
    503: StorageUnavailableError,
    504: StorageUnavailableError,
}


def error_class(name: object, status: int) -> type[BookstoreError]:
    """Return the class of an error in an answer."""
    named = BY_NAME.get(name) if isinstance(name, str) else None
    return named or BY_STATUS.get(status, StorageError)
