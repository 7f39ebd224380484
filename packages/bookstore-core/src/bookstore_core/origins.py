"""Restoring: what a save says of the version that its content came from.

Whoever restores, the web app for one, saves the old content through the notebook
server's contents API, with one member more in the model. The archiver inside that
server takes it out before the contents manager sees the model, keeps the present
content first, and writes the origin down with the version that the save becomes.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from bookstore_core.errors import InvalidRequestError
from bookstore_core.notebooks import SUFFIX, drop_trust, parse_notebook
from bookstore_core.paths import check_path

#: The member of a contents model that carries an `Origin`.
MEMBER = "bookstore"

#: The attribute of a contents manager whose saves are archived.
MARK = "_bookstore_archiver"

#: More than the version id of any store.
MAX_VERSION_ID = 1024


def archives(manager: object) -> bool:
    """Say whether the saves of a contents manager are archived in this process."""
    return getattr(manager, MARK, None) is not None


@dataclass(frozen=True)
class Origin:
    """The version that restored content came from.

    `path` is that version's path on the notebook server where it is another one than
    the path it is restored to, else empty.
    """

    version_id: str
    path: str = ""

    @property
    def member(self) -> dict[str, Any]:
        """What a contents model says of it, to be merged into that model."""
        value = {"restored_from": self.version_id, "restored_path": self.path}
        return {MEMBER: value}

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> Self | None:
        """Return what a contents model says; None where that is nothing, or no sense.

        A save never fails because of it.
        """
        value = model.get(MEMBER)
        if not isinstance(value, Mapping):
            return None
        version_id, path = value.get("restored_from"), value.get("restored_path", "")
        if not isinstance(version_id, str) or not 0 < len(version_id) <= MAX_VERSION_ID:
            return None
        return cls(version_id, _checked(path))


def _checked(path: object) -> str:
    try:
        return check_path(path) if isinstance(path, str) and path else ""
    except InvalidRequestError:
        return ""


def model_of(name: str, data: bytes, origin: Origin | None = None) -> dict[str, Any]:
    """Return the contents model that saves `data` under this name.

    With an `origin`, the version that the save makes says that it was restored. A
    notebook loses every claim to be trusted. Raises InvalidNotebookError for a name of
    a notebook whose content is no valid one: that can go as a file.
    """
    if not name.endswith(SUFFIX):
        return file_model_of(data, origin)
    return _model("notebook", "json", drop_trust(parse_notebook(data)), origin)


def file_model_of(data: bytes, origin: Origin | None = None) -> dict[str, Any]:
    """Return the contents model that saves `data` byte for byte, whatever it is."""
    try:
        return _model("file", "text", data.decode("utf-8"), origin)
    except UnicodeDecodeError:
        content = base64.b64encode(data).decode("ascii")
        return _model("file", "base64", content, origin)


def _model(
    kind: str, form: str, content: object, origin: Origin | None
) -> dict[str, Any]:
    model = {"type": kind, "format": form, "content": content}
    return model | (origin.member if origin else {})
