"""Renames: folders that were renamed, until their notebooks' versions say so.

Each is a file in ``renamed/`` in the spool, and its name begins with the time: a line
of JSON that says what was renamed, then a line for each notebook whose version says
so, the notebook's new path as a JSON string, and ``true`` when all do. A process holds
a lock on the files that it works through; what one that has ended left behind, another
one takes over.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bookstore_core.errors import InvalidRequestError
from bookstore_core.paths import check_path

FOLDER = "renamed"

#: The line that says that nothing more is to be recorded.
OVER = b"true\n"


@dataclass(frozen=True)
class Rename:
    """A folder's path on the server before and now, and its directory now.

    `recorded` are the paths of the notebooks whose versions say where they were;
    it is `over` when nobody else is to be asked.
    """

    old: str
    new: str
    os_path: str
    renamed_at: datetime
    recorded: frozenset[str] = frozenset()
    over: bool = False

    def encode(self) -> bytes:
        """Return the line that a file begins with."""
        value = {"old": self.old, "new": self.new, "os_path": self.os_path}
        value["renamed_at"] = self.renamed_at.isoformat()
        return json.dumps({"bookstore_renamed": 1, **value}).encode("ascii") + b"\n"


def encode_recorded(path: str) -> bytes:
    """Return the line that says that a version of a notebook records it."""
    return json.dumps(path).encode("ascii") + b"\n"


def decode_rename(data: bytes) -> Rename | None:
    """Return what a file says; None where it is not of this form.

    A last line that is torn is left out: it was promised to nobody.
    """
    first, *lines = data.split(b"\n")
    try:
        values, said = json.loads(first), [json.loads(line) for line in lines[:-1]]
        if values["bookstore_renamed"] != 1:
            return None
        return Rename(
            old=check_path(values["old"]),
            new=check_path(values["new"]),
            os_path=str(values["os_path"]),
            renamed_at=datetime.fromisoformat(values["renamed_at"]).astimezone(UTC),
            recorded=frozenset(path for path in said if isinstance(path, str)),
            over=True in said,
        )
    except (
        *(ValueError, TypeError, LookupError, AttributeError),
        *(RecursionError, OverflowError, InvalidRequestError),
    ):
        return None


def rename_files(spool_dir: str) -> list[Path]:
    """Return the files of all processes, oldest first; none where they are unknown."""
    try:
        paths = sorted((Path(spool_dir) / FOLDER).iterdir())
    except OSError:
        return []
    return [path for path in paths if not path.name.startswith(".")]
