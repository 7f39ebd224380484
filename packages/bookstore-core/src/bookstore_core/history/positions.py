"""Positions in a history: where its next rows are, and their encoding as cursors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bookstore_core.cursors import encode_cursor, read_cursor
from bookstore_core.paths import check_path
from bookstore_core.stores.versions import Version


@dataclass(frozen=True)
class Position:
    """Where a history continues.

    The next rows are the versions of `path`, from the store's `cursor` on, that were
    stored no later than `upto` and are listed after the version `past`, if it is one of
    them. S3 records whole seconds: a version stored at `upto` but saved later than the
    seam (`seam_at`) belongs to another notebook.
    `left` lists the paths that the thread left at the time `upto`, each with the last
    version seen there; if the thread comes back, it continues after that version, so
    that it does not go in a circle. Versions saved at `since` or earlier belong to a
    notebook that had this path before; None if that time is not known yet. Until then
    `newest_at` is when the first version on this path was saved. With `at`, the next
    rows are that version and those after it.
    The other fields are for searches: `searched` is set after the labels of `path` were
    searched, `shown` is how many of the matches were shown, and `done` lists the paths
    whose matches were all shown.
    """

    path: str
    cursor: str | None = None
    upto: datetime | None = None
    seam_at: datetime | None = None
    past: str = ""
    left: tuple[tuple[str, str], ...] = ()
    since: datetime | None = None
    newest_at: datetime | None = None
    at: str = ""
    searched: bool = False
    shown: int = 0
    done: tuple[str, ...] = ()

    def select(self, versions: Sequence[Version]) -> list[Version]:
        """Return the listed versions that are at or after this position."""
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
        """Return the position after a version that was listed from here."""
        same = version.stored_at == self.upto
        return replace(
            self,
            upto=version.stored_at,
            seam_at=self.seam_at if same else None,
            past=version.version_id,
            left=self.left if same else (),
            at="",
        )

    def until(self, moment: datetime) -> "Position":
        """Return the position of the first version stored no later than a moment."""
        if self.upto is not None and self.upto <= moment:
            return replace(self, cursor=None)
        known = replace(self, cursor=None, upto=moment, seam_at=None, past="", at="")
        return replace(known, left=())

    def beyond(self, version: Version | None) -> "Position":
        """Return the position after a version, in the history of an earlier notebook.

        None: the position is that of the first version listed from here.
        """
        after = replace(self, at="") if version is None else self.after(version)
        return replace(after, since=None, newest_at=None)

    def includes(self, version: Version) -> bool:
        """Return whether a selected version, with metadata, is of this notebook.

        Those of a notebook that had the path before are included: see `since`.
        """
        known = version.metadata
        if known is None or self.seam_at is None or version.stored_at != self.upto:
            return True
        return known.saved_at <= self.seam_at

    def lists(self, version: Version) -> bool:
        """Return whether a version, with metadata, is listed from the position on."""
        upto = self.upto
        return (upto is None or version.stored_at <= upto) and self.includes(version)

    def across(self, path: str, seam: Version) -> "Position":
        """Return the position at the old `path` of a notebook moved at `seam`."""
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
        """Return the cursor for this position in the history of `origin`."""
        values = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in vars(self).items()
        }
        return encode_cursor(_kind(origin), values)


def decode_position(origin: str, cursor: str) -> Position:
    """Return the position that a cursor encodes.

    Raises InvalidRequestError for a cursor that `encode` did not return for `origin`.
    """
    return read_cursor(_kind(origin), cursor, _position_of)


def _kind(origin: str) -> str:
    return f"history of {origin}"


def _position_of(values: Any) -> Position:
    position = Position(
        **{
            **values,
            "upto": _time_of(values["upto"]),
            "seam_at": _time_of(values["seam_at"]),
            "since": _time_of(values["since"]),
            "newest_at": _time_of(values["newest_at"]),
            "left": tuple((str(path), str(known)) for path, known in values["left"]),
            "done": tuple(str(path) for path in values["done"]),
        }
    )
    kinds = (
        (position.path, str),
        ("" if position.cursor is None else position.cursor, str),
        (position.past, str),
        (position.at, str),
        (position.searched, bool),
        (position.shown, int),
    )
    if not all(type(value) is kind for value, kind in kinds) or position.shown < 0:
        raise TypeError
    check_path(position.path)
    return position


def _time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
