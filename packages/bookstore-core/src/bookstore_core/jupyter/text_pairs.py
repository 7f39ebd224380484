"""Whether jupytext may keep a text file in step with a notebook, without asking it.

Its import takes seconds, and it reads the whole notebook. What is said here may be too
much: then somebody who knows jupytext looks closer.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from bookstore_core.notebooks import SUFFIX
from bookstore_core.stores.streams import contains

#: Without one of these, a notebook does not name files that jupytext pairs it with. A
#: name may have escapes.
NAMES = (b"jupytext", b"\\u006", b"\\u007")

#: Where jupytext's configuration may be, too: folders, and variables that name them.
SHARED = ("/usr/local/share", "/usr/share")
FOLDERS = ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "USERPROFILE", "ALLUSERSPROFILE")


def pairs(manager: Any) -> bool:
    """Return whether a contents manager is jupytext's."""
    return hasattr(manager, "paired_notebooks")


def may_be_paired(manager: Any, path: str, os_path: str, file: BinaryIO) -> bool:
    """Return whether a manager may pair the notebook in a file with a text.

    The notebook is, or is to be, at `path`, whose file is `os_path`.
    """
    if not pairs(manager) or not path.endswith(SUFFIX):
        return False
    configured = ("formats", "default_jupytext_formats")
    return (
        path.strip("/") in manager.paired_notebooks
        or any(getattr(manager, name, None) for name in configured)
        or names_a_pair(file)
        or may_be_configured(os_path)
    )


def names_a_pair(file: BinaryIO) -> bool:
    """Return whether a notebook may name its pair. The file is read in pieces."""
    return contains(file, *NAMES)


def may_be_configured(os_path: str) -> bool:
    """Return whether there may be a configuration that pairs notebooks at a path."""
    return any(map(_may_configure, _searched(os_path)))


def _searched(os_path: str) -> Iterator[Path]:
    """Yield the folders in which jupytext looks for its configuration."""
    yield from Path(os.path.abspath(os_path)).parents
    named = [known for name in FOLDERS for known in os.environ.get(name, "").split(":")]
    home = os.environ.get("HOME", "")
    for folder in (*named, home, home and f"{home}/.config", *SHARED):
        if folder:
            yield Path(folder)


def _may_configure(folder: Path) -> bool:
    try:
        names = os.listdir(folder)
        if any(name.lstrip(".").startswith("jupytext") for name in names):
            return True
        project = folder / "pyproject.toml"
        return project.is_file() and b"jupytext" in project.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # jupytext knows the names, and may read the file
