"""Removing marks of trust from content that is written to a notebook server.

A notebook server signs a notebook whose cells are all marked as trusted. If somebody
else wrote it, their scripts would run in the reader's session.
"""

import json
from contextlib import suppress
from typing import Any

from bookstore_core.errors import InvalidNotebookError
from bookstore_core.notebooks import (
    Notebook,
    cells_of,
    drop_trust,
    write_notebook,
)
from bookstore_core.untrusted.bounds import load_json


def untrusted(data: bytes) -> bytes:
    """Return the bytes of a file without marks of trust, whether it is valid or not.

    What claims no trust is returned unchanged, such as a file of another kind. What
    cannot be parsed cannot be opened by Jupyter either. Raises TooLargeError if it has
    too many values, and InvalidNotebookError if it is nested too deeply to be written.
    """
    if not data.lstrip().startswith(b"{"):
        return data
    try:
        content = load_json(data)
    except (ValueError, RecursionError):
        return data
    return _write(drop_trust(content)) if _claims_trust(content) else data


def _write(content: Notebook) -> bytes:
    try:
        return write_notebook(content)
    except InvalidNotebookError:
        # Lone surrogates, which were escaped, too.
        with suppress(RecursionError):
            return json.dumps(content, indent=1).encode()
        raise


def _claims_trust(content: Any) -> bool:
    return any(
        "trusted" in known
        for cell in cells_of(content)
        for known in (cell, cell.get("metadata"))
        if isinstance(known, dict)
    )
