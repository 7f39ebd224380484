"""Losses: notebooks whose newest state is not in the spool, as processes note them.

Each process that archives has a file of its own, named after its machine and its
number, in ``unprotected/`` in the spool; or in Jupyter's runtime directory, where the
spool cannot be made or written. The file is a line of JSON and then blanks: it is as
large as it may need to be before the disk is full. A process holds a lock on its file;
what one that has ended left behind, another one takes over.
"""

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir

FOLDER = "unprotected"


@dataclass(frozen=True, order=True)
class UnprotectedNotebook:
    """A notebook: its path on the server, its key, and its file if it has one here.

    `moved_from` is the path that it had before, where no version says so yet.
    """

    path: str
    key: str
    os_path: str = ""
    moved_from: str = ""


def loss_folders(spool_dir: str) -> tuple[Path, Path]:
    """Return where the files of a spool are: in it, and where that is impossible."""
    name = hashlib.sha256(str(Path(spool_dir).absolute()).encode()).hexdigest()[:16]
    elsewhere = Path(jupyter_runtime_dir()) / f"bookstore-{FOLDER}-{name}"
    return Path(spool_dir) / FOLDER, elsewhere


def loss_files(spool_dir: str) -> Iterator[Path]:
    """Yield the files of all processes, of those that have ended too."""
    for folder in loss_folders(spool_dir):
        try:
            names = sorted(path for path in folder.iterdir() if path.is_file())
        except OSError:
            continue
        yield from (path for path in names if not path.name.startswith("."))


def read_losses(spool_dir: str) -> tuple[UnprotectedNotebook, ...]:
    """Return what all processes have noted; what cannot be read is left out."""
    found: set[UnprotectedNotebook] = set()
    for path in loss_files(spool_dir):
        try:
            found.update(decode_losses(path.read_bytes()))
        except OSError:
            continue
    return tuple(sorted(found))


def encode_losses(
    losses: Collection[UnprotectedNotebook], *, room: int, most: int
) -> bytes:
    """Return the content of a file of `room` bytes or more, but of no more than `most`.

    Those that there is no room for are left out.
    """
    kept = [asdict(loss) for loss in losses]
    while True:
        line = json.dumps({"bookstore_unprotected": 1, "notebooks": kept})
        if len(line) < most or not kept:
            return line.ljust(room - 1).encode("ascii") + b"\n"
        kept = kept[: len(kept) * most // (len(line) + most)]


def decode_losses(data: bytes) -> list[UnprotectedNotebook]:
    """Return the losses in a file; none where it is not of this form."""
    try:
        values = json.loads(data)
        return [
            UnprotectedNotebook(
                str(known["path"]),
                str(known["key"]),
                str(known["os_path"]),
                str(known.get("moved_from", "")),
            )
            for known in values["notebooks"]
            if known["path"] and known["key"]
        ]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return []
