"""Views of versions: rendered in a confined process, and kept for the next request."""

import hashlib
from dataclasses import dataclass, field

from bookstore_core.errors import TooLargeError
from bookstore_web.confined.pool import ConfinedPool
from bookstore_web.rendering.document import (
    Prepared,
    describe,
    render,
    render_version,
)
from bookstore_web.rendering.parts.limits import Portion
from bookstore_web.versions.cache import SizedCache

#: Characters of documents, and number of descriptions, that a process keeps.
DOCUMENTS_ROOM = 32 * 1024 * 1024
DESCRIPTIONS_ROOM = 10_000


@dataclass(frozen=True)
class Document:
    """The document of a frame; `refused` if the content takes too much, for now."""

    html: str = field(repr=False)
    refused: bool = False


class Views:
    """Descriptions and documents of versions, by their content."""

    def __init__(self, pool: ConfinedPool) -> None:
        self._pool = pool
        self._descriptions: SizedCache[Prepared] = SizedCache(DESCRIPTIONS_ROOM)
        self._documents: SizedCache[Document] = SizedCache(DOCUMENTS_ROOM)

    def describe(self, data: bytes) -> Prepared:
        """Return what a version is, and what is left out, without its content.

        Content that takes too much is described as not to be shown.
        """
        key = hashlib.sha256(data).digest()
        if (known := self._descriptions.get(key)) is not None:
            return known
        try:
            found = self._pool.run(describe, data)
        except TooLargeError as error:
            return _refused(error)
        self._descriptions.put(key, found)
        return found

    def document(self, data: bytes, *, portion: Portion, title: str) -> Document:
        """Return the document of the frame for a portion of a version.

        Raises NotFoundError if it does not exist.
        """
        key = (hashlib.sha256(data).digest(), portion, title)
        if (known := self._documents.get(key)) is not None:
            return known
        try:
            found = Document(self._pool.run(render_version, data, portion, title))
        except TooLargeError as error:
            return Document(render(_refused(error), title=title), refused=True)
        self._documents.put(key, found, size=len(found.html))
        return found


def _refused(error: TooLargeError) -> Prepared:
    return Prepared("binary", reason=str(error))
