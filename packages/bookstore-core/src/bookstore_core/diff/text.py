"""The lines of a text diff, and the parts of two texts that must be compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

#: Unchanged lines that are shown around changed ones.
CONTEXT = 3
#: Characters of a text whose equal ends are found before it is split into lines.
LARGE = 100_000


@dataclass(frozen=True)
class Span:
    """A part of a line, and whether it changed."""

    text: str
    changed: bool = False


@dataclass(frozen=True)
class Line:
    """A line of a text diff.

    `base_line` and `remote_line` count from 1. ``folded`` stands for `count` unchanged
    lines, and ``omitted`` for `count` more removed or added lines; the numbers are
    those of the first. `cut` characters at the end of the line are left out.
    """

    kind: Literal["unchanged", "added", "removed", "folded", "omitted"]
    base_line: int | None
    remote_line: int | None
    spans: tuple[Span, ...] = ()
    count: int = 1
    cut: int = 0

    @property
    def text(self) -> str:
        """The line as one text."""
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True)
class TextDiff:
    """Two texts compared. `omitted` lines at the end are missing in `lines`."""

    lines: tuple[Line, ...]
    added: int
    removed: int
    omitted: int = 0


@dataclass(frozen=True)
class Middle:
    """The lines of two texts without their equal ends, except for `CONTEXT` lines.

    `before` and `after` count the equal lines that were left out.
    """

    base: list[str]
    remote: list[str]
    before: int = 0
    after: int = 0

    def embed(self, lines: Sequence[Line]) -> tuple[Line, ...]:
        """Return the lines with the numbers that they have in the whole texts."""
        if not self.before and not self.after:
            return tuple(lines)
        moved = [_shift(line, self.before) for line in lines]
        if self.before:
            moved.insert(0, Line("folded", 1, 1, count=self.before))
        if self.after:
            first = self.before + len(self.base) + 1
            other = self.before + len(self.remote) + 1
            moved.append(Line("folded", first, other, count=self.after))
        return tuple(moved)


def _shift(line: Line, by: int) -> Line:
    base, remote = line.base_line, line.remote_line
    return replace(
        line,
        base_line=None if base is None else base + by,
        remote_line=None if remote is None else remote + by,
    )


def trim_texts(base: str, remote: str) -> Middle:
    """Return the lines of two texts that must be compared."""
    if base == remote:
        return Middle([], [], before=len(split_lines(base)))
    if min(len(base), len(remote)) < LARGE:
        return Middle(split_lines(base), split_lines(remote))
    head = _common_prefix(base, remote)
    tail = _common_suffix(base, remote, min(len(base), len(remote)) - head)
    begin, end = head, len(base) - tail - 1
    for _ in range(CONTEXT + 1):
        begin = base.rfind("\n", 0, max(begin, 0))
        end = len(base) if end == len(base) else base.find("\n", end + 1)
        end = len(base) if end < 0 else end
    begin += 1
    remote_end = len(remote) - (len(base) - end)
    return Middle(
        base[begin:end].split("\n"),
        remote[begin:remote_end].split("\n"),
        before=base.count("\n", 0, begin),
        after=base.count("\n", end),
    )


def split_lines(text: str) -> list[str]:
    """Return the lines of a text; an empty text has none."""
    return text.split("\n") if text else []


def _common_prefix(base: str, remote: str) -> int:
    """Return how many characters are equal at the beginning, by bisection."""
    equal, longest = 0, min(len(base), len(remote))
    while equal < longest:
        middle = (equal + longest + 1) // 2
        if base[equal:middle] == remote[equal:middle]:
            equal = middle
        else:
            longest = middle - 1
    return equal


def _common_suffix(base: str, remote: str, longest: int) -> int:
    equal = 0
    while equal < longest:
        middle = (equal + longest + 1) // 2
        left = base[len(base) - middle : len(base) - equal]
        if left == remote[len(remote) - middle : len(remote) - equal]:
            equal = middle
        else:
            longest = middle - 1
    return equal
