"""New files that verbs write, and what can be in the way of writing a file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
)


def write_new(name: str, data: bytes) -> None:
    """Write a new file, durably; one that fails is removed.

    Raises ConflictError when the file is there already, NotFoundError when its folder
    is not, ForbiddenError and BookstoreError when it cannot be written.
    """
    with file_errors(name), open(name, "xb") as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            os.unlink(name)
            raise


@contextmanager
def file_errors(name: str) -> Iterator[None]:
    """Turn failures to write the file `name` within into errors of ours."""
    try:
        yield
    except FileExistsError:
        raise ConflictError(
            f"{name} is there already. Choose another name, or remove it first."
        ) from None
    except FileNotFoundError:
        raise NotFoundError(f"There is no folder for {name}.") from None
    except PermissionError as error:
        raise ForbiddenError(f"{name} cannot be written: {error.strerror}.") from None
    except (OSError, ValueError) as error:
        raise BookstoreError(f"{name} cannot be written: {error}") from None
