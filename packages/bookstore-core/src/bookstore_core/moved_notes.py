"""Moves: the note in the store that says where a renamed notebook has gone.

The notebook's next version, under its new path, says where it came from. The note is
for those who look at the old path: there the notebook is not deleted, but moved. It
counts while it is newer than the newest version of the notebook's key, for another
notebook may come to the old path, and be deleted there.
"""

import json
import posixpath

from bookstore_core.errors import InvalidRequestError
from bookstore_core.paths import DELIMITER, OWN_FOLDER, check_path

#: A note is smaller than this, in bytes; anything larger is none.
MAX_NOTE = 4096

NOTE_TYPE = "application/json"


def note_key(key: str) -> str:
    """Return the key of the note on the notebook that was at `key`.

    Raises InvalidRequestError where it would be longer than a key can be.
    """
    folder, name = posixpath.split(key)
    return check_path(posixpath.join(folder, OWN_FOLDER, "moved", name), what="key")


def is_note_key(key: str) -> bool:
    """Say whether a key is that of a note."""
    return key.split(DELIMITER)[-3:-1] == [OWN_FOLDER, "moved"]


def write_note(moved_to: str) -> bytes:
    """Return the note that a notebook is now at the path `moved_to`."""
    return json.dumps({"moved_to": moved_to}).encode("ascii") + b"\n"


def read_note(data: bytes) -> str:
    """Return the path that a note tells; empty where it is no note."""
    try:
        path = json.loads(data)["moved_to"]
        return check_path(path) if isinstance(path, str) else ""
    except (ValueError, LookupError, TypeError, RecursionError, InvalidRequestError):
        return ""
