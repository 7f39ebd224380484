"""Filling stores, folders and spools with as much as is measured."""

import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bookstore_core.stores import (
    Version,
    VersionMetadata,
    VersionStore,
    new_save_id,
    utc_now,
)
from harness.notebook_server import notebook

START = datetime(2020, 1, 1, tzinfo=UTC)
PATH = "ann/long.ipynb"
KEY = f"workspace/{PATH}"


def put(store: VersionStore, content: bytes, *, key: str = KEY) -> Version:
    """Put a version that is saved now."""
    metadata = VersionMetadata(
        save_id=new_save_id(),
        saved_at=utc_now(),
        author="ann",
        sha256=hashlib.sha256(content).hexdigest(),
        source_path=key.partition("/")[2],
    )
    return store.put(key, io.BytesIO(content), size=len(content), metadata=metadata)


def small(number: int) -> bytes:
    """Return a small notebook that differs from the others."""
    return json.dumps(notebook(f"print({number})")).encode()


def long_notebook(cells: int) -> dict[str, Any]:
    """Return a notebook with text, code, and outputs, in turn."""
    content = notebook(*(f"total = {turn}\nprint(total)" for turn in range(cells)))
    for turn, cell in enumerate(content["cells"]):
        if turn % 3 == 0:
            source = f"## Part {turn}\n\nText with *emphasis*, and `code`."
            known = {"cell_type": "markdown", "metadata": {}, "source": source}
            content["cells"][turn] = {**known, "id": cell["id"]}
        else:
            text = f"{turn}\n" * 5
            cell["outputs"] = [
                {"output_type": "stream", "name": "stdout", "text": text}
            ]
    return content


def megabyte(lines: int = 10_000) -> list[str]:
    """Return the lines of a cell that make a notebook of about 1 MB."""
    return [
        f"value_{line} = {hashlib.sha256(b'%d' % line).hexdigest()!r}\n"
        for line in range(lines)
    ]


def plant_versions(folder: Path, first: int, number: int) -> None:
    """Add versions to a key of a local store that has one, as files beside it."""
    [sidecar, *_] = sorted(folder.glob("*.meta.json"))
    described = sidecar.read_bytes()
    for turn in range(first, number):
        stamp = f"{START + timedelta(minutes=turn):%Y%m%dT%H%M%S.%fZ}-1a2b3c4d"
        (folder / f"{stamp}.ipynb").write_bytes(b"{}")
        (folder / f"{stamp}.meta.json").write_bytes(described)


def plant_files(folder: Path, number: int) -> None:
    """Make a folder with `number` notebooks that Jupyter did not save."""
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps(notebook("1"))
    for turn in range(len(list(folder.iterdir())), number):
        (folder / f"note-{turn:06}.ipynb").write_text(data)
