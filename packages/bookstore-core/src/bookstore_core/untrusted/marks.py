"""Removing marks of trust from large content, without reading it into memory.

The content stays as it is besides the marks: `trusted` in a cell, and in its metadata.
It is skimmed for them, not parsed; what is no JSON is left as it is from there on.
"""

import json
import mmap
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import BinaryIO

from bookstore_core.stores.streams import CHUNK, contains

#: Without one of these, no member is called `trusted`. A name may have escapes.
NAMES = (b'"trusted"', b"\\u006", b"\\u007")

SPACE = re.compile(rb"[ \t\n\r]*+")
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
#: A number, or true, false and the like.
PLAIN = re.compile(rb'[^ \t\n\r"\[\]{},:]++')
#: Ten thousand strings at most, and what is between them, up to a bracket. The
#: expression never goes back, and other threads can run before the next ones.
INSIDE = re.compile(
    rb'[^"\[\]{}]*+(?:"(?:[^"\\]++|\\.)*+"[^"\[\]{}]*+){0,10000}+', re.DOTALL
)
#: A name of which each character is an escape is not longer.
LONGEST_NAME = 80

Span = tuple[int, int]


def may_claim_trust(file: BinaryIO) -> bool:
    """Return whether a file may have marks of trust. It is read in pieces."""
    return contains(file, *NAMES)


def untrusted_pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield the content of a file in pieces, without marks of trust."""
    position = 0
    for begin, end in [*marks_in(file), (os.fstat(file.fileno()).st_size, 0)]:
        file.seek(position)
        while position < begin and (piece := file.read(min(CHUNK, begin - position))):
            position += len(piece)
            yield piece
        position = end


def marks_in(file: BinaryIO) -> list[Span]:
    """Return where the marks of trust of a notebook are, in order."""
    file.flush()
    if not os.fstat(file.fileno()).st_size:
        return []
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        skimmed = _Skimmed(data)
        # What is no JSON, Jupyter cannot open.
        with suppress(_NoJsonError):
            skimmed.notebook()
        return skimmed.marks


class _NoJsonError(ValueError):
    """What follows is not JSON."""


class _Skimmed:
    """JSON that is read from its beginning. It accepts all that `json.loads` does."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0
        self.marks: list[Span] = []

    def notebook(self) -> None:
        """Find the marks in a notebook, of v4 or v3."""
        self._members({"cells": self._cells, "worksheets": self._worksheets})

    def _cells(self) -> None:
        self._items(self._cell)

    def _cell(self) -> None:
        self._members({"metadata": self._metadata}, dropped={"trusted"})

    def _metadata(self) -> None:
        self._members({}, dropped={"trusted"})

    def _worksheets(self) -> None:
        self._items(lambda: self._members({"cells": self._cells}))

    def _items(self, read: Callable[[], None]) -> None:
        """Read a list, each item with `read`; skip another value."""
        if self._next() != b"[":
            self._skip()
            return
        self._at += 1
        if self._next() == b"]":
            self._at += 1
            return
        read()
        while self._separator(b"]"):
            read()

    def _members(
        self, read: dict[str, Callable[[], None]], dropped: Collection[str] = ()
    ) -> None:
        """Read an object; skip another value.

        Members that are `dropped` are marks, with the comma before them or, if none is
        kept before them, with the one after them.
        """
        if self._next() != b"{":
            self._skip()
            return
        self._at += 1
        if self._next() == b"}":
            self._at += 1
            return
        kept, more = -1, True
        while more:
            self._next()
            begin, name = self._at, self._name()
            read.get(name, self._skip)()
            end = self._at
            more = self._separator(b"}")
            if name not in dropped:
                kept = end
            elif kept >= 0:
                self.marks.append((kept, end))
                kept = end
            else:
                self._next()
                self.marks.append((begin, self._at if more else end))

    def _name(self) -> str:
        """Read the name of a member and the colon after it."""
        begin = self._at
        self._match(STRING)
        text = self._data[begin : min(self._at, begin + LONGEST_NAME)]
        if self._next() != b":":
            raise _NoJsonError
        self._at += 1
        try:
            return str(json.loads(text.decode("utf-8")))
        except ValueError:
            return ""  # it is longer, or not valid

    def _separator(self, closing: bytes) -> bool:
        """Read a comma or a closing bracket; return whether it is a comma."""
        found = self._next()
        if found not in (b",", closing):
            raise _NoJsonError
        self._at += 1
        return found == b","

    def _skip(self) -> None:
        """Read any value."""
        first = self._next()
        if first == b'"':
            self._match(STRING)
            return
        if first not in (b"{", b"["):
            self._match(PLAIN)
            return
        depth = 0
        while True:
            found = self._data[self._at : self._at + 1]
            if found in (b"{", b"["):
                depth += 1
            elif found in (b"}", b"]"):
                depth -= 1
            else:
                raise _NoJsonError
            self._at += 1
            if not depth:
                return
            self._inside()

    def _inside(self) -> None:
        """Read up to the next bracket."""
        before = -1
        while before != self._at:
            before = self._at
            self._match(INSIDE)

    def _next(self) -> bytes:
        """Read what is only space, and return the byte that follows."""
        self._match(SPACE)
        return self._data[self._at : self._at + 1]

    def _match(self, pattern: re.Pattern[bytes]) -> None:
        found = pattern.match(self._data, self._at)
        if found is None:
            raise _NoJsonError
        self._at = found.end()
