"""Renames of folders, kept until versions record them for all their notebooks.

Each is a file in ``renamed/`` in the spool, whose name begins with the time. It has a
line of JSON that describes the rename, then one line for each notebook whose rename is
recorded in a version, with its new path as a JSON string, and a last line ``true`` if
all are recorded. A process locks the files that it works on. When it has ended, another
process takes them over. The process that drains the spool adds a line too, before it
removes the save of a renamed notebook.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bookstore_core.errors import InvalidRequestError
from bookstore_core.paths import check_path

FOLDER = "renamed"

#: The line after the last notebook.
OVER = b"true\n"


@dataclass(frozen=True)
class FolderRename:
    """The old and the new path of a folder on the server, and its directory now.

    `recorded` are the new paths of the notebooks whose rename is recorded in a version;
    `over` means that no more notebooks are to be recorded. A folder that `waits` is not
    visited: a save of a notebook in it records its rename. If both paths are the same,
    the folder was copied there, and its notebooks are to be archived.
    """

    old: str
    new: str
    os_path: str
    renamed_at: datetime
    recorded: frozenset[str] = frozenset()
    over: bool = False
    waits: bool = False

    def contains(self, path: str) -> bool:
        """Return whether a path is in the folder."""
        return path.startswith(f"{self.new}/")

    def old_path(self, path: str) -> str:
        """Return the path before the rename of a path in the folder."""
        return self.old + path[len(self.new) :]

    def encode(self) -> bytes:
        """Return the first line of a file."""
        value = {"old": self.old, "new": self.new, "os_path": self.os_path}
        value["renamed_at"] = self.renamed_at.isoformat()
        waits = {"waits": True} if self.waits else {}
        return (
            json.dumps({"bookstore_renamed": 1, **value, **waits}).encode("ascii")
            + b"\n"
        )


def encode_recorded(path: str) -> bytes:
    """Return the line for a notebook whose rename is recorded in a version."""
    return json.dumps(path).encode("ascii") + b"\n"


def decode_rename(data: bytes) -> FolderRename | None:
    """Return the rename in a file; None if the file is malformed.

    An incomplete last line is ignored: it was never confirmed.
    """
    first, *lines = data.split(b"\n")
    try:
        values, rest = json.loads(first), [json.loads(line) for line in lines[:-1]]
        if values["bookstore_renamed"] != 1:
            return None
        return FolderRename(
            old=check_path(values["old"]),
            new=check_path(values["new"]),
            os_path=str(values["os_path"]),
            renamed_at=datetime.fromisoformat(values["renamed_at"]).astimezone(UTC),
            recorded=frozenset(path for path in rest if isinstance(path, str)),
            over=True in rest,
            waits=values.get("waits") is True,
        )
    except (
        *(ValueError, TypeError, LookupError, AttributeError),
        *(RecursionError, OverflowError, InvalidRequestError),
    ):
        return None


def rename_files(spool_dir: str) -> list[Path]:
    """Return the files of all processes, oldest first; none if there is no spool."""
    try:
        paths = sorted((Path(spool_dir) / FOLDER).iterdir())
    except OSError:
        return []
    return [path for path in paths if not path.name.startswith(".")]
