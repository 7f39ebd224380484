"""Roots: where this server's notebooks are, to judge what an earlier process noted.

A note in the spool names a file to be archived. It is believed only if the file is the
notebook at its path below a root directory of this server, so that nobody can have any
other file uploaded, or under another key.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from bookstore_archiver.hooks.manager_content import os_folder_of
from bookstore_core.notebooks import SUFFIX
from bookstore_core.spool.renamed_folders import FolderRename
from bookstore_core.spool.unprotected import UnprotectedNotebook

#: Endings of the text files that jupytext keeps notebooks in.
TEXTS = (".py", ".md", ".Rmd", ".qmd", ".R", ".r", ".jl")


class Roots:
    """The root directories of this server. Safe to use from several threads."""

    def __init__(self) -> None:
        self._roots: tuple[str, ...] = ()
        self._noted: set[str] = set()  # real paths of files from notes

    @property
    def known(self) -> bool:
        """Whether there are any; if not, no note can be believed yet."""
        return bool(self._roots)

    def add(self, root: str) -> None:
        """Add a directory."""
        if root and root not in self._roots:
            self._roots = (*self._roots, root)

    def add_manager(self, manager: Any) -> None:
        """Add the root directory of a contents manager, if it has one."""
        self.add(os_folder_of(manager, "") or "")

    def believed(self, notebook: UnprotectedNotebook) -> UnprotectedNotebook | None:
        """Return a notebook that an earlier process listed, if this server has it.

        Its file is named by its real path then, and its key is left to be made.
        """
        if not notebook.os_path:
            return replace(notebook, key="")
        path, real = notebook.path, _real(notebook.os_path)
        hidden = any(part.startswith(".") for part in path.split("/"))
        if hidden or not path.endswith((SUFFIX, *TEXTS)) or not self._is_at(path, real):
            return None
        if Path(real).exists() and not Path(real).is_file():
            return None
        self._noted.add(real)
        return replace(notebook, key="", os_path=real)

    def holds_folder(self, rename: FolderRename) -> bool:
        """Return whether a renamed folder is or was in a root, at its new path."""
        return self._is_at(rename.new, _real(rename.os_path))

    def above(self, os_path: str) -> str:
        """Return the real path of the root that a file from a note is in.

        Empty for any other file. A link may have been put in its way since the note was
        judged, so none below the root may be followed.
        """
        if os_path not in self._noted:
            return ""
        tops = map(os.path.realpath, self._roots)
        return next((top for top in tops if _is_inside(top, os_path)), "")

    def _is_at(self, path: str, real: str) -> bool:
        return any(
            _is_inside(os.path.realpath(root), real)
            and _real(os.path.join(root, path)) == real
            for root in self._roots
        )


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except ValueError:
        return ""  # no file has such a name


def _is_inside(top: str, real: str) -> bool:
    return real.startswith(top.rstrip(os.sep) + os.sep)
