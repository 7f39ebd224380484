"""Write new files for verbs, and report why a file cannot be written."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from bookstore_core.cli.given.here import check_here
from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
)


def write_new(name: str, pieces: Iterable[bytes]) -> None:
    """Write a new file and sync it to disk; remove it if that fails.

    Raises ConflictError if the file exists, NotFoundError if its folder does not,
    ForbiddenError or BookstoreError if it cannot be written, and what reading the
    pieces raises.
    """
    with file_errors(name), open(name, "xb") as file:
        try:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            os.unlink(name)
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
