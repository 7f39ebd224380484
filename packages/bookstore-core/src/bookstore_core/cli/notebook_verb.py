"""What the verbs about one notebook share: its path, its history, its versions."""

import os

from traitlets import Unicode

from bookstore_core.cli.command import Verb
from bookstore_core.cli.times import parse_moment
from bookstore_core.errors import InvalidRequestError
from bookstore_core.history import History, HistoryRow
from bookstore_core.jupyter.server_root import path_on_server, server_root
from bookstore_core.notebooks import SUFFIX
from bookstore_core.paths import check_path
from bookstore_core.stores import open_store


class NotebookVerb(Verb):
    """Base of the verbs whose first word is the file of a notebook, there or deleted.

    Its path on the server is relative to the root directory of the notebook server.
    """

    root_dir = Unicode(
        "",
        help="The notebook server's root directory. Empty: as it is configured, else "
        "the current directory.",
    ).tag(config=True)
    aliases = {**Verb.aliases, "root-dir": "NotebookVerb.root_dir"}  # noqa: RUF012

    def path(self, name: str) -> str:
        """Return the path on the server of the notebook that is called so here.

        Raises InvalidRequestError for what is outside of the root directory, or a
        folder.
        """
        root = server_root(self.config, self.root_dir)
        path = path_on_server(root, name)
        if not path or (os.path.isdir(name) and not path.endswith(SUFFIX)):
            raise InvalidRequestError(f"{name} is a folder. Name a notebook in it.")
        return check_path(path)

    def history(self) -> History:
        """Return the histories of the workspace; asks no store yet.

        Raises ConfigurationError when none is configured.
        """
        settings = self.settings()
        return History(open_store(settings), settings)


class VersionVerb(NotebookVerb):
    """Base of the verbs about one version, by a name or by a time."""

    at = Unicode(
        None,
        allow_none=True,
        help="The version that was the newest at this time, such as 'yesterday 15:00', "
        "'2 hours ago' or '2026-11-20 15:00' here on the clock; in place of VERSION.",
    ).tag(config=True)
    aliases = {**NotebookVerb.aliases, "at": "VersionVerb.at"}  # noqa: RUF012

    def chosen(self, history: History, path: str, name: str = "") -> HistoryRow:
        """Return the version that `name`, or the option `--at`, means; else the newest.

        Raises InvalidRequestError where both are given.
        """
        if self.at is None:
            return history.find(path, name)
        if name:
            raise InvalidRequestError(
                f"Give either the version {name!a} or a time with --at, not both."
            )
        return history.at(path, parse_moment(self.at))

    def opened(
        self, history: History, path: str, name: str = ""
    ) -> tuple[HistoryRow, bytes]:
        """Return the version that is meant, as `chosen` does, and its content."""
        if self.at is None:
            return history.open(path, name)
        row = self.chosen(history, path, name)
        return row, history.read(row.path, row.version.version_id)[1]
