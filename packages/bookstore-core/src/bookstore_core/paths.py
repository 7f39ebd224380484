"""Keys and paths: how a notebook's path becomes a key in the store, and back."""

import re

from bookstore_core.errors import InvalidRequestError

DELIMITER = "/"

_SURROGATES = re.compile("[\ud800-\udfff]")
_ESCAPES = re.compile("\x1b\\[[0-9;]*[A-Za-z]")

#: The folder, beside the notebooks, for bookstore's own records about them.
OWN_FOLDER = ".bookstore"

#: The maximum length of a key in S3, in bytes of UTF-8.
MAX_KEY_BYTES = 1024


def _join(*parts: str) -> str:
    stripped = (part.lstrip(DELIMITER) for part in parts)
    return DELIMITER.join(part for part in stripped if part)


def s3_path(bucket: str, prefix: str, path: str = "") -> str:
    """Return ``bucket/prefix/path`` without empty parts or leading slashes."""
    return _join(bucket, prefix, path)


def s3_key(prefix: str, path: str = "") -> str:
    """Return the key ``prefix/path`` without empty parts or leading slashes."""
    return _join(prefix, path)


def s3_display_path(bucket: str, prefix: str, path: str = "") -> str:
    """Return ``s3://bucket/prefix/path``, for logs and messages."""
    return "s3://" + s3_path(bucket, prefix, path)


def check_path(path: str, *, what: str = "path") -> str:
    """Return `path` without outer slashes; `what` names it in error messages.

    Raises InvalidRequestError if the path is empty, has an empty, ``.`` or ``..``
    segment, contains a NUL, cannot be encoded as UTF-8, or is over 1024 bytes long.
    """
    path = path.strip(DELIMITER)
    if not path:
        raise InvalidRequestError(f"The {what} is empty. Give the path of a file.")
    if "\0" in path:
        raise InvalidRequestError(f"The {what} contains a NUL character.")
    if any(segment in {"", ".", ".."} for segment in path.split(DELIMITER)):
        raise InvalidRequestError(
            f"The {what} {path!r} has an empty, '.' or '..' part. Remove that part."
        )
    return check_length(path, what=what)


def check_length(path: str, *, what: str) -> str:
    """Return `path`; `what` names it in error messages.

    Raises InvalidRequestError if it cannot be encoded as UTF-8, or is over 1024 bytes
    long.
    """
    try:
        length = len(path.encode("utf-8"))
    except UnicodeEncodeError:
        raise InvalidRequestError(f"The {what} cannot be written as UTF-8.") from None
    if length > MAX_KEY_BYTES:
        raise InvalidRequestError(
            f"The {what} is {length} bytes long; the limit is {MAX_KEY_BYTES}. Use "
            "shorter names."
        )
    return path


def notebook_key(prefix: str, path: str) -> str:
    """Return the key of the notebook at `path` below `prefix`.

    Slashes before the prefix do not matter; those after it are part of the key. Raises
    InvalidRequestError as `check_path` does, and for a key over 1024 bytes.
    """
    return check_length(s3_key(prefix, check_path(path)), what="key")


def is_own(below: str) -> bool:
    """Return whether a key is in bookstore's own folder; `below` is without prefix."""
    return f"/{OWN_FOLDER}/" in f"/{below}"


def well_formed(text: str) -> str:
    """Return `text` without lone surrogates, which nothing can encode or show."""
    return _SURROGATES.sub("\ufffd", text)


def printable(text: str) -> str:
    """Return `text` with unprintable characters escaped, for logs and messages.

    A name may contain a line break, which could forge a line of the log.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def uncoloured(text: str) -> str:
    """Return `text` without the sequences that set the colours of a terminal."""
    return _ESCAPES.sub("", text)
