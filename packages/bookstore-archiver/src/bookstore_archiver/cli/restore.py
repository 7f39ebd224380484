"""`jupyter bookstore restore`: write a version of a notebook over its file."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

from traitlets import Unicode

from bookstore_archiver.archiver import Archiver
from bookstore_archiver.cli.verb import ArchiverVerb, Patience
from bookstore_archiver.spool.file_states import is_unchanged
from bookstore_archiver.spool.sources import FileSource
from bookstore_core.cli.new_file import file_errors, write_new
from bookstore_core.cli.notebook_verb import VersionVerb
from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    InvalidRequestError,
    SpoolError,
)
from bookstore_core.history import HistoryRow
from bookstore_core.history.records import record_of
from bookstore_core.origins import Origin
from bookstore_core.paths import printable
from bookstore_core.spool.directory import SpoolCounts, count_spool
from bookstore_core.untrusted.trust import untrusted

#: How many times a file is kept if somebody saves it meanwhile.
ATTEMPTS = 3

#: Who uploads what a restore has put into the spool.
ITSELF, SERVER, LATER = "this command", "a running server", "later"

SENT = {
    ITSELF: "It is in the store.",
    SERVER: "The running server uploads it.",
    LATER: "It waits in the spool: the store cannot be reached now.",
}


@dataclass(frozen=True)
class Replacement:
    """What was done: `kept` the previous content, `written` the file."""

    kept: bool
    written: bool


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
        row, data = self.opened(history, path, *version)
        origin = Origin(row.version.version_id, row.path)
        content = untrusted(data, bounded=False)
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
            {**value, "version": record_of(row).as_json()},
            _lines(self.to or name, row, done, sender),
        )
        return 0

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


def replace_file(
    os_path: str, path: str, data: bytes, *, origin: Origin, archiver: Archiver
) -> Replacement:
    """Replace the file `os_path` of the notebook at `path` with `data` from `origin`.

    The present content is put into the spool first; if that fails, the file is not
    changed and a BookstoreError is raised. The file is replaced in one step. On return,
    a new version that records its origin is in the spool.
    """
    os_path = os.path.realpath(os_path)
    before = _status(os_path)
    if before is not None and _has(os_path, data):
        return Replacement(kept=False, written=False)
    draft = _write_draft(os_path, data, before)
    try:
        for _ in range(ATTEMPTS):
            before = _status(os_path)
            if before is not None:
                _keep(os_path, path, archiver)
            if is_unchanged(before, _status(os_path)):
                os.replace(draft, os_path)
                break
        else:
            raise ConflictError(
                f"Nothing was restored: {os_path} was changed again and again."
            )
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise
    _record(path, data, origin, archiver)
    return Replacement(kept=before is not None, written=True)


def write_copy(
    os_path: str, path: str, data: bytes, *, origin: Origin, archiver: Archiver
) -> None:
    """Write `data` to a new file, and put it into the spool as a version of `path`.

    Raises ConflictError if the file exists.
    """
    write_new(os_path, data)
    _record(path, data, origin, archiver)


def _keep(os_path: str, path: str, archiver: Archiver) -> None:
    reason = (
        f"Nothing was restored: the present content of {os_path} could not be kept and "
        "would have been lost."
    )
    try:
        archiver.intake.keep_present(FileSource(os_path), path)
    except BookstoreError as error:
        raise type(error)(f"{reason} {error}") from error
    except OSError as error:
        raise SpoolError(f"{reason} The spool cannot be written: {error}") from error


def _record(path: str, data: bytes, origin: Origin, archiver: Archiver) -> None:
    try:
        archiver.intake.keep_restored(data, path, origin)
    except (OSError, InvalidRequestError) as error:
        raise SpoolError(
            f"{path} was restored, but no version records it: {error}"
        ) from error


def _write_draft(os_path: str, data: bytes, before: os.stat_result | None) -> str:
    folder, name = os.path.split(os_path)
    draft = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(4)}")
    with file_errors(os_path):
        os.makedirs(folder, exist_ok=True)  # it may have been deleted, too
        with open(draft, "xb") as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                if before is not None:
                    os.chmod(draft, stat.S_IMODE(before.st_mode))
            except OSError:
                os.unlink(draft)
                raise
    return draft


def _status(os_path: str) -> os.stat_result | None:
    with file_errors(os_path):
        try:
            return os.stat(os_path)
        except FileNotFoundError:
            return None


def _has(os_path: str, data: bytes) -> bool:
    with suppress(OSError), open(os_path, "rb") as file:
        return file.read(len(data) + 1) == data
    return False
