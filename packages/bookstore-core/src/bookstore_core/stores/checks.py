"""What is asked of a store, checked the same way for every store."""

import re

from bookstore_core.errors import (
    InvalidRequestError,
    NewerVersionError,
    VersionNotFoundError,
)
from bookstore_core.paths import DELIMITER, MAX_KEY_BYTES


def check_key(key: str) -> str:
    """Return `key` when it can be a key of S3; any other text is refused.

    Unlike `paths.check_path` it lets odd segments pass: a bucket that others write to
    may hold ``a//b`` or ``..``. Raises InvalidRequestError.
    """
    if not key:
        raise InvalidRequestError("The key is empty. Name a notebook.")
    if "\0" in key:
        raise InvalidRequestError("The key holds a NUL character.")
    try:
        length = len(key.encode("utf-8"))
    except UnicodeEncodeError:
        raise InvalidRequestError("The key cannot be written as UTF-8.") from None
    if length > MAX_KEY_BYTES:
        raise InvalidRequestError(
            f"The key is {length} bytes long, and a key holds {MAX_KEY_BYTES}."
        )
    return key


def check_prefix(prefix: str) -> str:
    """Return `prefix` as that of a folder: with a final slash, or empty for all.

    Raises InvalidRequestError where `check_key` does.
    """
    if not prefix:
        return ""
    return check_key(prefix if prefix.endswith(DELIMITER) else prefix + DELIMITER)


def check_version_id(key: str, version_id: str | None) -> str | None:
    """Return `version_id` when it could be one; raises VersionNotFoundError."""
    if version_id is None:
        return None
    if not version_id or not version_id.isascii() or not version_id.isprintable():
        raise no_such_version(key, version_id)
    return version_id


#: The form of what is kept with a version; absent, it is form 1. It becomes another
#: number when releases that know only this one could misread it.
FORM = 1


def check_form(form: int, key: str, version_id: str) -> None:
    """Raise NewerVersionError for a form that only a newer release of bookstore has."""
    if form > FORM:
        raise NewerVersionError(
            f"Version {version_id} of {key} was written by a newer release of "
            "bookstore. Update bookstore to read it."
        )


#: The most characters of a label's name, and of its comment.
MAX_NAME = 80
MAX_COMMENT = 500

_INDEX = re.compile(r"@[0-9]+")

#: They join letters and pictures, and are allowed although they print as nothing.
_JOINERS = "\u200c\u200d"


def check_label_name(name: str) -> str:
    """Return a label's name without spaces around it; raises InvalidRequestError."""
    name = name.strip(" ")
    if not name:
        raise InvalidRequestError("The label is empty. Give it a name.")
    if len(name) > MAX_NAME:
        raise InvalidRequestError(
            f"The label is {len(name)} characters long, and a label holds {MAX_NAME}."
        )
    if not _is_printable(name):
        raise InvalidRequestError("The label holds characters that cannot be printed.")
    if _INDEX.fullmatch(name):
        raise InvalidRequestError(
            f"A label cannot be {name}: that counts versions back from the newest."
        )
    return name


def check_comment(comment: str) -> str:
    """Return a label's comment without space around it; raises InvalidRequestError."""
    comment = comment.replace("\r\n", "\n").strip()
    if len(comment) > MAX_COMMENT:
        raise InvalidRequestError(
            f"The comment is {len(comment)} characters long, and it may have "
            f"{MAX_COMMENT}."
        )
    if not _is_printable(comment.replace("\n", " ").replace("\t", " ")):
        raise InvalidRequestError(
            "The comment holds characters that cannot be printed."
        )
    return comment


def _is_printable(text: str) -> bool:
    return all(char.isprintable() or char in _JOINERS for char in text)


def no_such_version(key: str, version_id: str) -> VersionNotFoundError:
    """Return the error for a version id that `key` does not have."""
    return VersionNotFoundError(f"{key} has no version {version_id!a}.")
