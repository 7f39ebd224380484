"""Places in a history: where its next rows are, and the cursors that say so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bookstore_core.cursors import encode_cursor, read_cursor
from bookstore_core.paths import check_path
from bookstore_core.stores.versions import Version


@dataclass(frozen=True)
class Position:
    """Where a history goes on.

    The next rows are the versions of `path` from the store's `cursor` on that were
    stored no later than `upto`, and after the version `past` where it is among them.
    S3 records whole seconds, so that of those stored at `upto` itself what was saved
    after the seam, at `seam_at`, is another notebook's.
    `left` are paths that the thread has left at the very time `upto`, each with the
    last version seen there: coming back, it goes on after that one, and not in a
    circle. With `at` the next rows are that version and those after it, wherever it is.
    The rest is for searches: whether the labels of `path` have been looked through, how
    many of those found were shown, and in which paths all were.
    """

    path: str
    cursor: str | None = None
    upto: datetime | None = None
    seam_at: datetime | None = None
    past: str = ""
    left: tuple[tuple[str, str], ...] = ()
    at: str = ""
    searched: bool = False
    shown: int = 0
    done: tuple[str, ...] = ()

    def select(self, versions: Sequence[Version]) -> list[Version]:
        """Return those of the listed versions that are not before this place."""
        if self.at:
            ids = [row.version_id for row in versions]
            return list(versions[ids.index(self.at) :]) if self.at in ids else []
        upto = self.upto
        rest = [row for row in versions if upto is None or row.stored_at <= upto]
        for index, row in enumerate(rest):
            if self.past and row.version_id == self.past:
                return rest[index + 1 :]
        return rest

    def after(self, version: Version) -> "Position":
        """Return the place after a version that a listing from here has shown."""
        same = version.stored_at == self.upto
        return replace(
            self,
            upto=version.stored_at,
            seam_at=self.seam_at if same else None,
            past=version.version_id,
            left=self.left if same else (),
            at="",
        )

    def holds(self, version: Version) -> bool:
        """Say whether a selected version, with its metadata, is no other notebook's."""
        known = version.metadata
        if known is None or self.seam_at is None or version.stored_at != self.upto:
            return True
        return known.saved_at <= self.seam_at

    def across(self, path: str, seam: Version) -> "Position":
        """Return the place at the old `path` of a notebook that was moved at `seam`."""
        kept = self.left if seam.stored_at == self.upto else ()
        left = (*kept, (self.path, seam.version_id))
        done = tuple(dict.fromkeys((*self.done, self.path))) if self.searched else ()
        return Position(
            path,
            upto=seam.stored_at,
            seam_at=seam.metadata.saved_at if seam.metadata else None,
            past=dict(left).get(path, ""),
            left=left,
            done=done,
        )

    def encode(self, origin: str) -> str:
        """Return the cursor for this place in the history of `origin`."""
        values = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in vars(self).items()
        }
        return encode_cursor(_kind(origin), values)


def decode_place(origin: str, cursor: str) -> Position:
    """Return the place that `encode` was called on; raises InvalidRequestError."""
    return read_cursor(_kind(origin), cursor, _place_of)


def _kind(origin: str) -> str:
    return f"history of {origin}"


def _place_of(values: Any) -> Position:
    place = Position(
        **{
            **values,
            "upto": _time_of(values["upto"]),
            "seam_at": _time_of(values["seam_at"]),
            "left": tuple((str(path), str(known)) for path, known in values["left"]),
            "done": tuple(str(path) for path in values["done"]),
        }
    )
    kinds = (
        (place.path, str),
        ("" if place.cursor is None else place.cursor, str),
        (place.past, str),
        (place.at, str),
        (place.searched, bool),
        (place.shown, int),
    )
    if not all(type(value) is kind for value, kind in kinds) or place.shown < 0:
        raise TypeError
    check_path(place.path)
    return place


def _time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
