"""A store of very many notebooks that are made when they are read.

Their words are as frequent as those of a language. All is decided by the number of a
notebook, so that every run indexes the same.
"""

import bisect
import json
import random
import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import accumulate
from typing import Any

from bookstore_core.cursors import encode_cursor, read_cursor
from bookstore_core.stores import (
    KeyPage,
    Label,
    OpenVersion,
    Version,
    VersionMetadata,
)
from harness.memory_store import MemoryStore

PEOPLE = 500
#: One of so many is published, one of so many has a rare word, one of so many a label.
PUBLISHED, RARE, LABELLED = 10, 1000, 100
START = datetime(2020, 1, 1, tzinfo=UTC)
APART = timedelta(minutes=10)
FOLDERS = ("analysis", "models/2026", "reports", "tests")
#: Words of the language, and of one notebook.
VOCABULARY, WORDS = 30_000, 160
#: Bytes of every notebook, without its image: a listing says it, and reads none.
SIZE = 2048
SYLLABLES = [a + b for a in "bcdfghklmnprstvz" for b in "aeiou"]


def word(rank: int) -> str:
    """Return the word of a rank: frequent ones are short."""
    text = ""
    rank += len(SYLLABLES)
    while rank:
        rank, part = divmod(rank, len(SYLLABLES))
        text += SYLLABLES[part]
    return text


_WORDS = [word(rank) for rank in range(VOCABULARY)]
_CHANCES = list(accumulate(1 / (rank + 1) for rank in range(VOCABULARY)))


def text_of(number: int, words: int = WORDS) -> str:
    """Return a text of a notebook, in lines."""
    chance = random.Random(number)  # noqa: S311 -- a text, no secret
    found = [
        _WORDS[bisect.bisect(_CHANCES, chance.random() * _CHANCES[-1])]
        for _ in range(words)
    ]
    return "\n".join(" ".join(found[at : at + 12]) for at in range(0, words, 12))


def key_of(number: int) -> str:
    """Return the key of a notebook."""
    person = f"person{number % PEOPLE:03}"
    name = f"{word(number % 997)}-{FOLDERS[number % 4]}/{word(number % 613)}_{number}"
    shelf = "published" if number % PUBLISHED == 0 else "workspace"
    return f"{shelf}/{person}/{name}.ipynb"


def content_of(number: int, *, image: int = 0) -> bytes:
    """Return a notebook: its text in a Markdown and two code cells, and an image."""
    lines = text_of(number).split("\n")
    title = " ".join(lines[0].split()[:4])
    sources = [f"# {title}\n\n" + "\n".join(lines[:4])]
    sources.append("import numpy as np\nimport pandas as pd\n" + _code(lines[4:8]))
    if number % RARE == 0:
        sources[1] += "\nplay(xylophone)"
    sources.append(_code(lines[8:]))
    cells: list[dict[str, Any]] = [
        {"cell_type": kind, "id": f"{number:x}-{turn}", "metadata": {}, "source": text}
        for turn, (kind, text) in enumerate(
            zip(("markdown", "code", "code"), sources, strict=True)
        )
    ]
    for cell in cells[1:]:
        cell |= {"execution_count": 1, "outputs": []}
    if image:
        data = random.Random(number).randbytes(image * 3 // 4).hex()  # noqa: S311
        output = {"data": {"image/png": data[:image]}, "metadata": {}}
        cells[-1]["outputs"] = [{"output_type": "display_data", **output}]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    return json.dumps(content, indent=1).encode().ljust(SIZE + image)


def _code(lines: list[str]) -> str:
    return "\n".join(f"{'_'.join(line.split()[:2])} = f({line!r})" for line in lines)


class Corpus(MemoryStore):
    """The notebooks up to a number, of which nothing is in memory but their keys.

    What is put is kept until it grows.

    `requests` counts what is asked of it, but not by threads that bring a
    catalogue up to date.
    """

    def __init__(self, image: int = 0) -> None:
        super().__init__()
        self.requests = 0
        self.image = image
        self._numbers: dict[str, int] = {}
        self._keys: list[str] = []

    def grow(self, number: int) -> None:
        """Have so many notebooks."""
        self._numbers = {key_of(turn): turn for turn in range(number)}
        self._keys = sorted(self._numbers)

    def put(self, key: str, *given: Any, **named: Any) -> Version:
        version = super().put(key, *given, **named)
        if key not in self._keys:
            bisect.insort(self._keys, key)
        return version

    def _count(self) -> None:
        name = threading.current_thread().name
        self.requests += not name.startswith(("bookstore-catalogue", "bookstore-index"))

    def walk_keys(
        self,
        prefix: str,
        *,
        cursor: str | None = None,
        limit: int = 1000,
        wanted: Callable[[str], bool] | None = None,
        **_: Any,
    ) -> KeyPage:
        self._count()
        after = read_cursor("walk", cursor, str) if cursor else ""
        at = bisect.bisect_left(self._keys, prefix)
        if after:
            at = bisect.bisect_right(self._keys, after)
        passed = self._keys[at : at + limit]
        passed = [key for key in passed if key.startswith(prefix)]
        keys = [key for key in passed if wanted is None or wanted(key)]
        more = len(passed) == limit
        return KeyPage(
            tuple(map(self._version, keys)),
            cursor=encode_cursor("walk", passed[-1]) if more else None,
        )

    def list_keys(
        self, prefix: str, *, cursor: str | None = None, limit: int = 1000, **_: Any
    ) -> KeyPage:
        self._count()
        folders: dict[str, None] = {}
        keys: list[Version] = []
        at = bisect.bisect_left(self._keys, prefix)
        while at < len(self._keys) and self._keys[at].startswith(prefix):
            name, slash, _rest = self._keys[at][len(prefix) :].partition("/")
            if not slash:
                keys.append(self._version(self._keys[at]))
                at += 1
                continue
            folders[prefix + name + "/"] = None
            at = bisect.bisect_left(self._keys, prefix + name + "0")
        return KeyPage(tuple(keys[:limit]), tuple(folders)[:limit])

    def head(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> Version:
        self._count()
        if key not in self._numbers:
            return super().head(key, version_id, bucket=bucket)
        return self._version(key)

    def open(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> OpenVersion:
        self._count()
        if key not in self._numbers:
            return super().open(key, version_id, bucket=bucket)
        data = content_of(self._numbers[key], image=self.image)
        return OpenVersion(self._version(key), BytesIO(data))

    def labels(
        self,
        key: str,
        *,
        bucket: str | None = None,
        only: Collection[str] | None = None,
    ) -> dict[str, Label]:
        self._count()
        if key not in self._numbers:
            return super().labels(key, bucket=bucket, only=only)
        number = self._numbers[key]
        return {"v1": Label("as sent")} if number % LABELLED == 0 else {}

    def _version(self, key: str) -> Version:
        if key not in self._numbers:
            return super().head(key)
        number = self._numbers[key]
        stored_at = START + number * APART
        author = f"person{number % PEOPLE:03}"
        metadata = VersionMetadata(f"{number:032x}", stored_at, author=author)
        return Version(
            self.bucket,
            key,
            f"id{number}",
            SIZE + self.image,
            stored_at,
            metadata=metadata,
        )
