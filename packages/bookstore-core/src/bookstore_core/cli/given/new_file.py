"""Write new files for verbs, and report why a file cannot be written."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from bookstore_core.cli.given.here import check_here
from bookstore_core.disk.drafts import draft_beside, name_new
from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
)


def write_new(name: str, pieces: Iterable[bytes]) -> None:
    """Write a new file and sync it to disk. It has its name when it is complete.

    Raises ConflictError if the file exists, NotFoundError if its folder does not,
    ForbiddenError or BookstoreError if it cannot be written, and what reading the
    pieces raises.
    """
    with file_errors(name):
        if os.path.lexists(name):
            raise FileExistsError
        draft = draft_beside(name)
        try:
            with open(draft, "xb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            name_new(draft, name)
        except BaseException:
            with suppress(OSError, ValueError):
                os.unlink(draft)
            raise


@contextmanager
def file_errors(name: str) -> Iterator[None]:
    """Convert errors from writing the file `name` into BookstoreErrors."""
    try:
        yield
    except FileExistsError:
        raise ConflictError(
            f"{name} already exists. Choose another name, or remove it first."
        ) from None
    except FileNotFoundError:
        if not os.path.isabs(name):
            check_here()
        raise NotFoundError(f"The folder of {name} does not exist.") from None
    except PermissionError as error:
        raise ForbiddenError(f"{name} cannot be written: {error.strerror}.") from None
    except (OSError, ValueError) as error:
        raise BookstoreError(f"{name} cannot be written: {error}") from None
