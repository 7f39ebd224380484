"""Notes in the store that record the new path of a renamed notebook.

The notebook's next version, under its new path, records the old path. The note is at
the old path, and shows that the notebook was moved and not deleted. It is valid while
it is newer than the newest version of the notebook's key, because another notebook may
be saved at the old path.
"""

import json

from bookstore_core.errors import InvalidRequestError
from bookstore_core.paths import DELIMITER, OWN_FOLDER, check_length, check_path

#: The maximum size of a note, in bytes.
MAX_NOTE = 4096

NOTE_TYPE = "application/json"


def note_key(key: str) -> str:
    """Return the key of the note about the notebook that was at `key`.

    Raises InvalidRequestError if it would be too long for a key.
    """
    folder, slash, name = key.rpartition(DELIMITER)
    return check_length(f"{folder}{slash}{OWN_FOLDER}/moved/{name}", what="key")


def is_note_key(key: str) -> bool:
    """Return whether a key is that of a note."""
    return key.split(DELIMITER)[-3:-1] == [OWN_FOLDER, "moved"]


def write_note(moved_to: str) -> bytes:
    """Return the content of a note with the new path `moved_to`."""
    return json.dumps({"moved_to": moved_to}).encode("ascii") + b"\n"


def read_note(data: bytes) -> str:
    """Return the new path in a note; empty if `data` is not a note."""
    try:
        path = json.loads(data)["moved_to"]
        return check_path(path) if isinstance(path, str) else ""
    except (ValueError, LookupError, TypeError, RecursionError, InvalidRequestError):
        return ""
