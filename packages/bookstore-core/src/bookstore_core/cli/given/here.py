"""The current directory, which another program may have deleted."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from bookstore_core.errors import NotFoundError

GONE = (
    "The current directory was deleted. Change into another one, and run the command "
    'again. If it was made again, cd "$PWD" changes into the new one.'
)


@contextmanager
def needing_here() -> Iterator[None]:
    """Raise NotFoundError for a file that is missing because its directory is gone."""
    try:
        yield
    except FileNotFoundError:
        check_here()
        raise


def check_here() -> None:
    """Raise NotFoundError if there is no current directory."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise NotFoundError(GONE) from None
