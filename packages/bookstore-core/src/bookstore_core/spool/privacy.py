"""A spool belongs to one account: others could forge saves, or have files uploaded."""

import logging
import os
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir

from bookstore_core.disk.private import is_ours, take_back
from bookstore_core.errors import SpoolError

_ADVICE = (
    "Nothing is read from it or written to it, because others could forge saves in it. "
    "Set BookstoreSettings.spool_dir to a directory of your own, or have this one "
    "given to you. Do not remove it unseen: saves may wait in it."
)

_log = logging.getLogger(__name__)


def check_owner(spool_dir: str) -> None:
    """Raise SpoolError if the directory exists and another account owns it."""
    path = Path(spool_dir)
    try:
        status = path.stat()
    except OSError:
        return  # it is not there, or others say why it cannot be used
    if not is_ours(path, status):
        raise SpoolError(
            f"The spool {spool_dir} is refused: it belongs to another account. "
            f"{_ADVICE}"
        )


def make_safe(root: Path, folders: tuple[str, ...]) -> None:
    """Take the rights of others from a spool and its folders; they may be missing.

    The log says so if they had any. Raises SpoolError if another account owns one of
    them or may still write to it.
    """
    own = Path(jupyter_data_dir()) / "bookstore"
    # The directory of Jupyter's is not ours to close; others must not swap the spool.
    parents = [(own, 0o022)] if root.parent == own else []
    # The spool itself may be named by a link.
    below = [(root.resolve(), 0o077), *((root / name, 0o077) for name in folders)]
    for directory, rights in (*parents, *below):
        try:
            changed = take_back(directory, rights=rights)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise SpoolError(
                f"The spool {root} is refused: {error} {_ADVICE}"
            ) from None
        if changed:
            _log.warning(
                "Other accounts had rights to %s. They have none any more.", directory
            )


def owner_of(root: Path) -> tuple[int, int, int, int]:
    """Return what identifies a spool and who may use it. Raises OSError."""
    found = os.stat(root)
    return found.st_dev, found.st_ino, found.st_uid, found.st_mode
