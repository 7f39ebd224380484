"""Imports that the processes of the web app do without.

They are ours alone: what other libraries of the environment need is not left out.
"""

import sys
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Any

#: jsonschema imports these where they are installed, for formats of texts that nbformat
#: does not check. The first compiles a grammar, which takes a second and 15 MB.
NOT_NEEDED = ("rfc3987_syntax", "isoduration")

#: What gunicorn, Flask and botocore import for what they seldom do here: apps in eggs,
#: plugins of a command, errors as HTML, waiters, routes that are like another one, and
#: files of settings that are seldom there.
PUT_OFF = (
    *("configparser", "csv", "difflib", "html", "importlib.metadata", "jmespath"),
    *("platformdirs", "shlex"),
)


#: The tables of a hub, with SQLAlchemy's ORM and alembic: `jupyterhub.services.auth`
#: imports them, and asks the hub about tokens without them.
OF_HUBS = ("jupyterhub.orm",)


class _Later(ModuleType):
    """A module that is imported when something of it is needed.

    Before Python 3.11.9, `importlib.util.LazyLoader` gives other threads a module that
    is only partly loaded. Here the lock of the import makes them wait.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":  # import asks for these
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def put_off(names: Iterable[str] = PUT_OFF) -> None:
    """Import these modules when something of them is needed."""
    for name in names:
        parent, _, last = name.rpartition(".")
        later = sys.modules.setdefault(name, _Later(name))
        if parent in sys.modules:
            setattr(sys.modules[parent], last, later)


def leave_out() -> None:
    """Let later imports of these modules fail, as if they were not installed."""
    modules: dict[str, Any] = sys.modules
    for name in NOT_NEEDED:
        modules.setdefault(name, None)
