"""`jupyter bookstore restore`: bring a version of a notebook back into its file."""

import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from traitlets import Unicode

from bookstore_archiver.archiving import Archiver
from bookstore_archiver.commands import ArchiverVerb
from bookstore_archiver.patience import Patience
from bookstore_archiver.replacing import (
    Replacement,
    replace_file,
    untrusted,
    write_copy,
)
from bookstore_core.cli.notebook_verb import VersionVerb
from bookstore_core.history import HistoryRow
from bookstore_core.history.records import (
    as_json,
)
from bookstore_core.origins import Origin
from bookstore_core.paths import printable
from bookstore_core.spool.directory import SpoolCounts, count_spool

#: Who brings to the store what a restore has put into the spool.
ITSELF, SERVER, LATER = "this command", "a running server", "later"

SENT = {
    ITSELF: "It is in the store.",
    SERVER: "The server that runs brings it to the store.",
    LATER: "It waits in the spool: the store cannot be reached now.",
}


class RestoreApp(ArchiverVerb, VersionVerb):
    """Write a version of a notebook over its file, or with --to into a new one.

    VERSION is an id, @0 for the newest, @1 for the one before and so on, or a label.
    What is in the file now is kept first, and where that cannot be done nothing is
    restored. What it becomes is a new version. Exit codes: 0 done, also where the file
    had that content already, 2 a time or path that makes no sense, 4 there is no such
    version, 6 the file of --to is there already, 7 the store cannot be reached, or
    nothing can be kept, 3 and 5 the settings, the store or the file refuse.
    """

    name = "jupyter-bookstore-restore"
    description = __doc__
    examples = """
    jupyter bookstore restore report.ipynb @1
    jupyter bookstore restore report.ipynb --at="yesterday 15:00"
    jupyter bookstore restore report.ipynb "before refactor" --to=old-report.ipynb
    """
    words = ("PATH", "[VERSION]")
    to = Unicode("", help="Write a copy into this new file instead.").tag(config=True)
    aliases = {**VersionVerb.aliases, "to": "RestoreApp.to"}  # noqa: RUF012

    def run(self) -> int:
        settings = self.checked_settings()
        history = self.history()
        name, *version = self.extra_args
        path = self.path(name)
        target = self.path(self.to) if self.to else path
        row = self.chosen(history, path, *version)
        version_id = row.version.version_id
        _, data = history.read(row.path, version_id)
        origin = Origin(version_id, row.path)
        content = untrusted(target, data)
        with closing(Archiver(settings, log=self.log)) as archiver:
            if self.to:
                write_copy(self.to, target, content, origin=origin, archiver=archiver)
                done = Replacement(kept=False, written=True)
            else:
                done = replace_file(
                    name, target, content, origin=origin, archiver=archiver
                )
            sender = self._send(archiver) if done.written else ""
        value: dict[str, Any] = {"restored": done.written, "path": target}
        value |= {"kept_present": done.kept, "sent_by": sender}
        self.show(
            {**value, "version": as_json(row)},
            _lines(self.to or name, row, done, sender),
        )
        return 0

    def _send(self, archiver: Archiver) -> str:
        """Empty the spool, unless a server does, and return who does it."""
        patience = Patience(archiver, tell=self.say)

        def go_on(counts: SpoolCounts) -> bool:
            return not archiver.is_elsewhere and patience.allows(counts)

        if archiver.drain(go_on=go_on):
            return ITSELF
        if archiver.is_elsewhere:
            return SERVER
        waiting = count_spool(archiver.settings.spool_dir).waiting
        self.say(f"The restore is done. {patience.obstacle(waiting)}")
        return LATER


def _lines(name: str, row: HistoryRow, done: Replacement, sender: str) -> Iterator[str]:
    which = printable(
        f"version {row.version.version_id} of {row.path}, saved on "
        f"{row.saved_at.astimezone():%Y-%m-%d at %H:%M:%S}"
    )
    name = printable(os.path.normpath(name))
    if not done.written:
        yield f"{name} has the content of {which} already. Nothing was changed."
        return
    yield f"{name} is now what it was in {which}."
    if done.kept:
        yield "What was there is kept as a version of its own, if it was none yet."
    yield f"The restore is a new version. {SENT[sender]}"
