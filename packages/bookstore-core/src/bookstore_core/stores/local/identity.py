"""The identity of a local store: a file in its directory, and what is known of it.

A directory may be a place where a disk is mounted. Without the disk it is another
directory, or none. So a store has a file with a random id, and each account remembers
the ids of the stores that it has used, by their paths, in Jupyter's data directory.
"""

import hashlib
import json
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir

from bookstore_core.disk.private import create_private, make_private
from bookstore_core.disk.regular import read_regular
from bookstore_core.stores.local.tree import MISSING, Folder

#: The file with the id; no key and no version has such a name.
IDENTITY = ".bookstore-store.json"

#: The maximum size of the file, in bytes.
MAX_SIZE = 4096

_ID = re.compile("[0-9a-f]{8,64}")


def read_identity(folder: Folder) -> str:
    """Return the id in the directory of a store; empty if there is none."""
    try:
        return _id_in(folder.read(IDENTITY, limit=MAX_SIZE))
    except MISSING:
        return ""


def give_identity(folder: Folder) -> str:
    """Write an id into the directory of a store, and return it.

    If another process has done so meanwhile, return its id.
    """
    identity = secrets.token_hex(16)
    data = json.dumps({"bookstore_store": 1, "id": identity}).encode("ascii") + b"\n"
    if folder.publish_first(IDENTITY, data):
        return identity
    found = read_identity(folder)
    if not found:
        folder.remove(IDENTITY)  # it is damaged
        folder.publish_first(IDENTITY, data)
    return found or read_identity(folder)


def recall(path: Path) -> str:
    """Return the id of the store that this account has used at a path, else empty."""
    try:
        return _id_in(read_regular(_memory(path), limit=MAX_SIZE))
    except OSError:
        return ""


def remember(path: Path, identity: str) -> None:
    """Remember the id of the store at a path. Raises OSError if that is impossible."""
    memory = _memory(path)
    data = json.dumps({"location": os.fspath(path), "id": identity}, indent=1)
    make_private(memory.parent)
    draft = memory.with_name(f"{memory.name}.{secrets.token_hex(4)}.tmp")
    try:
        with os.fdopen(create_private(draft), "wb") as file:
            file.write(data.encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.rename(memory)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _memory(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:16]
    return Path(jupyter_data_dir()) / "bookstore" / "known-stores" / f"{name}.json"


def _id_in(data: bytes) -> str:
    try:
        identity = json.loads(data)["id"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return ""
    known = isinstance(identity, str) and _ID.fullmatch(identity)
    return identity if known else ""
