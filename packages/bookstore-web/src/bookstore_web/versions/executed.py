"""What an executed notebook says of its run: for confined processes, see `confined/`.

papermill writes all parameters into the notebook's metadata, and marks the cell that
failed. Anybody may have written either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bookstore_core.cells import parse_leniently
from bookstore_core.errors import InvalidNotebookError
from bookstore_core.runs.again import given_of
from bookstore_core.runs.words import (
    DifferingParameter,
    Parameter,
    differing,
    words_of,
)

#: Parameters that are shown of a run.
MOST_PARAMETERS = 200


@dataclass(frozen=True)
class Executed:
    """The parameters of a run, up to a number, and how many others it has.

    `given` are the words that give them to a command, empty if they are too long.
    `failed_cell` is the position of the cell that failed, from 0; None if none did.
    """

    parameters: tuple[Parameter, ...] = ()
    others: int = 0
    given: str = ""
    failed_cell: int | None = None

    @classmethod
    def of(
        cls, parameters: Mapping[str, Any], failed_cell: int | None = None
    ) -> "Executed":
        """Return these parameters in words."""
        shown = tuple(islice(words_of(parameters), MOST_PARAMETERS))
        others = len(parameters) - len(shown)
        return cls(shown, others, given_of(parameters), failed_cell)


@dataclass(frozen=True)
class Differing:
    """The parameters in which two runs differ, up to a number, and how many others."""

    parameters: tuple[DifferingParameter, ...] = ()
    others: int = 0

    @classmethod
    def of(cls, base: Mapping[str, Any], remote: Mapping[str, Any]) -> "Differing":
        """Compare the parameters of two runs."""
        found = differing(base, remote)
        return cls(found[:MOST_PARAMETERS], max(0, len(found) - MOST_PARAMETERS))


def executed_in(data: bytes) -> Executed:
    """Return what the bytes of an executed notebook say of its run."""
    notebook = _notebook_in(data)
    return Executed.of(_parameters_of(notebook), _failed_cell(notebook))


def differing_in(base: bytes, remote: bytes) -> Differing:
    """Return the parameters that differ between two executed notebooks."""
    both = [_parameters_of(_notebook_in(data)) for data in (base, remote)]
    return Differing.of(*both)


def _notebook_in(data: bytes) -> Mapping[str, Any]:
    try:
        return parse_leniently(data)
    except InvalidNotebookError:
        return {}


def _parameters_of(notebook: Mapping[str, Any]) -> Mapping[str, Any]:
    known: Any = notebook
    for name in ("metadata", "papermill", "parameters"):
        known = known.get(name)
        if not isinstance(known, dict):
            return {}
    return dict(known)


def _failed_cell(notebook: Mapping[str, Any]) -> int | None:
    """Return the first cell that papermill marks as failed, else one with an error."""
    erroneous: int | None = None
    for place, cell in enumerate(notebook.get("cells", ())):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        if _is_marked(cell.get("metadata")):
            return place
        if erroneous is None and _has_error(cell.get("outputs")):
            erroneous = place
    return erroneous


def _is_marked(metadata: object) -> bool:
    marks = metadata.get("papermill") if isinstance(metadata, dict) else None
    return isinstance(marks, dict) and marks.get("exception") is True


def _has_error(outputs: object) -> bool:
    return isinstance(outputs, list) and any(
        isinstance(output, dict) and output.get("output_type") == "error"
        for output in outputs
    )
