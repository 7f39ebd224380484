"""Presence: which notebooks the caller's server has now."""

from collections.abc import Sequence
from dataclasses import dataclass

from bookstore_core.errors import BookstoreError, NotFoundError
from bookstore_core.jupyter.file_kinds import FILE, OTHER, UNKNOWN
from bookstore_web.contents.client import Caller, ContentsServer

#: Whether there is a file, by the kind of what is there; None if that is not known.
IS_FILE = {FILE: True, OTHER: True, UNKNOWN: None}

#: The maximum number of folders that are listed for one page.
MAX_FOLDERS = 20


@dataclass(frozen=True)
class Presence:
    """Looks up notebooks on the caller's server, with the caller's credentials."""

    server: ContentsServer
    caller: Caller

    def find(self, paths: Sequence[str]) -> dict[str, bool | None]:
        """Return for each path whether there is a file; None if that is not known.

        This takes one request; for servers whose files are not on their machine, one
        listing for each folder, for up to 20 folders. It never raises: if the server
        does not answer, or list a folder, the files are not known.
        """
        try:
            kinds = self.server.kinds(paths, caller=self.caller)
        except BookstoreError:
            return dict.fromkeys(paths)
        if kinds is None:
            return self._find_listed(paths)
        return {
            path: IS_FILE.get(kind, False)
            for path, kind in zip(paths, kinds, strict=True)
        }

    def _find_listed(self, paths: Sequence[str]) -> dict[str, bool | None]:
        folders = dict.fromkeys(_folder(path) for path in paths)
        names = {folder: self._names(folder) for folder in list(folders)[:MAX_FOLDERS]}
        found: dict[str, bool | None] = {}
        for path in paths:
            there = names.get(_folder(path))
            found[path] = None if there is None else path.rpartition("/")[2] in there
        return found

    def has(self, path: str) -> bool | None:
        """Return whether there is a file at a path; None if that is not known."""
        try:
            kinds = self.server.kinds([path], caller=self.caller)
            if kinds is not None:
                return IS_FILE.get(kinds[0], False)
            return self.server.exists(path, caller=self.caller)
        except BookstoreError:
            return None

    def _names(self, folder: str) -> set[str] | None:
        try:
            listed = self.server.list_folder(folder, caller=self.caller)
        except NotFoundError:
            return set()
        except BookstoreError:
            return None
        return {name for name, kind in listed.items() if kind != "directory"}


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
