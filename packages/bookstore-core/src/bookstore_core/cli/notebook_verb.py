"""Base classes of the verbs about one notebook: its path, history and versions."""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from traitlets import Unicode

from bookstore_core.cli.command import Verb
from bookstore_core.cli.given.times import parse_moment
from bookstore_core.errors import InvalidRequestError, VersionNotFoundError
from bookstore_core.history import WORKSPACE, History, HistoryRow
from bookstore_core.jupyter.server_root import ServerRoot, find_root, path_on_server
from bookstore_core.notebooks import SUFFIX
from bookstore_core.paths import check_path
from bookstore_core.stores import open_store
from bookstore_core.stores.versions import OpenVersion

ROOT_HELP = (
    "The notebook server's root directory. If empty: that of JUPYTER_SERVER_ROOT, of "
    "a running server that contains the file, or the configured one."
)


class NotebookVerb(Verb):
    """Base class of verbs whose first argument is a notebook's file, possibly deleted.

    Its path on the server is relative to the root directory of the notebook server. A
    verb that `writes` fails if that is in doubt; another one prints which it took.
    """

    writes: ClassVar[bool] = False

    root_dir = Unicode("", help=ROOT_HELP).tag(config=True)
    aliases = {**Verb.aliases, "root-dir": "NotebookVerb.root_dir"}  # noqa: RUF012

    def path(self, name: str) -> str:
        """Return the path on the server of the notebook with this file name.

        Raises InvalidRequestError if it is outside of the root directory, or a folder.
        """
        root = self._root or find_root(self.config, [name], self.root_dir)
        path = path_on_server(root.sure() if self.writes else root.path, name)
        if not path or (os.path.isdir(name) and not path.endswith(SUFFIX)):
            raise InvalidRequestError(f"{name} is a folder. Name a notebook in it.")
        if self._root is None and root.doubt:
            self.print_note(root.note)
        self._root = root  # the root of the other names, too
        return check_path(path)

    _root: ServerRoot | None = None

    def history(self) -> History:
        """Return the histories of the workspace, without a request to the store.

        Raises ConfigurationError if no store, or no workspace, is configured.
        """
        settings = self.settings()
        WORKSPACE.check(settings)
        return History(open_store(settings), settings)


class VersionVerb(NotebookVerb):
    """Base class of verbs about one version, given by a name or by a time."""

    at = Unicode(
        None,
        allow_none=True,
        help="Instead of VERSION: the version that was the newest at this local time, "
        "such as 'yesterday 15:00', '2 hours ago' or '2026-11-20 15:00'.",
    ).tag(config=True)
    aliases = {**NotebookVerb.aliases, "at": "VersionVerb.at"}  # noqa: RUF012

    def chosen(self, history: History, path: str, name: str = "") -> HistoryRow:
        """Return the version given by `name` or by `--at`, else the newest one.

        Raises InvalidRequestError if both are given.
        """
        if self.at is None:
            with _advice_on_time(name):
                return history.find(path, name)
        if name:
            raise InvalidRequestError(
                f"Give either the version {name!a} or a time with --at, not both."
            )
        return history.at(path, parse_moment(self.at))

    def opened(
        self, history: History, path: str, name: str = ""
    ) -> tuple[HistoryRow, bytes]:
        """Return the version, as `chosen` does, and its content."""
        if self.at is None:
            with _advice_on_time(name):
                return history.open(path, name)
        row = self.chosen(history, path, name)
        return row, history.read(row.path, row.version.version_id)[1]

    def streamed(
        self, history: History, path: str, name: str = ""
    ) -> tuple[HistoryRow, OpenVersion]:
        """Return the version, as `chosen` does, and its content, open for reading."""
        row = self.chosen(history, path, name)
        return row, history.stream(row.path, row.version.version_id)[1]


@contextmanager
def _advice_on_time(name: str) -> Iterator[None]:
    """Say how a time is given, if there is no version with a name that is one."""
    try:
        yield
    except VersionNotFoundError as error:
        try:
            parse_moment(name)
        except InvalidRequestError:
            raise error from None
        raise VersionNotFoundError(
            f"{error} To name a version by a time: --at={shlex.quote(name)}"
        ) from None
