"""Images in the outputs of a notebook, as the comparison of two versions shows them."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from bookstore_core.cells import parse_leniently, text_of
from bookstore_core.diff.outputs import outputs_of
from bookstore_core.errors import NotFoundError

#: The types that browsers show in an <img>, the best first.
IMAGES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp")


@dataclass(frozen=True)
class Image:
    """An image: its type, and its bytes as a file has them."""

    mime_type: str
    data: bytes


def image_in(data: bytes, cell: int, output: int) -> Image:
    """Return the image in an output of a cell, both counted from 0.

    Raises NotFoundError if there is none, and InvalidNotebookError if the bytes are not
    those of a notebook.
    """
    forms = _forms(parse_leniently(data)["cells"], cell, output)
    for mime_type in IMAGES:
        if mime_type not in forms:
            continue
        text = text_of(forms[mime_type])
        if mime_type == "image/svg+xml":
            return Image(mime_type, text.encode("utf-8", "replace"))
        try:
            return Image(mime_type, base64.b64decode(text))
        except (binascii.Error, ValueError):
            break
    raise NotFoundError("There is no image in this output.")


def _forms(cells: list[Any], cell: int, output: int) -> dict[str, Any]:
    raw = cells[cell] if cell < len(cells) else None
    outputs = outputs_of(raw) if isinstance(raw, dict) else []
    found = outputs[output] if output < len(outputs) else None
    data = found.get("data") if isinstance(found, dict) else None
    return data if isinstance(data, dict) else {}
