"""The status of the process that drains a spool, as a file in it."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

STATUS = "status.json"
STATUS_SIZE = 4096


@dataclass(frozen=True)
class DrainStatus:
    """What the process that drains a spool last said of itself.

    It is the process `pid` of the machine `host`, and sends `in_flight` saves. Counts
    are since it began: `uploads` that the store confirmed, `retries` after a failure,
    saves `skipped` because settings thin them out, saves `removed` from the spool by
    somebody else. Times are ISO, in UTC; errors are sentences. An empty `last_error`
    means that nothing fails now, and `refused` that something fails which only a person
    can change.
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

    def write(self, spool_dir: str) -> None:
        """Replace the status file. Raises OSError where that is not possible."""
        path = Path(spool_dir) / STATUS
        draft = path.with_name(f"{STATUS}.{self.pid}")
        # A block of the disk, so that there is always room for the next one.
        data = json.dumps(asdict(self)).ljust(STATUS_SIZE).encode("ascii")
        try:
            draft.write_bytes(data)
            draft.replace(path)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            _write_over(path, data)


def _write_over(path: Path, data: bytes) -> None:
    # On a full disk there is room for it where the last status is, and this is the
    # moment at which people need to read it.
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


def read_status(spool_dir: str) -> DrainStatus:
    """Return the status that was last written; an empty one where there is none."""
    try:
        values = json.loads((Path(spool_dir) / STATUS).read_bytes())
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
