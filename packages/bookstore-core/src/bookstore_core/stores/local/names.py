"""Names of the local store: keys as directories, versions as files.

A key is a path of directories, and its last part is a directory of versions::

    workspace/ann/mine.ipynb.versions/20261123T183225.123456Z-1a2b3c4d.ipynb
                                      20261123T183225.123456Z-1a2b3c4d.meta.json

The versions after the first ones are in directories below it: see `places.py`. A
deletion is one file, ``...-1a2b3c4d.deleted.json``, which has no content beside it.

Characters that are not safe in a file name are written as ``%XX``: a ``.`` at the
start of a part (so that ``..`` stays below the root), what Windows and shared drives
refuse, and the dot of the ending ``.versions`` of a folder, which would look like a
key. A part over 200 bytes continues in a directory below a name that ends in ``%~``. An
empty part is ``%``. Each name decodes to exactly one key.
"""

import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote_to_bytes

from bookstore_core.paths import DELIMITER

VERSIONS = ".versions"
SIDECAR = ".meta.json"
DELETED = ".deleted.json"
LABEL = ".label.json"
EMPTY = "%"
GOES_ON = "%~"

#: Most file systems allow names of 255 bytes, and this one gets an ending.
MAX_NAME = 200

#: Characters of a version id.
ID_LENGTH = 32

_UNSAFE = re.compile(r'[\x00-\x1f\x7f%/\\:*?"<>|]')
_EDGE = re.compile(r"^\.|[. ]$")
_ODD = re.compile(f"{_UNSAFE.pattern}|{_EDGE.pattern}")
_VERSION_ID = re.compile(r"([1-8][0-9]{7}T[0-9]{6}\.[0-9]{6}Z)-[0-9a-f]{8}")
_ENDING = re.compile("[A-Za-z0-9]{1,16}")
_STAMP = "%Y%m%dT%H%M%S.%fZ"

#: The last time that a version id may have; later ones are not those of a save.
_LAST = datetime(8999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def key_directory(bucket_directory: Path, key: str) -> Path:
    """Return the directory of the versions of `key`."""
    return bucket_directory.joinpath(*key_names(key))


def key_names(key: str) -> list[str]:
    """Return the path of the directory of the versions of `key`, below its bucket."""
    *folders, name = key.split(DELIMITER)
    *before, last = _names(name)
    return [*folder_names(folders), *before, last + VERSIONS]


def folder_names(folders: Iterable[str]) -> list[str]:
    """Return the path of the directory of the keys below these folders."""
    return [name for folder in folders for name in _folder_names(folder)]


def _folder_names(folder: str) -> list[str]:
    *before, last = _names(folder)
    if last.endswith(VERSIONS):
        last = last.removesuffix(VERSIONS) + "%2E" + VERSIONS[1:]
    return [*before, last]


def _names(part: str) -> list[str]:
    """Return the file names for one part of a key, without the ending of a key."""
    if not part:
        return [EMPTY]
    if _is_plain(part):
        return [part]  # as most are
    names = [""]
    for character in part:
        written = _escape(character) if _UNSAFE.match(character) else character
        if len((names[-1] + written).encode()) > MAX_NAME:
            names.append("")
        names[-1] += written
    names = [_EDGE.sub(lambda edge: _escape(edge[0]), name) for name in names]
    return [*(name + GOES_ON for name in names[:-1]), names[-1]]


def _is_plain(part: str) -> bool:
    return len(part) * 4 <= MAX_NAME and not _ODD.search(part)


def _escape(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def read_name(names: list[str]) -> str:
    """Return the part of a key that these file names encode: see `read_key_name`.

    Raises ValueError for names that this store would not give to a folder.
    """
    part = _decoded(names)
    if DELIMITER in part or _folder_names(part) != names:
        raise ValueError("This store would give it another name.")
    return part


def read_key_name(names: list[str]) -> str:
    """Return the last part of a key, encoded in the names of the directory of versions.

    Raises ValueError for names that this store would not give to it: a key has one
    directory only.
    """
    *before, last = names
    part = last.removesuffix(VERSIONS)
    if not before and part and _is_plain(part):
        return part
    part = _decoded([*before, part])
    if key_names(part) != names:
        raise ValueError("This store would give it another name.")
    return part


def _decoded(names: list[str]) -> str:
    if names == [EMPTY]:
        return ""
    whole = unquote_to_bytes("".join(name.removesuffix(GOES_ON) for name in names))
    if b"\0" in whole:
        raise ValueError("No key has a NUL.")
    return whole.decode("utf-8")


def new_version_id(newest: str | None, now: datetime) -> str:
    """Return an id that sorts after `newest`, also if the clock went back."""
    if newest is not None:
        now = max(now, min(time_of(newest) + timedelta(microseconds=1), _LAST))
    return f"{now.astimezone(UTC).strftime(_STAMP)}-{secrets.token_hex(4)}"


def id_after(version_id: str, passed: timedelta) -> str:
    """Return a version id for a later time, that sorts before others of that time."""
    later = min(time_of(version_id) + passed, _LAST)
    return f"{later.strftime(_STAMP)}-00000000"


def time_of(version_id: str) -> datetime:
    """Return the time in a version id."""
    return datetime.fromisoformat(version_id.partition("-")[0])


def is_version_id(text: str) -> bool:
    """Return whether `text` has the form of a version id and is safe in a path."""
    found = _VERSION_ID.fullmatch(text)
    try:
        return found is not None and bool(datetime.fromisoformat(found[1]))
    except ValueError:
        return False  # such as the 31st of June


def content_name(key: str, version_id: str) -> str:
    """Return the name of a version's content, with the key's own ending."""
    stem, dot, ending = key.rpartition(DELIMITER)[2].rpartition(".")
    return version_id + (dot + ending if stem and _ENDING.fullmatch(ending) else ".bin")
