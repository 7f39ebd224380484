"""A comparison of two notebooks, as pages, programs and terminals show it."""

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from bookstore_core.diff.metadata import KeyChange
from bookstore_core.diff.outputs import OutputDiff
from bookstore_core.diff.summary import ChangeSummary
from bookstore_core.diff.text import TextDiff

Kind = Literal["unchanged", "added", "removed", "changed", "moved"]


@dataclass(frozen=True)
class CellDiff:
    """One cell of one or both notebooks, or `count` consecutive unchanged cells.

    Indexes count from 0, and are None on the side that does not have the cell. `type`
    is that of the remote if it has the cell, and `base_type` is set if it was
    different. `preview` is the first line of the source. `source` is the diff of the
    source if it changed, `outputs` describes the outputs if they changed, and
    `metadata` lists the keys that changed, including attachments
    (``attachments/plot.png``). A moved cell may have changed too, and a changed cell
    may have changed in its outputs only.
    """

    kind: Kind
    base_index: int | None
    remote_index: int | None
    type: str
    preview: str
    count: int = 1
    base_type: str = ""
    source_changed: bool = False
    outputs_changed: bool = False
    source: TextDiff | None = None
    outputs: tuple[OutputDiff, ...] = ()
    metadata: tuple[KeyChange, ...] = ()


@dataclass(frozen=True)
class NotebookDiff:
    """Two notebooks compared.

    `cells` are in the order of the remote, with removed ones where they were; those
    above a limit are only counted, in `cells_omitted`. `metadata` lists changes of the
    notebook's own metadata. If one side is not a notebook, `text` is a diff of the two
    as text, and `reason` is a sentence that names the side and the cause.
    """

    summary: ChangeSummary
    cells: tuple[CellDiff, ...] = ()
    cells_omitted: int = 0
    metadata: tuple[KeyChange, ...] = ()
    text: TextDiff | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the diff as JSON values; this form is documented and stable.

        ::

            {"summary": {"sentence", "added", "removed", "changed", "moved",
                         "outputs_changed", "metadata_changed", "is_text",
                         "lines_added", "lines_removed"},
             "cells": [{"kind", "base_index", "remote_index", "type", "preview",
                        "count", "base_type", "source_changed", "outputs_changed",
                        "source": TEXT | null,
                        "outputs": [{"kind", "base": OUTPUT | null,
                                     "remote": OUTPUT | null,
                                     "text": TEXT | null}],
                        "metadata": [KEY]}],
             "cells_omitted": number, "metadata": [KEY],
             "text": TEXT | null, "reason": text}

            TEXT    {"lines": [{"kind", "base_line", "remote_line", "count", "cut",
                                "spans": [{"text", "changed"}]}],
                     "added", "removed", "omitted"}
            OUTPUT  {"index", "type", "digest", "payloads": [{"mime_type", "size"}]}
            KEY     {"path", "kind", "base", "remote"}

        `CellDiff`, `Line`, `Output` and `KeyChange` describe the members. All text can
        be written as UTF-8 and printed.
        """
        value: dict[str, Any] = _describe(self)
        value["summary"]["sentence"] = self.summary.sentence
        return value


def _describe(value: Any) -> Any:
    if is_dataclass(value):
        return {
            field.name: _describe(getattr(value, field.name)) for field in fields(value)
        }
    return [_describe(item) for item in value] if isinstance(value, tuple) else value
