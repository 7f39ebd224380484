"""Saves that a client sends: their content, and what the service records of them."""

import hashlib
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO, cast

from flask import request

from bookstore_core.errors import InvalidRequestError, TooLargeError
from bookstore_core.moved_notes import NOTE_TYPE
from bookstore_core.paths import MAX_KEY_BYTES, check_path
from bookstore_core.stores import VersionMetadata
from bookstore_core.stores.base import NOTEBOOK_TYPE
from bookstore_core.stores.checks import check_written
from bookstore_core.stores.service.forms import MALFORMED

#: Content up to this size stays in memory; larger content is written to a file.
SMALL = 1024 * 1024
CHUNK = 256 * 1024

#: The types that saves, notes and text notebooks have.
TYPES = frozenset({NOTEBOOK_TYPE, NOTE_TYPE, "text/plain; charset=utf-8"})

_SAVE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass
class Received:
    """Content that has arrived; a context manager, which removes it."""

    stream: BinaryIO
    size: int
    sha256: str

    def __enter__(self) -> "Received":
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()


def receive(most: int) -> Received:
    """Read the content of this request; raises TooLargeError over `most` bytes."""
    size = request.content_length
    if size is None:
        raise InvalidRequestError("The length of the content is missing.")
    if size > most:
        raise TooLargeError(
            f"The content is {size} bytes long; the service takes {most}. Its "
            "administrator can raise BookstoreSettings.max_notebook_size."
        )
    digest, read = hashlib.sha256(), 0
    stream = cast(BinaryIO, tempfile.SpooledTemporaryFile(SMALL))  # noqa: SIM115
    while chunk := request.stream.read(CHUNK):
        digest.update(chunk)
        stream.write(chunk)
        read += len(chunk)
    if read != size:
        stream.close()
        raise InvalidRequestError(f"Of {size} bytes of the content, {read} arrived.")
    stream.seek(0)
    return Received(stream, size, digest.hexdigest())


def check_type(content_type: str) -> str:
    """Return the type of a content; raises InvalidRequestError for any other."""
    if content_type not in TYPES:
        raise InvalidRequestError(
            f"The service keeps no content of the type {content_type!r}."
        )
    return content_type


def recorded(
    given: object, *, author: str, sha256: str, now: datetime
) -> VersionMetadata:
    """Return what the service records of a save, from what the client says.

    The author is the person who asks, unless nobody is known. The time is the client's
    reckoning of the service's clock, which is never later than now. Raises
    InvalidRequestError for anything malformed, and for a sha256 that is not the
    content's.
    """
    try:
        if not isinstance(given, Mapping):
            raise TypeError
        sent = VersionMetadata.of_texts(given)
    except MALFORMED:
        raise InvalidRequestError("The metadata is missing or malformed.") from None
    if not _SAVE_ID.fullmatch(sent.save_id):
        raise InvalidRequestError("The save_id has characters that no id has.")
    if sent.sha256 and sent.sha256 != sha256:
        raise InvalidRequestError(
            "The content is not what was saved: its sha256 differs from the one that "
            "was sent with it. It is damaged, here or on its way."
        )
    if sent.moved_from:
        check_path(sent.moved_from, what="path before the move")
    if len(sent.restored_from) > MAX_KEY_BYTES:
        raise InvalidRequestError("restored_from is no id of a version.")
    title, note = check_written(sent.title, sent.note)
    return replace(
        sent,
        title=title,
        note=note,
        author=author or sent.author,
        sha256=sha256,
        saved_at=min(sent.saved_at, now),
    )
