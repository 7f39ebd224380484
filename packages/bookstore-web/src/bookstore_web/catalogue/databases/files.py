"""Files of SQLite: where the one for a store is, and whether a file is ours."""

import hashlib
import os
import struct
import tempfile
from contextlib import suppress
from pathlib import Path

from bookstore_core.disk.private import create_private, make_private, take_back
from bookstore_core.errors import ConfigurationError
from bookstore_core.settings import BookstoreSettings
from bookstore_web.catalogue.databases.form import FORM

#: The application id of our files: "book".
APPLICATION_ID = 0x626F6F6B
#: Where a file of SQLite has the id, after its first words.
_MAGIC, _ID_AT = b"SQLite format 3\0", 68


def default_file(settings: BookstoreSettings) -> Path:
    """Return the file for a store, in the directory for temporary files.

    Homes are often on NFS, where SQLite's locks fail; what is lost is made again. A
    program that knows another form has another file.
    """
    place = (
        FORM,
        *(settings.storage, settings.local_root, settings.s3_endpoint_url),
        *(settings.bucket, settings.workspace_prefix, settings.published_prefix),
    )
    name = hashlib.sha256("\n".join(map(str, place)).encode()).hexdigest()[:16]
    return default_folder() / f"catalogue-{name}.sqlite"


def default_folder() -> Path:
    """Return this account's folder for catalogues."""
    return Path(tempfile.gettempdir()) / f"bookstore-{os.geteuid()}"


def source_of(settings: BookstoreSettings) -> str:
    """Return a name for what a catalogue is made from: the store and its shelves."""
    store = settings.local_root
    if settings.storage != "local":
        store = f"{settings.s3_endpoint_url.rstrip('/')}/{settings.bucket}"
    shelves = (settings.workspace_prefix, settings.published_prefix)
    return f"{store} ({', '.join(filter(None, shelves))})"


def is_catalogue(file: Path) -> bool:
    """Return whether a file is a catalogue of ours. Raises OSError."""
    with file.open("rb") as opened:
        head = opened.read(_ID_AT + 4)
    return head.startswith(_MAGIC) and head[_ID_AT:] == struct.pack(
        ">I", APPLICATION_ID
    )


def not_ours(file: Path) -> str:
    """Return the sentence about a file that is something else."""
    return (
        f"{file} is not a catalogue of bookstore. Name another file in "
        "BookstoreSettings.catalogue_url, or remove it."
    )


def make_folder(folder: Path) -> None:
    """Make a folder for this account alone. Raises OSError."""
    make_private(folder)
    take_back(folder)


def check_file(file: Path, *, is_default: bool, torn: bool) -> None:
    """Make a private file, and remove one that is torn. Raises ConfigurationError."""
    with suppress(FileExistsError):
        os.close(create_private(file))
    if file.stat().st_size == 0:
        return
    is_ours = is_catalogue(file)
    if is_ours and not torn:
        return
    if not (is_default or is_ours):
        raise ConfigurationError(not_ours(file))
    remove_file(file)
    os.close(create_private(file))


def remove_file(file: Path) -> None:
    """Remove a catalogue in a file."""
    for suffix in ("", "-journal"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
