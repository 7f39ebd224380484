"""What is written into the catalogue about a notebook, and what is read from it."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bookstore_core.cells import shown
from bookstore_core.stores import Label, Version, VersionMetadata
from bookstore_web.catalogue.databases.index import Indexed
from bookstore_web.catalogue.extracts import Extract
from bookstore_web.catalogue.marks import marks_of
from bookstore_web.catalogue.words import joined_words, padded_words

#: Between the cells of a packed text. No cell has it: control characters are replaced.
_BETWEEN = "\x1e"
#: The bytes of the words of a text. ASCII has fewer than PostgreSQL takes.
_MOST_WORDS = 500_000
#: The most bytes of a packed text, unpacked: a damaged one must not fill the memory.
_MOST_UNPACKED = 4 * 1024 * 1024


@dataclass(frozen=True)
class Entry:
    """A notebook that was read: its newest version, what is kept of it, its labels."""

    version: Version
    extract: Extract
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Known:
    """A notebook in the catalogue. `number` is its id there.

    `read` is whether its content was read; until then only its key, size and time are
    known. `clones` is how often it was cloned.
    """

    number: int
    key: str
    shelf: str
    path: str
    version_id: str
    size: int
    stored_at: datetime
    saved_at: datetime
    author: str
    title: str
    note: str
    kernel: str
    imports: tuple[str, ...]
    labels: tuple[str, ...]
    read: bool
    clones: int = 0

    @classmethod
    def of(cls, row: Mapping[str, Any], clones: int = 0) -> "Known":
        """Return the notebook of a row."""
        return cls(
            number=row["id"],
            **{name: row[name] for name in ("key", "shelf", "path", "version_id")},
            **{name: row[name] for name in ("size", "author", "title", "note")},
            kernel=row["kernel"],
            stored_at=datetime.fromtimestamp(row["stored_at"], UTC),
            saved_at=datetime.fromtimestamp(row["saved_at"], UTC),
            imports=tuple(row["imports"].split()),
            labels=tuple(row["labels"].splitlines()),
            read=row["read_at"] is not None,
            clones=clones,
        )


def values_of(entry: Entry) -> dict[str, Any]:
    """Return the columns of a notebook that was read."""
    version, extract = entry.version, entry.extract
    metadata = version.metadata
    # Others have written it, and PostgreSQL takes not every character.
    author, title, note = (
        (shown(text) for text in (metadata.author, metadata.title, metadata.note))
        if metadata
        else ("", "", "")
    )
    labels = [shown(" ".join(label.name.split())) for label in entry.labels]
    return {
        "version_id": version.version_id,
        "size": version.size,
        "stored_at": version.stored_at.timestamp(),
        "saved_at": version.saved_at.timestamp(),
        "author": author,
        "who": padded_words(author),
        "title": title or extract.title,
        "note": note,
        "kernel": extract.kernel,
        "kernels": padded_words(extract.kernel),
        "imports": " ".join(extract.imports),
        **label_values(labels),
    }


def described(version: Version, row: Mapping[str, Any]) -> Version:
    """Return a version as it was listed, with what is known of it from its row."""
    metadata = VersionMetadata(
        save_id="",
        saved_at=datetime.fromtimestamp(row["saved_at"], UTC),
        **{name: row[name] for name in ("author", "title", "note")},
    )
    version_id = version.version_id or row["version_id"]
    return replace(version, version_id=version_id, metadata=metadata)


def label_values(labels: Sequence[str]) -> dict[str, str]:
    """Return the columns of a notebook's labels."""
    return {
        "labels": "\n".join(labels),
        "labelled": "|".join(map(padded_words, labels)),
    }


def indexed(row: Mapping[str, Any], cells: Sequence[str]) -> Indexed:
    """Return what a search looks into, of a row and the sources of its cells.

    The same row and cells give the same words, because SQLite is given them again when
    they are removed.
    """
    rest = (row["author"], row["note"], row["labels"], row["imports"])
    return Indexed(
        name=joined_words(f"{row['path']}\n{row['title']}"),
        body=_bounded(joined_words("\n".join(cell[1:] for cell in cells))),
        rest=joined_words("\n".join(rest)),
        marks=marks_of(row),
        parts=f"{row['path']}\n{row['title']}".casefold(),
    )


def _bounded(words: str) -> str:
    """Return words that take no more than a tsvector of PostgreSQL may have, 1 MB."""
    if words.isascii():
        return words
    return words.encode()[:_MOST_WORDS].decode("utf-8", "ignore")


def pack(cells: Sequence[str]) -> bytes:
    """Return the sources of cells as one compressed value."""
    return zlib.compress(_BETWEEN.join(cells).encode("utf-8"))


def unpack(packed: bytes | None) -> tuple[str, ...]:
    """Return the cells that `pack` packed; none if the value is damaged or missing."""
    if packed is None:
        return ()
    try:
        data = zlib.decompressobj().decompress(packed, _MOST_UNPACKED)
        text = data.decode("utf-8")
    except (zlib.error, UnicodeDecodeError):
        return ()
    return tuple(text.split(_BETWEEN)) if text else ()
