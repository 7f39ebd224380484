"""What is at a path of a contents manager whose files are on this machine."""

import os
import stat
from typing import Any

#: What may be at a path besides nothing: a hidden file is one that the contents API
#: does not show, and `OTHER` neither a file nor a directory, or a link to nothing.
FILE, DIRECTORY, HIDDEN, OTHER = "file", "directory", "hidden", "other"
NOTHING, UNKNOWN = "", "unknown"

#: The ends of the modules of Jupyter's own managers of files, in both generations.
OWN = ("services.contents.filemanager", "services.contents.largefilemanager")


def has_plain_files(manager: Any) -> bool:
    """Return whether a manager looks for files as Jupyter's own do: on this machine.

    A subclass may keep them elsewhere; then it has its own `file_exists`.
    """
    if "file_exists" in getattr(manager, "__dict__", {}):
        return False
    looks = getattr(type(manager), "file_exists", None)
    own = getattr(looks, "__module__", "").endswith(OWN)
    return own and hasattr(manager, "_get_os_path")


def kind_at(manager: Any, path: str) -> str:
    """Return what is at a path; `UNKNOWN` if the directory cannot be read.

    Safe to call in any thread. It never raises.
    """
    try:
        os_path = os.fspath(manager._get_os_path(path))
        found = os.lstat(os_path)
    except (FileNotFoundError, NotADirectoryError):
        return NOTHING
    except OSError:
        return UNKNOWN
    except Exception:  # noqa: BLE001  # another project's code refuses the path
        return NOTHING
    if _is_hidden(path) and not getattr(manager, "allow_hidden", False):
        return HIDDEN
    if stat.S_ISLNK(found.st_mode):
        return _behind_link(os_path)
    return _kind_of(found.st_mode)


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


def _behind_link(os_path: str) -> str:
    try:
        return _kind_of(os.stat(os_path).st_mode)
    except OSError:
        return OTHER


def _kind_of(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return DIRECTORY
    return FILE if stat.S_ISREG(mode) else OTHER
