"""Checks of the other packages, which `doctor` and `status` show with their own.

A package names them as entry points, functions of the settings.
"""

from collections.abc import Iterator
from importlib.metadata import entry_points

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Finding

ENTRY_POINT_GROUP = "bookstore.checks"


def check_parts(
    settings: BookstoreSettings, *, thorough: bool
) -> Iterator[tuple[str, Finding]]:
    """Yield what the packages find, each with the name of what it is about.

    Unless they are `thorough`, they contact nothing in the network.
    """
    found = entry_points(group=ENTRY_POINT_GROUP)
    for point in sorted(found, key=lambda point: point.name):
        try:
            check = point.load()
        except ImportError as error:
            remedy = "Install the package that it belongs to again."
            sentence = f"The {point.name} cannot be checked: {error}."
            yield point.name, Finding(False, sentence, remedy)
            continue
        for finding in check(settings, thorough=thorough):
            yield point.name, finding
