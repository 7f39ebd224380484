"""`jupyter bookstore restore`: bring a version of a notebook back into its file."""

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
    InvalidNotebookError,
    InvalidRequestError,
    SpoolError,
)
from bookstore_core.history import HistoryRow
from bookstore_core.history.records import record_of
from bookstore_core.notebooks import (
    SUFFIX,
    cells_of,
    drop_trust,
    parse_notebook,
    write_notebook,
)
from bookstore_core.origins import Origin
from bookstore_core.paths import printable
from bookstore_core.spool.directory import SpoolCounts, count_spool

#: How often a file is kept again that somebody saves meanwhile.
ATTEMPTS = 3

#: Who brings to the store what a restore has put into the spool.
ITSELF, SERVER, LATER = "this command", "a running server", "later"

SENT = {
    ITSELF: "It is in the store.",
    SERVER: "The server that runs brings it to the store.",
    LATER: "It waits in the spool: the store cannot be reached now.",
}


@dataclass(frozen=True)
class Replacement:
    """What became of a file: `kept` what was there, `written` anything at all."""

    kept: bool
    written: bool


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
        row, data = self.opened(history, path, *version)
        origin = Origin(row.version.version_id, row.path)
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
            {**value, "version": record_of(row).as_json()},
            _lines(self.to or name, row, done, sender),
        )
        return 0

    def _send(self, archiver: Archiver) -> str:
        """Empty the spool, unless a server does, and return who does it."""
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
        yield f"{name} has the content of {which} already. Nothing was changed."
        return
    yield f"{name} is now what it was in {which}."
    if done.kept:
        yield "What was there is kept as a version of its own, if it was none yet."
    yield f"The restore is a new version. {SENT[sender]}"


def untrusted(path: str, data: bytes) -> bytes:
    """Return a notebook without claims of trust: the same bytes where it has none.

    What is no valid notebook stays as it is.
    """
    if not path.endswith(SUFFIX):
        return data
    try:
        notebook = parse_notebook(data)
        metadata = [cell.get("metadata") for cell in cells_of(notebook)]
        if any(isinstance(known, dict) and "trusted" in known for known in metadata):
            return write_notebook(drop_trust(notebook))
    except InvalidNotebookError:
        return data
    return data


def replace_file(
    os_path: str, path: str, data: bytes, *, origin: Origin, archiver: Archiver
) -> Replacement:
    """Have the notebook at `path`, whose file is `os_path`, be `data` from `origin`.

    What is there goes into the spool first; where it cannot, nothing is changed, and
    what is in the way is raised. The file changes in one step, and a new version that
    tells of its origin is in the spool when this returns.
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
                f"Nothing was restored: {os_path} is being saved again and again."
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
    """Write `data` into a new file, and put it into the spool as a version of `path`.

    Raises ConflictError when the file is there already.
    """
    write_new(os_path, data)
    _record(path, data, origin, archiver)


def _keep(os_path: str, path: str, archiver: Archiver) -> None:
    reason = (
        f"Nothing was restored: what is in {os_path} now could not be kept first, and "
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
            f"{path} has the old content, but no version says so: {error}"
        ) from error


def _write_draft(os_path: str, data: bytes, before: os.stat_result | None) -> str:
    folder, name = os.path.split(os_path)
    draft = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(4)}")
    with file_errors(os_path):
        os.makedirs(folder, exist_ok=True)  # that of a deleted notebook may be gone
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
