"""The release, under its import name of bookstore 2.x."""

import re
from importlib.metadata import version

__all__ = ["__version__", "version_info"]

__version__ = version("bookstore")


def _parts(release: str) -> tuple[int | str, ...]:
    """Return major, minor, micro, then what follows: "rc1", or "" and "dev0"."""
    found = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)(.*)", release)
    assert found, release
    *numbers, rest = found.groups()
    return (*map(int, numbers), *(rest.split(".") if rest else ()))


#: As in 2.x: the numbers joined by dots, then the rest joined by dots, is the release.
version_info = _parts(__version__)
