"""Versions as the API tells them: all that is known of one, and what it holds."""

import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from bookstore_core.history import History, HistoryRow
from bookstore_core.notebooks import Notebook
from bookstore_core.stores import Label, VersionMetadata

TOO_DEEP = "It is nested too deeply to be answered. Download it."


@dataclass(frozen=True)
class VersionRecord:
    """One version in a notebook's history.

    `path` is where the notebook was when it was made. What bookstore did not write has
    no `save_id`, no `author` and no `sha256`. `moved_from` is set on the first version
    after a rename or move, `restored_from` on one that was restored from another, and
    `restored_path` with it, where that other has another path.
    """

    version_id: str
    path: str
    saved_at: datetime
    stored_at: datetime
    author: str
    size: int
    sha256: str
    label: Label | None
    moved_from: str
    restored_from: str
    restored_path: str
    is_latest: bool
    deleted: bool
    save_id: str


def record_of(row: HistoryRow) -> VersionRecord:
    """Return what is known of a version."""
    version = row.version
    known = version.metadata or VersionMetadata(save_id="", saved_at=row.saved_at)
    return VersionRecord(
        version_id=version.version_id,
        path=row.path,
        saved_at=row.saved_at,
        stored_at=version.stored_at,
        author=known.author,
        size=version.size,
        sha256=known.sha256,
        label=row.label,
        moved_from=known.moved_from,
        restored_from=known.restored_from,
        restored_path=known.restored_path,
        is_latest=version.is_latest,
        deleted=version.deleted,
        save_id=known.save_id,
    )


def read_version(history: History, path: str, name: str) -> tuple[HistoryRow, bytes]:
    """Return the version that a name means, with its label, and its content.

    Raises what `History.find` and `History.read` raise.
    """
    row = history.find(path, name)
    _, data = history.read(row.path, row.version.version_id)
    return row, data


def notebook_in(data: bytes) -> tuple[Notebook | None, str]:
    """Return the notebook in a content, or None and a sentence that says what it is.

    Whether it is a valid one does not matter. Numbers that JSON does not have make it
    none: no client could read them.
    """
    try:
        content = json.loads(data.decode("utf-8"), **_STRICT)
    except UnicodeDecodeError:
        return None, "It is binary data and no notebook. Download it."
    except RecursionError:
        return None, TOO_DEEP
    except ValueError as error:
        kind = "text" if data else "empty"
        return None, f"It is {kind} and no notebook ({error}). Download it."
    if not isinstance(content, dict) or type(content.get("nbformat")) is not int:
        return None, "It is JSON and no notebook: it has no 'nbformat'. Download it."
    return content, ""


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is too large a number")
    return value


_STRICT: dict[str, Any] = {"parse_constant": _refuse, "parse_float": _finite}
