"""Files that are replaced in one step: drafts beside them, and the replacing."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

from bookstore_archiver.archiver import Archiver
from bookstore_archiver.cli.paired_text import Pair
from bookstore_archiver.spool.file_states import is_unchanged
from bookstore_archiver.spool.sources import BytesSource, FileSource, OpenSource, Source
from bookstore_core.cli.given.new_file import file_errors
from bookstore_core.disk.drafts import draft_beside
from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    InvalidRequestError,
    SpoolError,
)
from bookstore_core.jupyter.text_pairs import names_a_pair
from bookstore_core.origins import Origin
from bookstore_core.stores.streams import CHUNK
from bookstore_core.untrusted.marks import may_claim_trust, untrusted_pieces

#: How many times a file is kept if somebody saves it meanwhile.
ATTEMPTS = 3


@dataclass(frozen=True)
class Replacement:
    """What was done: `kept` the previous content, `written` the file."""

    kept: bool
    written: bool


@dataclass(frozen=True)
class Draft:
    """New content for the file `target`, in a file beside it."""

    target: str
    os_path: str

    def names_a_pair(self) -> bool:
        """Return whether a notebook may name its pair, without reading it whole."""
        with open(self.os_path, "rb") as file:
            return names_a_pair(file)

    def read(self) -> bytes:
        """Return the content."""
        with open(self.os_path, "rb") as file:
            return file.read()

    def pieces(self) -> Iterator[bytes]:
        """Yield the content in pieces."""
        with open(self.os_path, "rb") as file:
            while piece := file.read(CHUNK):
                yield piece

    def is_in_place(self) -> bool:
        """Return whether the file already has this content."""
        with suppress(OSError), open(self.target, "rb") as file:
            return all(file.read(len(piece)) == piece for piece in self.pieces()) and (
                not file.read(1)
            )
        return False

    def move(self) -> None:
        """Replace the file."""
        os.replace(self.os_path, self.target)


@contextmanager
def draft_of(target: str, pieces: Iterable[bytes]) -> Iterator[Draft]:
    """Write a draft for the file `target`, durable; remove it at the end, if left.

    It has the permissions of the file that is there and, if this account may give files
    away, its owner and group.
    """
    folder = os.path.dirname(target)
    draft = Draft(target, draft_beside(target))
    try:
        with file_errors(target):
            os.makedirs(folder, exist_ok=True)  # it may have been deleted, too
        before = status_of(target)
        with file_errors(target), open(draft.os_path, "xb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            if before is not None:
                _take_on(file.fileno(), before)
        yield draft
    finally:
        with suppress(OSError):
            os.unlink(draft.os_path)


def _take_on(descriptor: int, status: os.stat_result) -> None:
    """Give a file the owner, the group and the permissions of another one."""
    for owner, group in ((status.st_uid, -1), (-1, status.st_gid)):
        with suppress(OSError):
            os.fchown(descriptor, owner, group)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))


@contextmanager
def untrusted_draft(target: str, pieces: Iterable[bytes]) -> Iterator[Draft]:
    """Write a draft like `draft_of`, without marks of trust."""
    with draft_of(target, pieces) as draft, open(draft.os_path, "rb") as file:
        if not may_claim_trust(file):
            yield draft
            return
        with draft_of(target, untrusted_pieces(file)) as clean:
            yield clean


def replace_file(
    draft: Draft, path: str, *, origin: Origin, archiver: Archiver, pair: Pair | None
) -> Replacement:
    """Replace the file of the notebook at `path` with a draft of `origin`.

    The present content is put into the spool first; if that fails, the file is not
    changed and a BookstoreError is raised. The file is replaced in one step, and then
    the text files of its `pair`. On return, a new version that records its origin is in
    the spool.
    """
    os_path = draft.target
    with open(draft.os_path, "rb") as content:
        for _ in range(ATTEMPTS):
            before = status_of(os_path)
            if before is not None:
                keep(FileSource(os_path), os_path, path, archiver)
            if pair is not None and (edited := pair.edited()) is not None:
                keep(BytesSource(edited), os_path, path, archiver)
            if is_unchanged(before, status_of(os_path)):
                draft.move()
                break
        else:
            raise ConflictError(
                f"Nothing was restored: {os_path} was changed again and again."
            )
        record(content, path, origin, archiver)
    return Replacement(kept=before is not None, written=True)


def keep(source: Source, os_path: str, path: str, archiver: Archiver) -> None:
    """Put content that will be overwritten into the spool; raise if that fails."""
    reason = (
        f"Nothing was restored: the present content of {os_path} could not be kept and "
        "would have been lost."
    )
    try:
        archiver.intake.keep_present(source, path)
    except BookstoreError as error:
        raise type(error)(f"{reason} {error}") from error
    except OSError as error:
        raise SpoolError(f"{reason} The spool cannot be written: {error}") from error


def record(content: BinaryIO, path: str, origin: Origin, archiver: Archiver) -> None:
    """Put restored content into the spool."""
    try:
        archiver.intake.keep_restored(OpenSource(content), path, origin)
    except (OSError, InvalidRequestError) as error:
        raise SpoolError(
            f"{path} was restored, but no version records it: {error}"
        ) from error


def status_of(os_path: str) -> os.stat_result | None:
    """Return the status of a file; None if it does not exist."""
    with file_errors(os_path):
        try:
            return os.stat(os_path)
        except FileNotFoundError:
            return None
