"""Marks: words in the index that nobody types, which make filters fast.

A notebook has marks for the words of its author, labels and kernel, for each folder
that it is in, and for the month and the year in which it was saved. A filter is looked
up as words are, and then applied exactly to what was found.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bookstore_core.paths import DELIMITER
from bookstore_web.catalogue.databases.form import IDS_PER_SECOND
from bookstore_web.catalogue.query import Query
from bookstore_web.catalogue.words import MARKED

#: Each mark begins with one of these.
WHO, LABEL, KERNEL, PLACE, MONTH = (MARKED + kind for kind in "alkpm")
#: So do those of years. What was stored so many seconds after it was saved, or later,
#: has the second one: its id says little about when it was saved. As every notebook has
#: one of the two, they change nothing about which one fits better.
YEAR, LATE_YEAR, LATE = MARKED + "y", MARKED + "d", 86_400.0
#: Folders of a notebook that have a mark, from the top one on.
MOST_FOLDERS = 16
#: Times that have a mark of their month: from 2000 to 2099. What was saved before or
#: after has that of the first or the last one.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
LAST_YEAR = 2099
LATEST = datetime(LAST_YEAR, 12, 31, tzinfo=UTC).timestamp()
#: Months of a filter that chooses; a longer time is one that `Early` may narrow.
MOST_MONTHS = 36


@dataclass(frozen=True)
class Mark:
    """A mark that is searched for; longer ones are found too if it is a `beginning`."""

    text: str
    beginning: bool = False


@dataclass(frozen=True)
class Early:
    """What narrows a search to what was saved before a time; the filter is exact.

    It has one of the `marks`, and one of the `late` ones if its id is this `number` or
    a larger one.
    """

    marks: tuple[Mark, ...]
    late: tuple[Mark, ...]
    number: int


def marks_of(row: Mapping[str, Any]) -> str:
    """Return the marks of a notebook, with spaces between them."""
    found: dict[str, None] = {}
    for start, words in ((WHO, "who"), (LABEL, "labelled"), (KERNEL, "kernels")):
        for word in row.get(words, "").replace("|", " ").split():
            found[start + word] = None
    for folder in _folders_of(row["key"]):
        found[_place(folder)] = None
    month = _month(row["saved_at"])
    is_late = row["saved_at"] + LATE < row["id"] / IDS_PER_SECOND
    found[MONTH + month] = None
    found[(LATE_YEAR if is_late else YEAR) + month[:4]] = None
    return " ".join(found)


def clauses_of(query: Query, places: Sequence[str]) -> list[list[Mark]]:
    """Return marks for the filters of a query: one of each list must be there.

    `places` are folders in one of which a notebook must be; none if that is not asked.
    """
    clauses: list[list[Mark]] = []
    filters = ((WHO, query.authors), (LABEL, query.labels), (KERNEL, query.kernels))
    for start, sought in filters:
        for words in sought:
            *whole, last = words.split()
            clauses += [[Mark(start + word)] for word in whole]
            clauses.append([Mark(start + last, beginning=not words.endswith(" "))])
    months = list(_months(query))
    if 0 < len(months) <= MOST_MONTHS:
        clauses.append([Mark(mark) for mark in (*months, *_ahead(query))])
    if places:
        clauses.append([Mark(_place(place)) for place in places])
    return clauses


def early_of(query: Query) -> Early | None:
    """Return what narrows a search for an open or a long time; None if nothing does."""
    before = query.before
    if before is None or 0 < len(list(_months(query))) <= MOST_MONTHS:
        return None
    first = int(_month(EARLIEST if query.after is None else query.after)[:4])
    month = _month(before)
    year = int(month[:4])
    late = [Mark(f"{LATE_YEAR}{number}") for number in range(first, year + 1)]
    marks = [Mark(f"{YEAR}{number}") for number in range(first, year)] + late[:-1]
    marks += [Mark(f"{MONTH}{year}{part:02}") for part in range(1, int(month[4:]) + 1)]
    number = int((before + LATE) * IDS_PER_SECOND)
    return Early(tuple(marks), tuple(late), number)


def is_past(clauses: Sequence[Sequence[Mark]]) -> bool:
    """Return whether a filter leaves only what was saved before this month."""
    now = MONTH + _month(datetime.now(UTC).timestamp())
    return any(
        all(mark.text.startswith(MONTH) and mark.text < now for mark in clause)
        for clause in clauses
    )


def has_mark(place: str) -> bool:
    """Return whether notebooks in a folder have a mark for it."""
    return 0 < place.count(DELIMITER) <= MOST_FOLDERS and place.endswith(DELIMITER)


def _folders_of(key: str) -> Iterator[str]:
    end = -1
    for _ in range(MOST_FOLDERS):
        end = key.find(DELIMITER, end + 1)
        if end < 0:
            return
        yield key[: end + 1]


def _place(folder: str) -> str:
    return PLACE + hashlib.blake2b(folder.encode(), digest_size=6).hexdigest()


def _month(saved_at: float) -> str:
    """Return the year and the month of a time, within the years that have marks."""
    return f"{datetime.fromtimestamp(min(max(saved_at, EARLIEST), LATEST), UTC):%Y%m}"


def _months(query: Query) -> Iterator[str]:
    """Yield the months in which what a query wants was saved; one too many at most."""
    if query.after is None:
        return
    until = query.before or datetime.now(UTC).timestamp() + 86400
    if not EARLIEST <= query.after <= min(until, LATEST):
        return
    at = datetime.fromtimestamp(query.after, UTC)
    year, month = at.year, at.month
    for _ in range(MOST_MONTHS + 1):
        yield f"{MONTH}{year:04}{month:02}"
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        if year > 9998 or datetime(year, month, 1, tzinfo=UTC).timestamp() >= until:
            return


def _ahead(query: Query) -> Iterator[str]:
    """Yield marks of what was saved after the last of `_months`, by a wrong clock."""
    if query.before is None:
        at = datetime.now(UTC) + timedelta(1)
        yield from (f"{MONTH}{at.year}{month:02}" for month in range(at.month, 13))
        yield from (f"{YEAR}{year}" for year in range(at.year + 1, LAST_YEAR + 1))
