"""Everything that can go wrong, as one tree.

    BookstoreError
    |- ConfigurationError           the settings cannot work as they are
    |  `- StoreRefusedError         ... the store says so: credentials, bucket, region
    |- InvalidRequestError          what was asked makes no sense
    |  |- TooLargeError             ... it is over the size limit
    |  |- UnsupportedTypeError      ... it is another type than a notebook
    |  `- InvalidNotebookError      ... it is no valid notebook
    |- ForbiddenError               the store, or the settings, refuse it
    |- NotFoundError                no such key, folder or bucket
    |  `- VersionNotFoundError      the key is there, that version of it is not
    |- ConflictError                it clashes with what is there
    |- StorageError                 the store answered something unexpected
    |  |- StorageUnavailableError   the store cannot be reached now
    |  `- NewerVersionError         a newer release of bookstore wrote the version
    `- SpoolError                   the spool on this machine cannot be used
       `- NewerSaveError            a newer release of bookstore wrote the save

The message is a sentence for the person who asked: what was wrong, and what to do.
"""

from typing import ClassVar


class BookstoreError(Exception):
    """Base of all errors that bookstore raises on purpose."""

    #: Whether the same call may succeed later without anyone changing anything.
    retryable: ClassVar[bool] = False

    #: Whether, as far as it tells, every other key would fail likewise.
    wide: bool = False

    #: What tells it from other errors of its class, such as the store's own code.
    cause: str = ""


class ConfigurationError(BookstoreError):
    """The settings, or the bucket they name, cannot work as they are."""

    wide = True


class StoreRefusedError(ConfigurationError):
    """The store was asked, and refuses the credentials, the bucket or the region."""


class InvalidRequestError(BookstoreError):
    """What was asked for makes no sense: an empty path, a malformed body."""


class TooLargeError(InvalidRequestError):
    """The content is over the size limit."""


class UnsupportedTypeError(InvalidRequestError):
    """The content is of another type than the operation takes."""


class InvalidNotebookError(InvalidRequestError):
    """The content claims to be a notebook and is not a valid one."""


class ForbiddenError(BookstoreError):
    """The store or the settings do not allow it."""


class NotFoundError(BookstoreError):
    """There is no such key, folder or bucket."""


class VersionNotFoundError(NotFoundError):
    """There is no such version of the key."""


class ConflictError(BookstoreError):
    """It clashes with something that is already there."""


class StorageError(BookstoreError):
    """The store answered with an error that has no class of its own."""


class StorageUnavailableError(StorageError):
    """The store cannot be reached, or asks to come back later."""

    retryable = True


class NewerVersionError(StorageError):
    """A newer release of bookstore wrote the version, in a form unknown to this one."""


class SpoolError(BookstoreError):
    """The spool directory cannot be read or written."""

    retryable = True


class NewerSaveError(SpoolError):
    """A newer release of bookstore wrote the save, in a form unknown to this one."""

    retryable = False
