"""The status of the process that drains a spool, in a file of the spool."""

import json
import os
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bookstore_core.disk.private import create_private
from bookstore_core.disk.regular import open_regular, read_regular

STATUS = "status.json"
STATUS_SIZE = 4096
MAX_SIZE = 1024 * 1024


@dataclass(frozen=True)
class DrainStatus:
    """The latest status of the process that drains a spool.

    It is the process `pid` on the machine `host`, and is sending `in_flight` saves. The
    other counts are since it started: `uploads` that the store confirmed, `retries`
    after a failure, saves `skipped` as the settings say, saves `removed` from the spool
    by somebody else. Times are ISO, in UTC; errors are sentences. `last_error` is empty
    if nothing fails now; `refused` means that only a person can resolve the failure.
    `next_attempt` is when what fails is tried again, empty if that is not known.
    """

    pid: int = 0
    host: str = ""
    written_at: str = ""
    in_flight: int = 0
    uploads: int = 0
    retries: int = 0
    skipped: int = 0
    removed: int = 0
    last_success: str = ""
    last_error: str = ""
    last_error_at: str = ""
    refused: bool = False
    next_attempt: str = ""

    def write(self, spool_dir: str) -> None:
        """Replace the status file; raises OSError if that is not possible."""
        path = f"{spool_dir}/{STATUS}"
        draft = f"{path}.{self.pid}"
        # A whole block of the disk, so that the next status always fits.
        data = json.dumps(vars(self)).ljust(STATUS_SIZE).encode("ascii")
        try:
            with os.fdopen(_new_file(draft), "wb") as file:
                file.write(data)
            os.replace(draft, path)
        except OSError:
            with suppress(OSError):
                os.unlink(draft)
            _write_over(path, data)


def _new_file(path: str) -> int:
    try:
        return create_private(path)
    except FileExistsError:  # an earlier process was killed
        os.unlink(path)
        return create_private(path)


def _write_over(path: str, data: bytes) -> None:
    # On a full disk, the new status fits in place of the last one.
    with os.fdopen(open_regular(path, flags=os.O_RDWR), "r+b") as file:
        file.write(data)
        file.truncate()


def read_status(spool_dir: str) -> DrainStatus:
    """Return the status that was last written, or an empty one."""
    try:
        path = Path(spool_dir) / STATUS
        values = json.loads(read_regular(path, limit=MAX_SIZE))
    except (OSError, ValueError, RecursionError):
        return DrainStatus()
    if not isinstance(values, dict):
        return DrainStatus()
    known: dict[str, Any] = {
        field.name: values[field.name]
        for field in fields(DrainStatus)
        if type(values.get(field.name)) is type(field.default)
    }
    return DrainStatus(**known)
