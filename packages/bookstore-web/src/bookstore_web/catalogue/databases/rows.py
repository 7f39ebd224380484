"""Rows of notebooks: their ids and texts, and whether a listing differs from them."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, func, insert, select

from bookstore_core.stores import Version
from bookstore_web.catalogue.databases.form import IDS_PER_SECOND
from bookstore_web.catalogue.databases.tables import NOTEBOOKS, TEXTS
from bookstore_web.catalogue.entries import pack, unpack

T = TypeVar("T")
Row = dict[str, Any]

#: Values in one condition: databases have a limit.
MOST_VALUES = 500
#: Ids that are close to another.
CLOSE = 1 << 20
#: Stores return times in seconds: what was read so soon may have been replaced since.
FRESH = 5.0


def number_rows(connection: Connection, rows: Sequence[Row]) -> None:
    """Give notebooks their ids, which are in the order of the times they were stored.

    So a database finds the latest of many without sorting them.
    """
    taken: set[int] = set()
    rows = sorted(rows, key=lambda row: row["stored_at"])
    for row in rows:
        first = int(row["stored_at"]) * IDS_PER_SECOND
        row["id"] = max(first, max(taken, default=0) + 1) if first in taken else first
        taken.add(row["id"])
    known: set[int] = set()
    for part in parts_of(sorted(taken)):
        wanted = select(NOTEBOOKS.c.id).where(NOTEBOOKS.c.id.in_(part))
        known |= {number for (number,) in connection.execute(wanted)}
    moved = None
    for row in rows:
        second = int(row["stored_at"])
        if row["id"] in known or second == moved:
            row["id"] = _free(connection, row["id"], taken)
            taken.add(row["id"])
            moved = second


def _free(connection: Connection, number: int, taken: set[int]) -> int:
    """Return an id after a taken one: of the same second, if there is one left.

    Otherwise it is after those that follow closely, which takes one request.
    """
    second = number - number % IDS_PER_SECOND
    free = number
    for begin, end in (
        (second, second + IDS_PER_SECOND),
        (number, number + CLOSE),
    ):
        within = (NOTEBOOKS.c.id >= begin) & (NOTEBOOKS.c.id < end)
        last = connection.execute(select(func.max(NOTEBOOKS.c.id)).where(within))
        known = {last.scalar() or number} | {n for n in taken if begin <= n < end}
        free = max(known) + 1
        if free < end:
            break
    return free


def parts_of(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield values in parts that one condition may have."""
    for begin in range(0, len(values), MOST_VALUES):
        yield values[begin : begin + MOST_VALUES]


def rows_of(connection: Connection, keys: Sequence[str]) -> dict[str, Row]:
    """Return what is known of notebooks, by their keys."""
    found: dict[str, Row] = {}
    for part in parts_of(list(keys)):
        wanted = select(NOTEBOOKS).where(NOTEBOOKS.c.key.in_(part))
        found |= {row.key: row._asdict() for row in connection.execute(wanted)}
    return found


def texts_of(connection: Connection, rows: Sequence[Row]) -> dict[int, tuple[str, ...]]:
    """Return the cells of notebooks, by the ids of their texts."""
    found: dict[int, tuple[str, ...]] = {}
    for part in parts_of(text_ids(rows)):
        wanted = select(TEXTS).where(TEXTS.c.id.in_(part))
        found |= {row.id: unpack(row.packed) for row in connection.execute(wanted)}
    return found


def text_ids(rows: Sequence[Row]) -> list[int]:
    """Return the ids of the texts of notebooks that have one."""
    return [row["text_id"] for row in rows if row["text_id"] is not None]


def add_texts(
    connection: Connection, found: Sequence[tuple[Row, Sequence[str]]]
) -> None:
    """Add the cells of notebooks, and write the ids of their texts into their rows."""
    last: int = connection.execute(select(func.max(TEXTS.c.id))).scalar() or 0
    texts: list[Row] = []
    for row, cells in found:
        row["text_id"] = last + len(texts) + 1 if cells else None
        if cells:
            texts.append({"id": row["text_id"], "packed": pack(cells)})
    if texts:
        connection.execute(insert(TEXTS), texts)


def is_as_read(version: Version, row: Row) -> bool:
    """Return whether what was read of a notebook is what is listed now, surely."""
    return row["read_at"] is not None and not differs(version, row)


def differs(version: Version, row: Row) -> bool:
    """Return whether what was read of a notebook is not what is listed now."""
    if row["read_at"] is None:
        return bool(row["stored_at"] != version.stored_at.timestamp())
    stored_at = version.stored_at.timestamp()
    if version.version_id and row["version_id"] and row["size"] == version.size:
        return bool(version.version_id != row["version_id"])
    # A listing may have fractions of seconds, where a request for a version does not.
    if row["size"] != version.size or abs(row["stored_at"] - stored_at) >= 1.0:
        return True
    return bool(row["read_at"] < stored_at + FRESH)
