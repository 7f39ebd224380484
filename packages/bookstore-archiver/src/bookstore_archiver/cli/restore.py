"""`jupyter bookstore restore`: write a version of a notebook over its file."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

from traitlets import Unicode

from bookstore_archiver.archiver import Archiver
from bookstore_archiver.cli.paired_text import Pair, find_pair, may_be_configured
from bookstore_archiver.cli.replacement import (
    Draft,
    Replacement,
    draft_of,
    record,
    replace_file,
    untrusted_draft,
)
from bookstore_archiver.cli.verb import ArchiverVerb, Patience
from bookstore_core.cli.given.new_file import file_errors, write_new
from bookstore_core.cli.notebook_verb import VersionVerb
from bookstore_core.errors import ConflictError
from bookstore_core.history import HistoryRow
from bookstore_core.history.records import record_of
from bookstore_core.notebooks import SUFFIX
from bookstore_core.origins import Origin
from bookstore_core.paths import printable
from bookstore_core.spool.counts import SpoolCounts
from bookstore_core.spool.directory import count_spool
from bookstore_core.stores.versions import OpenVersion

#: Who uploads what a restore has put into the spool.
ITSELF, SERVER, LATER = "this command", "a running server", "later"

SENT = {
    ITSELF: "It is in the store.",
    SERVER: "The running server uploads it.",
    LATER: "It waits in the spool: the store cannot be reached now.",
}


class RestoreApp(ArchiverVerb, VersionVerb):
    """Write a version of a notebook over its file, or to a new file with --to.

    VERSION is an id, a label, or @0 for the newest version, @1 for the one before, and
    so on. The present content of the file becomes a version first; if that fails,
    nothing is restored. The restored content becomes a new version. Exit codes: 0 done,
    or the file already had that content, 2 a time or path is not valid, 3 the
    configuration cannot work, 4 there is no such version, 5 the store refuses or the
    file cannot be written, 6 the file of --to exists, 7 the store cannot be reached or
    the present content could not be kept.
    """

    name = "jupyter-bookstore-restore"
    description = __doc__
    writes = True
    examples = """
    jupyter bookstore restore report.ipynb @1
    jupyter bookstore restore report.ipynb --at="yesterday 15:00"
    jupyter bookstore restore report.ipynb "before refactor" --to=old-report.ipynb
    """
    words = ("PATH", "[VERSION]")
    to = Unicode("", help="Write a copy to this new file instead.").tag(config=True)
    aliases = {**VersionVerb.aliases, "to": "RestoreApp.to"}  # noqa: RUF012

    def run(self) -> int:
        settings = self.checked_settings()
        history = self.history()
        name, *version = self.extra_args
        path = self.path(name)
        target = self.path(self.to) if self.to else path
        row, opened = self.streamed(history, path, *version)
        origin = Origin(row.version.version_id, row.path)
        with closing(Archiver(settings, log=self.log)) as archiver, opened:
            done = self._write(name, target, opened, origin=origin, archiver=archiver)
            sender = self._send(archiver) if done.written else ""
        value: dict[str, Any] = {"restored": done.written, "path": target}
        value |= {"kept_present": done.kept, "sent_by": sender}
        self.show(
            {**value, "version": record_of(row).as_json()},
            _lines(self.to or name, row, done, sender),
        )
        return 0

    def _write(
        self,
        name: str,
        path: str,
        opened: OpenVersion,
        *,
        origin: Origin,
        archiver: Archiver,
    ) -> Replacement:
        """Write the version to its place, which is its path on the server."""
        place = os.path.realpath(name)
        if self.to:
            place = os.path.abspath(self.to)
            with file_errors(self.to):
                os.stat(os.path.dirname(place))
        with untrusted_draft(place, opened.pieces()) as draft:
            if not self.to:
                return _restore_in_place(
                    name, path, draft, origin=origin, archiver=archiver
                )
            _write_copy(self.to, path, draft, origin=origin, archiver=archiver)
        return Replacement(kept=False, written=True)

    def _send(self, archiver: Archiver) -> str:
        """Drain the spool, unless a server does, and return who does it."""
        patience = Patience(archiver, report=self.print_message)

        def go_on(counts: SpoolCounts) -> bool:
            return not archiver.drained_elsewhere and patience.allows(counts)

        if archiver.drain(go_on=go_on):
            return ITSELF
        if archiver.drained_elsewhere:
            return SERVER
        waiting = count_spool(archiver.settings.spool_dir).waiting
        self.print_message(f"The restore is done. {patience.error_for(waiting)}")
        return LATER


def _lines(name: str, row: HistoryRow, done: Replacement, sender: str) -> Iterator[str]:
    which = printable(
        f"version {row.version.version_id} of {row.path}, saved on "
        f"{row.saved_at.astimezone():%Y-%m-%d at %H:%M:%S}"
    )
    name = printable(os.path.normpath(name))
    if not done.written:
        yield f"{name} already has the content of {which}. Nothing was changed."
        return
    yield f"{name} now has the content of {which}."
    if done.kept:
        yield "Its previous content is kept as a version, if it was not one already."
    yield f"The restore is a new version. {SENT[sender]}"


def _find_pair(os_path: str, draft: Draft) -> Pair | None:
    """Return the text files of the notebook in a draft, if it is to be `os_path`.

    A draft that names none, without a configuration that does, is not read.
    """
    if not os_path.endswith(SUFFIX):
        return None
    if draft.names_a_pair() or may_be_configured(os_path):
        return find_pair(os_path, draft.read())
    return None


def _write_copy(
    os_path: str, path: str, draft: Draft, *, origin: Origin, archiver: Archiver
) -> None:
    """Write a draft to a new file, and put it into the spool as a version of `path`.

    Raises ConflictError if the file, or a text file of its pair, exists.
    """
    pair = _find_pair(os.path.abspath(os_path), draft)
    for text, _ in pair.texts if pair else ():
        if os.path.lexists(text):
            raise ConflictError(
                f"{printable(text)} already exists, and jupytext would pair it with "
                "the copy. Choose another name."
            )
    write_new(os_path, draft.pieces())
    with open(draft.os_path, "rb") as content:
        record(content, path, origin, archiver)


def _restore_in_place(
    name: str, path: str, draft: Draft, *, origin: Origin, archiver: Archiver
) -> Replacement:
    """Replace a notebook's file, and the text files that jupytext pairs it with."""
    pair = _find_pair(os.path.abspath(name), draft)
    with ExitStack() as stack:
        texts = [
            stack.enter_context(draft_of(text, [content]))
            for text, content in (pair.written(draft.read()) if pair else ())
        ]
        if draft.is_in_place() and all(text.is_in_place() for text in texts):
            return Replacement(kept=False, written=False)
        done = replace_file(draft, path, origin=origin, archiver=archiver, pair=pair)
        for text in texts:
            text.move()
    return done
