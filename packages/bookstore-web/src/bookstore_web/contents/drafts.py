"""Saving a copy on the caller's notebook server, whole, at a name that is free."""

import json
import threading
from dataclasses import dataclass, field
from urllib.parse import quote

from bookstore_core.errors import InvalidNotebookError
from bookstore_core.notebooks import SUFFIX
from bookstore_core.origins import Origin, file_model_of, model_of
from bookstore_web.contents.client import Caller, ContentsServer, Model
from bookstore_web.contents.free_names import find_place

#: Where each front end opens notebooks, other texts, and anything else.
OPENERS = {
    "lab": ("lab/tree/", "lab/tree/", "lab/tree/"),
    "notebook": ("notebooks/", "edit/", "files/"),
    "nbclassic": ("nbclassic/notebooks/", "nbclassic/edit/", "files/"),
}

#: Held from choosing a free name until the file is there.
_naming = threading.Lock()


@dataclass(frozen=True)
class Draft:
    """A file ready to be saved: its own name, and the body that saves it.

    `format` is that of the contents API: json for notebooks, text or base64 for files.
    """

    name: str
    format: str
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Saved:
    """What was saved: the model that the server answered, and the file's format."""

    model: Model
    format: str

    @property
    def path(self) -> str:
        """The file's path on the server."""
        return str(self.model.get("path", ""))


def draft_of(name: str, data: bytes, *, origin: Origin | None = None) -> Draft:
    """Return `data` as a notebook where `name` says so, and else as a file.

    With an `origin`, the version that the save makes says that it was restored; only
    for servers that archive.

    No cell of a notebook says any longer that it is trusted. Raises
    InvalidNotebookError for a notebook that is not UTF-8, or not valid.
    """
    try:
        return _draft(name, model_of(name, data, origin))
    except UnicodeEncodeError:
        raise InvalidNotebookError(
            f"{name} holds text that cannot be written as UTF-8."
        ) from None
    except RecursionError:
        raise InvalidNotebookError(f"{name} is nested too deeply.") from None


def draft_file(name: str, data: bytes, *, origin: Origin | None = None) -> Draft:
    """Return `data` as a file, byte for byte, also where it is called a notebook."""
    return _draft(name, file_model_of(data, origin))


def _draft(name: str, model: Model) -> Draft:
    body = json.dumps(model, ensure_ascii=False).encode("utf-8")
    return Draft(name, model["format"], body)


def save(
    draft: Draft, target_path: str, *, server: ContentsServer, caller: Caller
) -> Saved:
    """Save the draft at a name that nothing has.

    Raises what `find_place` and `ContentsServer.save` raise.
    """
    with _naming:
        place = find_place(draft.name, target_path, server=server, caller=caller)
        # A listing leaves some files out, so that the name itself is asked for too.
        free = (p for p in place.paths() if not server.exists(p, caller=caller))
        model = server.save(next(free), draft.body, caller=caller)
    return Saved(model, draft.format)


def opening_url(saved: Saved, *, base_url: str, ui: str) -> str:
    """Return the URL below `base_url` where the front end `ui` opens the file."""
    notebooks, texts, others = OPENERS.get(ui, OPENERS["notebook"])
    if saved.path.endswith(SUFFIX):
        opener = notebooks
    else:
        opener = texts if saved.format == "text" else others
    return f"{base_url}{opener}{quote(saved.path)}"
