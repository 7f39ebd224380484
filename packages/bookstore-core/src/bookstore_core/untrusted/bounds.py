"""Parsing JSON within bounds.

A few bytes of JSON can become a large object: ``{},`` takes a notebook server a
kilobyte of memory. The bytes are counted before they are parsed, so that it is known
before how much the result can take.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from bookstore_core.errors import TooLargeError

#: Objects in a document. A notebook of 100,000 cells with one output each has half a
#: million; the notebook server needs a second and 100 MB for 100,000.
MAX_OBJECTS = 600_000
#: Members of all objects: pairs of a name and a value.
MAX_MEMBERS = 4_000_000
#: Values in a document. Jupyter writes each number of a plot on a line of its own, 13
#: bytes or longer, so that a notebook of 128 MiB has fewer.
MAX_VALUES = 10_500_000

#: Ten thousand strings at most, and what is between them. A string may have no end, and
#: the expression never goes back: each byte is read once.
PIECE = re.compile(rb'[^"]*+(?:"(?:[^"\\]++|\\.)*+"?[^"]*+){0,10000}+', re.DOTALL)
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


@dataclass
class Counts:
    """How many objects, members and values some JSON has."""

    objects: int = 0
    members: int = 0
    values: int = 0

    def add(self, data: bytes) -> None:
        """Count the characters that begin one, also if they are in a string."""
        objects = data.count(b"{")
        self.objects += objects
        self.members += data.count(b":")
        self.values += objects + data.count(b"[") + data.count(b",")

    @property
    def excess(self) -> str:
        """The bound that is exceeded, in words; empty if none is."""
        if self.objects > MAX_OBJECTS:
            return f"{MAX_OBJECTS:,} objects"
        if self.members > MAX_MEMBERS:
            return f"{MAX_MEMBERS:,} members of objects"
        return f"{MAX_VALUES:,} values" if self.values > MAX_VALUES else ""


def load_json(data: bytes, **options: Any) -> Any:
    """Return the JSON value in `data`, which is UTF-8; `options` are those of `json`.

    Raises TooLargeError before parsing if it has too many values; UnicodeDecodeError,
    ValueError and RecursionError if it is not JSON.
    """
    check_bounds(data)
    return json.loads(data.decode("utf-8"), **options)


def check_bounds(data: bytes) -> None:
    """Raise TooLargeError if JSON has too many values. `data` may be any bytes."""
    counts = Counts()
    counts.add(data)
    if not counts.excess:
        return
    # Strings have such characters too. They are left out in pieces, because other
    # threads cannot run during one.
    counts, position = Counts(), 0
    while position < len(data):
        piece = PIECE.match(data, position)
        assert piece is not None  # it matches the empty string, too
        counts.add(STRING.sub(b"", piece[0]))
        if counts.excess:
            raise TooLargeError(f"It has more than {counts.excess}, and is not read.")
        position = piece.end()
