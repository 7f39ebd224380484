"""`jupyter bookstore diff`: show what differs between two versions, or since one."""

import os
import sys
from dataclasses import dataclass
from typing import Any

from traitlets import Bool

from bookstore_core.cli.notebook_verb import VersionVerb
from bookstore_core.cli.terminal.diff_lines import draw, plain_lines
from bookstore_core.diff.notebooks import diff_notebooks
from bookstore_core.errors import (
    BookstoreError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
)
from bookstore_core.history import History
from bookstore_core.history.records import record_of
from bookstore_core.notebooks import check_size
from bookstore_core.paths import printable

#: The name, in place of a version's, for the notebook's file as it is now.
FILE = "file"


@dataclass(frozen=True)
class Side:
    """One side of a comparison: its bytes, title and record."""

    data: bytes
    title: str
    known: dict[str, Any]


class DiffApp(VersionVerb):
    """Show what differs between two versions of a notebook, cell by cell.

    BASE and REMOTE are versions: an id, @0 for the newest, @1 for the previous one and
    so on, a label, or the word `file` for the file as it is now. REMOTE is that file by
    default, and BASE the newest version: `diff PATH` shows what has changed since it,
    as `git diff` does. --at=TIME replaces BASE. Exit codes: 0 done, whether anything
    differs or not (with --exit-code, 1 if it does), 2 an invalid time or path, 4 there
    is no such version or file, 3, 5 and 7 the settings or the store refuse it, or the
    store cannot be reached.
    """

    name = "jupyter-bookstore-diff"
    description = __doc__
    examples = """
    jupyter bookstore diff report.ipynb
    jupyter bookstore diff report.ipynb @1 @0
    jupyter bookstore diff report.ipynb "before refactor"
    jupyter bookstore diff report.ipynb --at="yesterday 15:00"
    """
    words = ("PATH", "[BASE]", "[REMOTE]")
    exit_code = Bool(
        False, help="Exit with 1 if the two differ, as `git diff` does."
    ).tag(config=True)
    flags = {  # noqa: RUF012
        **VersionVerb.flags,
        "exit-code": (
            {"DiffApp": {"exit_code": True}},
            "Exit with 1 if the two differ.",
        ),
    }

    def run(self) -> int:
        name, *names = self.extra_args
        path = self.path(name)
        history = self.history()
        base = self._base(history, path, name, names)
        remote = self._side(history, path, name, names.pop(0) if names else FILE)
        found = diff_notebooks(base.data, remote.data)
        title = f"{base.title} -> {remote.title}"
        if self.as_json:
            sides = {"path": path, "base": base.known, "remote": remote.known}
            self.show({**sides, **found.as_json()}, ())
        elif sys.stdout.isatty():
            draw(title, found)
        else:
            self.show(None, plain_lines(title, found))
        return int(self.exit_code and not found.summary.is_empty)

    def _base(self, history: History, path: str, name: str, names: list[str]) -> Side:
        """Return the base and remove its name, if given, from `names`."""
        if self.at is None:
            return self._side(history, path, name, names.pop(0) if names else "")
        if len(names) > 1:
            raise InvalidRequestError(
                "--at replaces BASE. Give only REMOTE, or neither."
            )
        return self._version(history, path, "")

    def _side(self, history: History, path: str, file: str, name: str) -> Side:
        if name == FILE:
            limit = self.settings().max_notebook_size
            known = {"version_id": None, "path": path}
            return Side(_read_file(file, limit), f"{printable(path)} now", known)
        at, self.at = self.at, None  # --at is only for the base
        try:
            return self._version(history, path, name)
        finally:
            self.at = at

    def _version(self, history: History, path: str, name: str) -> Side:
        found, data = self.opened(history, path, name)
        label = f" {found.label.name!r}" if found.label else ""
        saved = f"{found.saved_at.astimezone():%Y-%m-%d %H:%M:%S}"
        author = f" by {found.author}" if found.author else ""
        title = printable(f"{found.path}{label} of {saved}{author}")
        return Side(data, title, record_of(found).as_json())


def _read_file(name: str, limit: int) -> bytes:
    """Return the content of a regular file; reading another kind may never end."""
    try:
        if os.path.exists(name) and not os.path.isfile(name):
            raise InvalidRequestError(f"{printable(name)} is not a regular file.")
        with open(name, "rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise NotFoundError(
            f"The file {printable(name)} does not exist. To compare two of its "
            "versions, name both: @1 @0."
        ) from None
    except PermissionError as error:
        raise ForbiddenError(
            f"{printable(name)} cannot be read: {error.strerror}."
        ) from None
    except (OSError, ValueError) as error:
        raise BookstoreError(f"{printable(name)} cannot be read: {error}") from None
    check_size(printable(name), len(data), limit)
    return data
