"""Unprotected notebooks, whose newest state is not in the spool, as files.

Each process that archives has its own file, named after its machine and process id, in
``unprotected/`` in the spool, or in Jupyter's runtime directory if the spool cannot be
created or written. The file is a line of JSON, padded with blanks while there is space,
so that it can be rewritten on a full disk. A process locks its file. When it has ended,
another process takes the file over.
"""

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir

from bookstore_core.disk.regular import read_regular
from bookstore_core.paths import well_formed

FOLDER = "unprotected"

#: Bytes that a file has at most.
MAX_SIZE = 4 * 1024 * 1024


@dataclass(frozen=True, order=True)
class UnprotectedNotebook:
    """A notebook: its path on the server, its key, and its file on disk, if any.

    `moved_from` is the path before a rename that no version records yet. `refused` says
    why the path makes no key, so that no save of it can be archived; it is empty if the
    notebook is only missing from the spool.
    """

    path: str
    key: str
    os_path: str = ""
    moved_from: str = ""
    refused: str = ""


def unprotected_folders(spool_dir: str) -> tuple[Path, Path]:
    """Return the folder in the spool, and the one to use if that is not possible."""
    name = hashlib.sha256(str(Path(spool_dir).absolute()).encode()).hexdigest()[:16]
    elsewhere = Path(jupyter_runtime_dir()) / f"bookstore-{FOLDER}-{name}"
    return Path(spool_dir) / FOLDER, elsewhere


def unprotected_files(spool_dir: str) -> Iterator[Path]:
    """Yield the files of all processes, including those that have ended."""
    for folder in unprotected_folders(spool_dir):
        try:
            names = sorted(path for path in folder.iterdir() if path.is_file())
        except OSError:
            continue
        yield from (path for path in names if not path.name.startswith("."))


def read_unprotected(spool_dir: str) -> tuple[UnprotectedNotebook, ...]:
    """Return the notebooks in the files of all processes; skip unreadable files."""
    found: set[UnprotectedNotebook] = set()
    for path in unprotected_files(spool_dir):
        try:
            found.update(decode_unprotected(read_regular(path, limit=MAX_SIZE)))
        except OSError:
            continue
    return tuple(sorted(found))


def encode_unprotected(
    notebooks: Collection[UnprotectedNotebook], *, room: int, most: int
) -> bytes:
    """Return the content of a file, of at least `room` and at most `most` bytes.

    Notebooks that do not fit are left out.
    """
    kept = [asdict(notebook) for notebook in notebooks]
    while True:
        line = json.dumps({"bookstore_unprotected": 1, "notebooks": kept})
        if len(line) < most or not kept:
            return line.ljust(room - 1).encode("ascii") + b"\n"
        kept = kept[: len(kept) * most // (len(line) + most)]


def decode_unprotected(data: bytes) -> list[UnprotectedNotebook]:
    """Return the notebooks in a file; none if it is malformed."""
    try:
        values = json.loads(data)
        return [
            UnprotectedNotebook(
                well_formed(str(known["path"])),
                str(known["key"]),
                str(known["os_path"]),
                str(known.get("moved_from", "")),
                str(known.get("refused", "")),
            )
            for known in values["notebooks"]
            if known["path"]
        ]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return []
