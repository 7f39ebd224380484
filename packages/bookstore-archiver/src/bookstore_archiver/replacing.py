"""Replacing a file by an old version of it, with what was there kept first."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from bookstore_archiver.archiving import Archiver
from bookstore_archiver.snapshots import FileSource
from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    ForbiddenError,
    InvalidNotebookError,
    InvalidRequestError,
    NotFoundError,
    SpoolError,
)
from bookstore_core.notebooks import (
    SUFFIX,
    cells_of,
    drop_trust,
    parse_notebook,
    write_notebook,
)
from bookstore_core.origins import Origin

#: How often a file is kept again that somebody saves meanwhile.
ATTEMPTS = 3


@dataclass(frozen=True)
class Replacement:
    """What became of a file: `kept` what was there, `written` anything at all."""

    kept: bool
    written: bool


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
            if _is_same(before, _status(os_path)):
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
    _tell(path, data, origin, archiver)
    return Replacement(kept=before is not None, written=True)


def write_copy(
    os_path: str, path: str, data: bytes, *, origin: Origin, archiver: Archiver
) -> None:
    """Write `data` into a new file, and put it into the spool as a version of `path`.

    Raises ConflictError when the file is there already.
    """
    with _file_errors(os_path), open(os_path, "xb") as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            os.unlink(os_path)
            raise
    _tell(path, data, origin, archiver)


def _keep(os_path: str, path: str, archiver: Archiver) -> None:
    reason = (
        f"Nothing was restored: what is in {os_path} now could not be kept first, and "
        "would have been lost."
    )
    try:
        archiver.keep_present(FileSource(os_path), path)
    except BookstoreError as error:
        raise type(error)(f"{reason} {error}") from error
    except OSError as error:
        raise SpoolError(f"{reason} The spool cannot be written: {error}") from error


def _tell(path: str, data: bytes, origin: Origin, archiver: Archiver) -> None:
    try:
        archiver.keep_restored(data, path, origin)
    except (OSError, InvalidRequestError) as error:
        raise SpoolError(
            f"{path} has the old content, but no version says so: {error}"
        ) from error


def _write_draft(os_path: str, data: bytes, before: os.stat_result | None) -> str:
    folder, name = os.path.split(os_path)
    draft = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(4)}")
    with _file_errors(os_path):
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


@contextmanager
def _file_errors(os_path: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise ConflictError(
            f"{os_path} is there already. Choose another name, or remove it first."
        ) from None
    except FileNotFoundError:
        raise NotFoundError(f"There is no folder for {os_path}.") from None
    except PermissionError as error:
        raise ForbiddenError(
            f"Nothing was restored: {os_path} cannot be written: {error.strerror}."
        ) from None
    except OSError as error:
        raise BookstoreError(
            f"Nothing was restored: {os_path} cannot be written: {error}"
        ) from None


def _status(os_path: str) -> os.stat_result | None:
    with _file_errors(os_path):
        try:
            return os.stat(os_path)
        except FileNotFoundError:
            return None


def _has(os_path: str, data: bytes) -> bool:
    with suppress(OSError), open(os_path, "rb") as file:
        return file.read(len(data) + 1) == data
    return False


def _is_same(before: os.stat_result | None, after: os.stat_result | None) -> bool:
    if before is None or after is None:
        return before is after
    return (before.st_ino, before.st_size, before.st_mtime_ns) == (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
    )
