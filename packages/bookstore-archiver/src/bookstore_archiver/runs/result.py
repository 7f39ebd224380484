"""What papermill has recorded in a notebook that it runs, and the notebook as kept."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bookstore_core.clock import read_time, utc_now
from bookstore_core.errors import InvalidNotebookError
from bookstore_core.notebooks import Notebook, cells_of, drop_trust, write_notebook
from bookstore_core.runs.run import COMPLETED, FAILED, Run, plain

#: papermill's own members in the metadata of a notebook and of its cells.
MEMBER = "papermill"
_ERROR_TAG = "papermill-error-cell-tag"


@dataclass(frozen=True)
class Source:
    """The version that runs: its key and its id; both are empty if not known."""

    key: str = ""
    version_id: str = ""


UNKNOWN = Source()


@dataclass(frozen=True)
class Result:
    """A notebook that papermill has written, parsed."""

    notebook: Notebook

    @property
    def known(self) -> dict[str, Any]:
        """What papermill recorded of the notebook as a whole; empty if nothing."""
        return _member(self.notebook)

    @property
    def was_started(self) -> bool:
        """Whether papermill has run it, or does so now."""
        return bool(self.known.get("start_time"))

    @property
    def is_running(self) -> bool:
        """Whether papermill writes it while it runs."""
        return self.was_started and not self.known.get("end_time")

    @property
    def error(self) -> str:
        """The error for which papermill takes it for failed; empty if for none."""
        for cell in cells_of(self.notebook):
            exited = False
            for output in cell.get("outputs") or ():
                if output.get("output_type") != "error":
                    continue
                name, value = output.get("ename", ""), output.get("evalue", "")
                if name == "SystemExit" and value in ("", "0"):
                    exited = True
                    continue
                return f"{name}: {value}".removesuffix(": ")
            if not exited and _member(cell).get("exception") is True:
                return "CellExecutionError"
        return ""

    def run(self, source: Source, *, error: str = "") -> Run:
        """Return the record of the run; `error` says what has ended it, if not a cell.

        What papermill did not record is reckoned to now.
        """
        error = error or self.error
        started = _time(self.known.get("start_time")) or utc_now()
        ended = _time(self.known.get("end_time")) or utc_now()
        parameters = self.known.get("parameters")
        return Run(
            of=source.key,
            version=source.version_id,
            started=started,
            seconds=max(0.0, (ended - started).total_seconds()),
            outcome=FAILED if error else COMPLETED,
            parameters=parameters if isinstance(parameters, Mapping) else {},
            error=error,
        ).fitting()

    def with_error(self, error: str) -> "Result":
        """Return the notebook with an error that no cell shows, in a cell before all.

        papermill removes the cell when the notebook is run again.
        """
        known = {"cell_type": "markdown", "metadata": {"tags": [_ERROR_TAG]}}
        cell = {**known, "source": f"The run ended with an error:\n\n    {error}"}
        if self.notebook.get("nbformat_minor", 0) >= 5:
            cell["id"] = "papermill-error"
        cells = [cell, *cells_of(self.notebook)]
        return Result({**self.notebook, "cells": cells})

    def as_kept(self, **known: str) -> bytes:
        """Return the notebook as it is kept: without trust, and as valid JSON.

        `known` replaces members of papermill's record.
        """
        notebook = drop_trust(self.notebook)
        member = _member(notebook)
        if isinstance(parameters := member.get("parameters"), Mapping):
            member["parameters"] = plain(parameters)
        member.update(known)
        try:
            return write_notebook(notebook)
        except InvalidNotebookError:  # lone surrogates, which are escaped then
            return json.dumps(notebook, indent=1).encode()


def read_result(text: str | bytes) -> Result:
    """Return the notebook in a text that papermill has written."""
    notebook = json.loads(text)
    return Result(notebook if isinstance(notebook, dict) else {})


def _member(of: Mapping[str, Any]) -> dict[str, Any]:
    metadata = of.get("metadata")
    member = metadata.get(MEMBER) if isinstance(metadata, dict) else None
    return member if isinstance(member, dict) else {}


def _time(text: object) -> datetime | None:
    with suppress(ValueError):
        return read_time(text) if isinstance(text, str) else None
    return None
