"""Checks of the arguments of store methods, the same for every store."""

import re

from bookstore_core.errors import (
    InvalidRequestError,
    NewerVersionError,
    VersionNotFoundError,
)
from bookstore_core.paths import DELIMITER, MAX_KEY_BYTES


def check_key(key: str) -> str:
    """Return `key`; raises InvalidRequestError if it cannot be a key in S3.

    Unlike `paths.check_path`, it allows empty and ``..`` segments: other programs may
    have written such keys to the bucket.
    """
    if not key:
        raise InvalidRequestError("The key is empty. Name a notebook.")
    if "\0" in key:
        raise InvalidRequestError("The key contains a NUL character.")
    try:
        length = len(key.encode("utf-8"))
    except UnicodeEncodeError:
        raise InvalidRequestError("The key cannot be written as UTF-8.") from None
    if length > MAX_KEY_BYTES:
        raise InvalidRequestError(
            f"The key is {length} bytes long; the limit is {MAX_KEY_BYTES}."
        )
    return key


def check_prefix(prefix: str) -> str:
    """Return `prefix` with a final slash, or empty for the whole bucket.

    Raises InvalidRequestError as `check_key` does.
    """
    if not prefix:
        return ""
    return check_key(prefix if prefix.endswith(DELIMITER) else prefix + DELIMITER)


def check_version_id(key: str, version_id: str | None) -> str | None:
    """Return `version_id`; raises VersionNotFoundError if it cannot be one."""
    if version_id is None:
        return None
    if not version_id or not version_id.isascii() or not version_id.isprintable():
        raise no_such_version(key, version_id)
    return version_id


#: The form of a version's metadata in the store; 1 if not recorded. It is increased
#: when releases that know only this form could misread the next one.
STORED_FORM = 1


def check_form(
    form: int, key: str, version_id: str, *, newest: int = STORED_FORM
) -> None:
    """Raise NewerVersionError for a form that only a newer release can read."""
    if form > newest:
        raise NewerVersionError(
            f"Version {version_id} of {key} was written by a newer release of "
            "bookstore. Update bookstore to read it."
        )


#: The maximum lengths of a label's name and comment, in characters.
MAX_LABEL = 80
MAX_COMMENT = 500

#: The maximum lengths of the title and the note of a publication, in characters, and of
#: both together in bytes of UTF-8: S3 keeps 2 KB for all that is recorded.
MAX_TITLE = 120
MAX_NOTE = 500
MAX_WRITTEN = 1000

_INDEX = re.compile(r"@[0-9]+")

#: They join letters and emoji, and are allowed although they are not printable.
_JOINERS = "\u200c\u200d"


def check_label_name(name: str) -> str:
    """Return a label's name, stripped; raises InvalidRequestError if not allowed."""
    name = name.strip(" ")
    if not name:
        raise InvalidRequestError("The label is empty. Give it a name.")
    if len(name) > MAX_LABEL:
        raise InvalidRequestError(
            f"The label is {len(name)} characters long; the limit is {MAX_LABEL}."
        )
    if not _is_printable(name):
        raise InvalidRequestError("The label contains unprintable characters.")
    if _INDEX.fullmatch(name):
        raise InvalidRequestError(
            f"A label cannot be {name}: that is the number of a version."
        )
    return name


def check_comment(comment: str) -> str:
    """Return a label's comment, stripped; raises InvalidRequestError if not allowed."""
    comment = comment.replace("\r\n", "\n").strip()
    if len(comment) > MAX_COMMENT:
        raise InvalidRequestError(
            f"The comment is {len(comment)} characters long; the limit is "
            f"{MAX_COMMENT}."
        )
    if not _is_printable(comment.replace("\n", " ").replace("\t", " ")):
        raise InvalidRequestError("The comment contains unprintable characters.")
    return comment


def check_written(title: str, note: str) -> tuple[str, str]:
    """Return the title and the note of a publication, stripped; both may be empty.

    Raises InvalidRequestError if they are too long, or have unprintable characters. A
    note may have several lines.
    """
    title, note = title.strip(), note.replace("\r\n", "\n").strip()
    for what, text, most in (("title", title, MAX_TITLE), ("note", note, MAX_NOTE)):
        if len(text) > most:
            raise InvalidRequestError(
                f"The {what} is {len(text)} characters long; the limit is {most}."
            )
        plain = text if text is title else text.replace("\n", " ").replace("\t", " ")
        if not _is_printable(plain):
            raise InvalidRequestError(f"The {what} contains unprintable characters.")
    size = len((title + note).encode())
    if size > MAX_WRITTEN:
        raise InvalidRequestError(
            f"The title and the note are {size} bytes long together; the limit is "
            f"{MAX_WRITTEN}. Shorten the note. Letters beyond ASCII take 2 to 4."
        )
    return title, note


def _is_printable(text: str) -> bool:
    return all(char.isprintable() or char in _JOINERS for char in text)


def no_such_version(key: str, version_id: str) -> VersionNotFoundError:
    """Return the error for a version id that `key` does not have."""
    return VersionNotFoundError(f"{key} has no version {version_id!a}.")
