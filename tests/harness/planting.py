"""What somebody with the right to write may put into the directory of a local store."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

LATE = "99991231T235959.999999Z-00000000"
LAST = "89991231T235959.999999Z-00000000"

#: Puts something in place of a file; a directory exists for it.
Plant = Callable[[Path], object]


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _socket(path: Path) -> None:
    # A path of a socket must be short.
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


#: Not files, though they are where one should be.
NO_FILES: dict[str, Plant] = {
    "fifo": os.mkfifo,
    "zeros": lambda path: path.symlink_to("/dev/zero"),
    "loop": _loop,
    "link": lambda path: path.symlink_to("/etc/passwd"),
    "dangling": lambda path: path.symlink_to("/nowhere"),
    "directory": Path.mkdir,
    "socket": _socket,
}

#: Sidecars that no bookstore wrote.
SIDECARS: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"{",
    "a number": b"5",
    "deep": b"[" * 100_000,
    "deep member": b'{"save_id": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "not UTF-8": b'{"author": "\xff"}',
    "large": b'{"author": "' + b"x" * 10_000_000 + b'"}',
    "large number": b'{"size": ' + b"9" * 4_000 + b"}",
    "late": b'{"save_id": "1", "saved_at": "9999-12-31T23:59:59Z"}',
    "early": b'{"save_id": "1", "saved_at": "0001-01-01T00:00:00+23:00"}',
    "surrogates": json.dumps(
        {
            "save_id": "1\ud800",
            "saved_at": "2024-05-17T09:30:00Z",
            **dict.fromkeys(("author", "sha256", "source_path"), "a\udcff\n\x1b[2J"),
            **dict.fromkeys(("moved_from", "restored_from"), "../\ud800"),
        }
    ).encode(),
    "another key": b'{"key": "workspace/ann/other.ipynb"}',
    "other kinds": json.dumps(
        {
            "save_id": "1",
            "saved_at": "2024-05-17T09:30:00Z",
            **{name: {"a": [None]} for name in ("author", "sha256", "source_path")},
            **dict.fromkeys(("moved_from", "key", "size"), True),
        }
    ).encode(),
}


def nest(directory: Path, depth: int) -> None:
    """Make directories in directories, deeper than any key."""
    here = os.open(directory, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
