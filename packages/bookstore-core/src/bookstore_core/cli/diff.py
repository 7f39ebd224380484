"""`jupyter bookstore diff`: say what differs between two versions, or since one."""

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

#: The name of the notebook's file as it is now, where versions have theirs.
FILE = "file"


@dataclass(frozen=True)
class Side:
    """One of the two that are compared: its bytes, and what it is."""

    data: bytes
    title: str
    known: dict[str, Any]


class DiffApp(VersionVerb):
    """Say what differs between two versions of a notebook, cell by cell.

    BASE and REMOTE are versions: an id, @0 for the newest, @1 for the one before and so
    on, a label, or the word `file` for the file as it is now. Without REMOTE it is that
    file, and without BASE the newest version: so `diff PATH` says what was changed
    since, as `git diff` does. --at=TIME stands for BASE. Exit codes: 0 done, whether
    anything differs or not (with --exit-code 1 where it does), 2 a time or path that
    makes no sense, 4 there is no such version or file, 3, 5 and 7 the settings or the
    store refuse, or the store cannot be reached.
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
        False, help="Exit with 1 where the two differ, as `git diff` does."
    ).tag(config=True)
    flags = {  # noqa: RUF012
        **VersionVerb.flags,
        "exit-code": (
            {"DiffApp": {"exit_code": True}},
            "Exit with 1 where the two differ.",
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
        """Return the base; what is left of `names` is the remote's."""
        if self.at is None:
            return self._side(history, path, name, names.pop(0) if names else "")
        if len(names) > 1:
            raise InvalidRequestError(
                "--at stands for BASE. Give REMOTE alone, or none."
            )
        return self._version(history, path, "")

    def _side(self, history: History, path: str, file: str, name: str) -> Side:
        if name == FILE:
            limit = self.settings().max_notebook_size
            known = {"version_id": None, "path": path}
            return Side(_read_file(file, limit), f"{printable(path)} now", known)
        at, self.at = self.at, None  # it is the base's alone
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
    """Return what is in a file; only a plain one, since others may never end."""
    try:
        if os.path.exists(name) and not os.path.isfile(name):
            raise InvalidRequestError(f"{printable(name)} is no plain file.")
        with open(name, "rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no file {printable(name)} now. To compare two of its versions, "
            "name both: @1 @0."
        ) from None
    except PermissionError as error:
        raise ForbiddenError(
            f"{printable(name)} cannot be read: {error.strerror}."
        ) from None
    except (OSError, ValueError) as error:
        raise BookstoreError(f"{printable(name)} cannot be read: {error}") from None
    check_size(printable(name), len(data), limit)
    return data
