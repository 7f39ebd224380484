"""Archives every save of a notebook as a version, through the spool."""

import gc
from typing import TYPE_CHECKING, Any

from bookstore_archiver.records import ArchiveRecord

if TYPE_CHECKING:
    # Their base classes depend on the running application: see server/generation.py.
    BookstoreCheckpoints: Any
    BookstoreContentsArchiver: Any

__all__ = [
    "ArchiveRecord",
    "BookstoreCheckpoints",
    "BookstoreContentsArchiver",
    "load_jupyter_server_extension",
]


def __getattr__(name: str) -> Any:
    # Imported late: they import a notebook server.
    if name == "BookstoreContentsArchiver":
        from bookstore_archiver.server.contents_manager import archiving_manager_class

        return archiving_manager_class()
    if name == "BookstoreCheckpoints":
        from bookstore_archiver.server.checkpoints import checkpoints_class

        return checkpoints_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "bookstore_archiver"}]


def _jupyter_server_extension_paths() -> list[dict[str, str]]:
    return [{"module": "bookstore_archiver"}]


def _load_jupyter_server_extension(app: Any) -> None:
    load_jupyter_server_extension(app)


def load_jupyter_server_extension(app: Any) -> None:
    """Archive the saves of a notebook server, classic or modern."""
    # Our imports would trigger a full garbage collection while the server starts
    # (0.1 s with JupyterLab). Later, nobody waits for it.
    collecting = gc.isenabled()
    gc.disable()
    try:
        from bookstore_archiver.server.extension import load

        load(app)
    finally:
        if collecting:
            gc.enable()
