"""The feed: which keys have new versions, for those who keep an index of the store.

The process that drains a spool adds a line of JSON for each save that the store has:
``{"key": ..., "version": ..., "at": ...}``, with the time in UTC. The first line of a
file names it. A file that is full is renamed, over the one before: who reads seldom
misses something, and learns of it.
"""

import json
import os
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bookstore_core.clock import utc_now
from bookstore_core.disk.private import create_private
from bookstore_core.disk.regular import open_regular, open_stream

#: The names of the files in the spool: the present one, and the one before.
PRESENT, BEFORE = "uploaded", "uploaded.1"
_encode = json.JSONEncoder(separators=(",", ":")).encode

#: Bytes after which a file is renamed: about 1,500 saves.
MOST_BYTES = 256 * 1024


class Feed:
    """Writes the feed of a spool. Safe to use from several threads of one process."""

    def __init__(self, spool_dir: str | os.PathLike[str]) -> None:
        self._root = Path(spool_dir)
        self._path = self._root / PRESENT
        self._lock = threading.Lock()

    def note(self, key: str, version_id: str) -> None:
        """Record that the store has a new version of a key; raises OSError."""
        known = {"key": key, "version": version_id, "at": utc_now().isoformat()}
        with self._lock:
            self._append(_line(known))

    def _append(self, line: bytes) -> None:
        path = self._path
        try:
            descriptor = open_regular(path, flags=os.O_WRONLY | os.O_APPEND)
            if os.fstat(descriptor).st_size + len(line) > MOST_BYTES:
                os.close(descriptor)
                path.replace(self._root / BEFORE)
                descriptor = self._create(path)
        except FileNotFoundError:
            with suppress(FileNotFoundError):
                path.unlink()  # something else than a file
            descriptor = self._create(path)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def _create(self, path: Path) -> int:
        descriptor = create_private(path, flags=os.O_WRONLY | os.O_APPEND)
        os.write(descriptor, _line({"feed": secrets.token_hex(8)}))
        return descriptor


@dataclass(frozen=True)
class Fed:
    """The keys that were added to a feed since a position, each once.

    `position` is for the next time. It is `complete` unless lines were missed.
    """

    keys: tuple[str, ...]
    position: str
    complete: bool = True


def read_feed(spool_dir: str | os.PathLike[str], position: str = "") -> Fed:
    """Return what was added to a feed since a position; all of it without one.

    A feed that does not exist yet has a position, too. Raises OSError if there is a
    feed, and it cannot be read.
    """
    name, _, offset = (position or ":0").partition(":")
    position = f"{name}:{offset}"
    root = Path(spool_dir)
    keys: dict[str, None] = {}
    found = False
    for path in (root / BEFORE, root / PRESENT):
        try:
            with open_stream(path) as file:
                known = _name(file)
                if name and known == name and offset.isdecimal():
                    file.seek(int(offset))
                    keys, found = {}, True  # what is before it was read
                end = file.tell()
                for line in file.read(2 * MOST_BYTES).splitlines(keepends=True):
                    if not line.endswith(b"\n"):
                        break  # it is just being written
                    end += len(line)
                    if key := _key(line):
                        keys[key] = None
                position = f"{known}:{end}"
        except FileNotFoundError:
            continue
    return Fed(tuple(keys), position, complete=found or not name)


def _line(value: dict[str, str]) -> bytes:
    return _encode(value).encode("ascii") + b"\n"


def _name(file: BinaryIO) -> str:
    known = _parsed(file.readline(1000)).get("feed")
    return known if isinstance(known, str) else ""


def _key(line: bytes) -> str:
    known = _parsed(line).get("key")
    return known if isinstance(known, str) else ""


def _parsed(line: bytes) -> dict[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
