"""Names of bookstore 2.x that have no successor: using one says what to use instead."""

from collections.abc import Callable, Mapping
from typing import Any, Never


def replaced(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a module's ``__getattr__`` for names of 2.x, each with a sentence.

    It raises ImportError for them, because ``from module import name`` drops the
    message of an AttributeError.
    """

    def missing(name: str) -> Never:
        if name in names:
            raise ImportError(f"{module}.{name} of bookstore 2 is gone. {names[name]}")
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return missing
