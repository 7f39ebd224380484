"""What the server answers, as immutable objects with times as `datetime`.

The names are those of the API (docs/api.md), except `version_id` for `versionID`.
Members that a newer server adds are left out, and those that an older one does not
have are empty.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Label:
    """The label of a version."""

    name: str = ""
    comment: str = ""
    author: str = ""
    labelled_at: datetime | None = None


@dataclass(frozen=True)
class Run:
    """What ran: the key of a notebook and the id of its version, and how it ended.

    `outcome` is ``completed`` or ``failed``, `error` that of a failed run. If `cut`,
    some parameters are in the metadata of the executed notebook only.
    """

    of: str = ""
    version: str = ""
    parameters: dict[str, Any] = field(default_factory=dict, hash=False)
    started: datetime | None = None
    seconds: float = 0.0
    outcome: str = ""
    error: str = ""
    cut: bool = False


@dataclass(frozen=True)
class Version:
    """One version of a notebook; `size` is in bytes.

    `path` is where the notebook was at that time. `moved_from` is set on the first
    version after a rename. `restored_from` is the id of the version that this one was
    restored from. `title` and `note` are those of a published version. `deleted` marks
    a deletion, which has no content. `run` is set on an executed notebook.
    """

    version_id: str = ""
    path: str = ""
    saved_at: datetime | None = None
    stored_at: datetime | None = None
    author: str = ""
    size: int = 0
    sha256: str = ""
    label: Label | None = None
    moved_from: str = ""
    restored_from: str = ""
    restored_path: str = ""
    title: str = ""
    note: str = ""
    run: Run | None = None
    is_latest: bool = False
    deleted: bool = False
    save_id: str = ""


@dataclass(frozen=True)
class KeptRun(Version):
    """A run of a notebook, and the shelf on which it is kept as a version."""

    shelf: str = ""


@dataclass(frozen=True)
class VersionContent(Version):
    """A version, and the notebook in it as a dict.

    If it is not a notebook, `content` is None and `reason` a sentence about what it is.
    """

    content: dict[str, Any] | None = field(default=None, repr=False)
    reason: str = ""


@dataclass(frozen=True)
class Published:
    """A published version; `url` is the page where others see and clone it.

    `public` is as that of a `Link`.
    """

    s3_path: str = ""
    version_id: str = ""
    url: str = ""
    public: bool = False


@dataclass(frozen=True)
class Unpublished:
    """What took a notebook off the shelf: the id of the marker that did.

    If `shown_again`, somebody else's notebook is there again, as that version.
    """

    s3_path: str = ""
    version_id: str = ""
    shown_again: bool = False


@dataclass(frozen=True)
class Copy:
    """A clone: its name and path on the server, and the version that it copies."""

    name: str = ""
    path: str = ""
    type: str = ""
    s3_path: str = ""
    version_id: str = ""


@dataclass(frozen=True)
class Undo:
    """The sha256 of what a restore has replaced: restore it to undo that."""

    sha256: str = ""


@dataclass(frozen=True)
class Restored:
    """A restored file, and the version that it is now; `undo` is None for a copy."""

    name: str = ""
    path: str = ""
    type: str = ""
    restored_from: str = ""
    restored_path: str = ""
    undo: Undo | None = None


@dataclass(frozen=True)
class Link:
    """The pages where others see and clone a version, and always the newest one.

    `public` says whether they lead to the reader's own server; if not, only who can
    reach this server can open them. `mine` says whether the caller is its author.
    """

    url: str = ""
    newest_url: str = ""
    public: bool = False
    mine: bool = False


@dataclass(frozen=True)
class Piece:
    """A piece of text; `marked` if it was searched for."""

    text: str = ""
    marked: bool = False


@dataclass(frozen=True)
class Passage:
    """A part of a cell: its position from 1, its kind (code, markdown or raw), text."""

    cell: int = 0
    kind: str = ""
    pieces: tuple[Piece, ...] = ()

    @property
    def text(self) -> str:
        """The text of all pieces."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True)
class Hit:
    """A notebook that a search found, as its newest version is.

    `passage` is a part of the first cell with the most of the words, the first lines if
    they are in its names alone; None if there is no text.
    """

    shelf: str = ""
    path: str = ""
    version_id: str = ""
    size: int = 0
    saved_at: datetime | None = None
    author: str = ""
    title: str = ""
    labels: tuple[str, ...] = ()
    kernel: str = ""
    passage: Passage | None = None


@dataclass(frozen=True)
class ListedNotebook:
    """A notebook of a shelf, with facts about its newest version.

    `here` says whether the server has the file now, None if that is not known;
    `moved_to` is its new path if it was moved. If `is_result`, it is not there because
    it is the result of a run, which has no file. `author`, `title`, `note` and
    `version_id` are those of the published shelf, and empty in the workspace.
    """

    path: str = ""
    size: int = 0
    saved_at: datetime | None = None
    here: bool | None = None
    moved_to: str = ""
    is_result: bool = False
    author: str = ""
    title: str = ""
    note: str = ""
    version_id: str = ""


@dataclass(frozen=True)
class Side:
    """One side of a comparison; the file as it is now has no `version_id`."""

    path: str = ""
    version_id: str = ""
    saved_at: datetime | None = None
    author: str = ""
    size: int = 0
    sha256: str = ""
    run: Run | None = None


@dataclass(frozen=True)
class Summary:
    """How many cells differ; of what is no notebook (`is_text`), how many lines."""

    sentence: str = ""
    added: int = 0
    removed: int = 0
    changed: int = 0
    moved: int = 0
    outputs_changed: int = 0
    metadata_changed: int = 0
    is_text: bool = False
    lines_added: int = 0
    lines_removed: int = 0


@dataclass(frozen=True)
class Difference:
    """What differs between two versions, or between a version and the file.

    Of a comparison for its summary alone, the rest is empty. `cells` are in the order
    of `remote`, each a dict::

        {"kind": "unchanged" | "added" | "removed" | "changed" | "moved",
         "base_index", "remote_index", "type", "preview", "count", "base_type",
         "source_changed", "outputs_changed", "source", "outputs", "metadata"}

    `cells_omitted` counts those over a limit. `metadata` has the changed keys of the
    notebook. If one side is not a notebook, `text` is a diff of both as text, and
    `reason` says why. docs/api.md and `openapi.json` describe every member.
    """

    path: str = ""
    base: Side = Side()
    remote: Side = Side()
    summary: Summary = Summary()
    cells: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    cells_omitted: int = 0
    metadata: tuple[dict[str, Any], ...] = ()
    text: dict[str, Any] | None = None
    reason: str = ""


@dataclass(frozen=True)
class Features:
    """What the settings of the server make possible."""

    bookstore_valid: bool = False
    archive_valid: bool = False
    publish_valid: bool = False
    s3_clone_valid: bool = False
    fs_clone_valid: bool = False


@dataclass(frozen=True)
class Store:
    """Where versions are kept, and the findings of its check, each a sentence."""

    location: str = ""
    ok: bool = False
    check: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """What searches know, if they look into notebooks; otherwise `reason` says why.

    What was stored until `known_at` is known. `unread` notebooks are found by their
    paths alone.
    """

    ok: bool = False
    known_at: datetime | None = None
    unread: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Spool:
    """The saves on the server that the store does not have yet.

    `pending` wait, `in_flight` are being sent. `problems` are sentences, and none if
    versions reach the store.
    """

    ok: bool = False
    readable: bool = False
    pending: int = 0
    in_flight: int = 0
    failed: int = 0
    bytes: int = 0
    oldest_age_seconds: float | None = None
    uploads: int = 0
    retries: int = 0
    skipped: int = 0
    removed: int = 0
    unprotected: tuple[str, ...] = ()
    last_success: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None
    refused: bool = False
    next_attempt: datetime | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Status:
    """The release of the server, its features, store, catalogue and spool.

    `wrong_settings` has a sentence for each setting with a wrong value.
    """

    release: str = ""
    features: Features = Features()
    store: Store = Store()
    catalogue: Catalogue = Catalogue()
    wrong_settings: tuple[str, ...] = ()
    spool: Spool = Spool()
