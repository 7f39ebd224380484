"""Everything of bookstore under its documented import names.

Names are resolved when they are first used, so that ``import bookstore`` loads neither
Flask nor the archiver.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bookstore_archiver import (
        ArchiveRecord,
        BookstoreCheckpoints,
        BookstoreContentsArchiver,
    )
    from bookstore_core.settings import BookstoreSettings

    __version__: str
    version_info: tuple[int | str, ...]

__all__ = [
    "PACKAGE_DIR",
    "ArchiveRecord",
    "BookstoreCheckpoints",
    "BookstoreContentsArchiver",
    "BookstoreSettings",
]

_NAMES = {
    "ArchiveRecord": "bookstore_archiver",
    "BookstoreCheckpoints": "bookstore_archiver",
    "BookstoreContentsArchiver": "bookstore_archiver",
    "BookstoreSettings": "bookstore_core.settings",
    "__version__": "bookstore_core",
    "version_info": "bookstore._version",
}

#: The folder of this package.
PACKAGE_DIR = os.path.dirname(os.path.realpath(__file__))

#: The notebook-server extensions of bookstore, each a package of its own.
_EXTENSIONS = ("bookstore_archiver", "bookstore_web")


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_NAMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_NAMES])


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Name our extensions to jupyter_server."""
    return [{"module": module} for module in _EXTENSIONS]


def _jupyter_server_extension_paths() -> list[dict[str, str]]:
    """Name our extensions to ``jupyter serverextension enable --py bookstore``."""
    return _jupyter_server_extension_points()


def _jupyter_nbextension_paths() -> list[dict[str, str]]:
    """Name our extension to ``jupyter nbextension enable --py bookstore``."""
    return list(import_module("bookstore_web")._jupyter_nbextension_paths())


def load_jupyter_server_extension(app: Any) -> None:
    """Load our extensions where a config file of bookstore 2 enables ``bookstore``."""
    for module in _EXTENSIONS:
        import_module(module).load_jupyter_server_extension(app)


_load_jupyter_server_extension = load_jupyter_server_extension
