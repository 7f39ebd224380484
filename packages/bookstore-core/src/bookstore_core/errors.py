"""The errors that bookstore raises, as one tree.

    BookstoreError
    |- ConfigurationError           the settings cannot work as they are
    |  `- StoreRefusedError         ... the store refuses credentials, bucket or region
    |     `- CredentialsError       ... there are none, or they cannot be renewed
    |- InvalidRequestError          the request is not valid
    |  |- TooLargeError             ... it is over the size limit
    |  |- UnsupportedTypeError      ... it is not of a type that is accepted
    |  `- InvalidNotebookError      ... it is not a valid notebook
    |- ForbiddenError               the store, or the settings, do not allow it
    |  `- LoginRequiredError        ... to somebody who is not known
    |- NotFoundError                no such key, folder or bucket
    |  |- VersionNotFoundError      the key exists, but not that version of it
    |  `- NoKernelError             there is no such kernel on this machine
    |- ConflictError                it conflicts with something that exists
    |- StorageError                 the store answered something unexpected
    |  |- StorageUnavailableError   the store cannot be reached now
    |  |  `- StoreMissingError      ... the directory is not the store it was
    |  `- NewerVersionError         a newer release of bookstore wrote the version
    |- HubUnavailableError          JupyterHub does not say who asks
    |- BusyError                    too much is going on now
    `- SpoolError                   the spool on this machine cannot be used
       `- NewerSaveError            a newer release of bookstore wrote the save

The message is a sentence for the user: what was wrong, and what to do.

A new class needs a status code in `bookstore_web/app/failures.py` and an exit code in
`cli/command.py`, unless those of its base class are right. A status code that no other
class has is described in `bookstore_web/app/api/openapi.py`.
"""

from typing import ClassVar


class BookstoreError(Exception):
    """Base of all errors that bookstore raises on purpose."""

    #: Whether the same call may succeed later without any change.
    retryable: ClassVar[bool] = False

    #: Whether every other key would probably fail in the same way.
    wide: bool = False

    #: What distinguishes it from other errors of its class: the store's own code.
    cause: str = ""


class ConfigurationError(BookstoreError):
    """The settings, or the bucket that they name, cannot work as they are."""

    wide = True


class StoreRefusedError(ConfigurationError):
    """The store refuses the credentials, the bucket or the region."""


class CredentialsError(StoreRefusedError):
    """There are no credentials for the store, or they cannot be renewed.

    Another attempt is cheap: nothing is sent to the store before there are some.
    """


class InvalidRequestError(BookstoreError):
    """The request is not valid: an empty path, a malformed body."""


class TooLargeError(InvalidRequestError):
    """The content is over the size limit."""


class UnsupportedTypeError(InvalidRequestError):
    """The operation does not accept content of this type."""


class InvalidNotebookError(InvalidRequestError):
    """The content is not a valid notebook."""


class ForbiddenError(BookstoreError):
    """The store or the settings do not allow it."""


class LoginRequiredError(ForbiddenError):
    """It is not known who asks, or no longer: they have to log in."""


class NotFoundError(BookstoreError):
    """There is no such key, folder or bucket."""


class VersionNotFoundError(NotFoundError):
    """There is no such version of the key."""


class NoKernelError(NotFoundError):
    """There is no kernel of that name on this machine."""


class ConflictError(BookstoreError):
    """The request conflicts with something that already exists."""


class StorageError(BookstoreError):
    """The store answered with an error that has no class of its own."""


class StorageUnavailableError(StorageError):
    """The store cannot be reached, or asks clients to try again later."""

    retryable = True


class StoreMissingError(StorageUnavailableError):
    """The directory of a local store is not the store that was there before."""

    wide = True


class NewerVersionError(StorageError):
    """A newer release of bookstore wrote the version, in a form unknown to this one."""


class HubUnavailableError(BookstoreError):
    """JupyterHub cannot be reached, so it is not known who asks."""

    retryable = True
    wide = True


class BusyError(BookstoreError):
    """Too much is going on at once. The same request may succeed in a moment."""

    retryable = True


class SpoolError(BookstoreError):
    """The spool directory cannot be read or written."""

    retryable = True


class NewerSaveError(SpoolError):
    """A newer release of bookstore wrote the save, in a form unknown to this one."""

    retryable = False
