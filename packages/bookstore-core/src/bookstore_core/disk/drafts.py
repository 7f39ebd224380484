"""Drafts: files that get their names when they are complete."""

import os
import secrets

#: Bytes of a name that its draft has, too; file systems allow 255.
LONGEST = 100


def draft_beside(path: str) -> str:
    """Return a new hidden path in the same folder, for what is to be at `path`."""
    folder, name = os.path.split(path)
    short = os.fsencode(name)[:LONGEST].decode("utf-8", "ignore")
    return os.path.join(folder, f".{short}.{secrets.token_hex(4)}")


def name_new(draft: str, path: str) -> None:
    """Give a draft its name. Raises FileExistsError if anything has it."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # the file system has no links
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC))
        os.replace(draft, path)
    else:
        os.unlink(draft)
