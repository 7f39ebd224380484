"""What a search has found, and its form between a service and those who ask it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from bookstore_web.catalogue.entries import Known
from bookstore_web.catalogue.passages import Passage, Piece


@dataclass(frozen=True)
class Hit:
    """A notebook that was found: its names with marks, and the cell that was found."""

    notebook: Known
    path: tuple[Piece, ...]
    title: tuple[Piece, ...]
    passage: Passage | None = None


@dataclass(frozen=True)
class FoundPage:
    """A page of what was found, best first; `cursor` is for the next page, if any.

    `total` is how many were found. If there are `more`, only the latest were ranked. If
    `looked_at` is not 0, only so many were looked through for a phrase or a part of a
    name, the latest.
    """

    hits: tuple[Hit, ...]
    total: int = 0
    more: bool = False
    looked_at: int = 0
    cursor: str | None = None


def found_form(found: FoundPage) -> dict[str, Any]:
    """Return a page as a JSON value."""
    form = asdict(found)
    for hit in form["hits"]:
        known = hit["notebook"]
        for name in ("stored_at", "saved_at"):
            known[name] = known[name].timestamp()
    return form


def read_found(form: Mapping[str, Any]) -> FoundPage:
    """Return the page that `found_form` made into a JSON value.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    cursor = form["cursor"]
    return FoundPage(
        tuple(_read_hit(hit) for hit in form["hits"]),
        total=int(form["total"]),
        more=form["more"] is True,
        looked_at=int(form.get("looked_at", 0)),  # older services do not say it
        cursor=None if cursor is None else str(cursor),
    )


def _read_hit(form: Mapping[str, Any]) -> Hit:
    passage = form["passage"]
    return Hit(
        _read_known(form["notebook"]),
        path=_read_pieces(form["path"]),
        title=_read_pieces(form["title"]),
        passage=passage
        and Passage(
            int(passage["cell"]), str(passage["kind"]), _read_pieces(passage["pieces"])
        ),
    )


def _read_pieces(form: Any) -> tuple[Piece, ...]:
    return tuple(Piece(str(part["text"]), part["marked"] is True) for part in form)


_TEXTS = (
    *("key", "shelf", "path", "version_id", "author", "title", "note"),
    "kernel",
)


def _read_known(form: Mapping[str, Any]) -> Known:
    values: dict[str, Any] = {name: str(form[name]) for name in _TEXTS}
    for name in ("number", "size", "clones"):
        values[name] = int(form[name])
    for name in ("imports", "labels"):
        values[name] = tuple(map(str, form[name]))
    for name in ("stored_at", "saved_at"):
        values[name] = datetime.fromtimestamp(float(form[name]), UTC)
    return Known(**values, read=form["read"] is True)
