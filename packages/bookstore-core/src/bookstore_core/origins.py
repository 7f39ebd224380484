"""Origins: which version a save restores, as a member of a contents model.

To restore, the web app or a command saves the old content through the notebook server's
contents API, with one more member in the model. The archiver in that server removes the
member before the contents manager sees the model, archives the present content first,
and records the origin with the version that the save becomes.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from bookstore_core.errors import InvalidRequestError
from bookstore_core.notebooks import SUFFIX, read_as_jupyter
from bookstore_core.paths import check_path
from bookstore_core.untrusted.trust import untrusted

#: The member of a contents model that contains an `Origin`.
MEMBER = "bookstore"

#: An attribute that contents managers have if their saves are archived.
MARK = "_bookstore_archiver"

#: The maximum length of a version id; those of all stores are shorter.
MAX_VERSION_ID = 1024


def archives(manager: object) -> bool:
    """Return whether the saves of a contents manager are archived in this process."""
    return getattr(manager, MARK, None) is not None


@dataclass(frozen=True)
class Origin:
    """The version that content was restored from.

    `path` is that version's path on the notebook server; empty if it is the path that
    the content is saved at.
    """

    version_id: str
    path: str = ""

    @property
    def member(self) -> dict[str, Any]:
        """The member for a contents model, to be merged into it."""
        value = {"restored_from": self.version_id, "restored_path": self.path}
        return {MEMBER: value}

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> Self | None:
        """Return the origin in a contents model; None if it is missing or malformed.

        It never raises, so that no save fails because of a malformed origin.
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

    A notebook has the form that front ends send (`read_as_jupyter`), and its cells are
    no longer marked as trusted. With an `origin`, the new version records that it was
    restored. Raises InvalidNotebookError if the name is that of a notebook but Jupyter
    cannot open `data` as one; `file_model_of` can save it as a file.
    """
    if not name.endswith(SUFFIX):
        return file_model_of(data, origin)
    return _model("notebook", "json", read_as_jupyter(data), origin)


def file_model_of(data: bytes, origin: Origin | None = None) -> dict[str, Any]:
    """Return the contents model that saves any `data` as a file, byte for byte.

    Only a notebook that claims to be trusted is changed: it loses the claim. Raises
    TooLargeError if it has too many values to be read.
    """
    data = untrusted(data)
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
