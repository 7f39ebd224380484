"""Publishing: saving a notebook as a new version below the published prefix."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bookstore_core.errors import (
    ConfigurationError,
    InvalidNotebookError,
    InvalidRequestError,
    UnsupportedTypeError,
)
from bookstore_core.history import PUBLISHED
from bookstore_core.notebooks import (
    SUFFIX,
    Notebook,
    check_notebook,
    check_size,
    drop_trust,
    parse_notebook,
    write_notebook,
)
from bookstore_core.paths import (
    OWN_FOLDER,
    check_path,
    is_own,
)
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionMetadata, VersionStore, new_save_id, utc_now
from bookstore_core.stores.checks import check_written
from bookstore_web.fields import optional_field, parse_object
from bookstore_web.sharing.clone import CloneSource


@dataclass(frozen=True)
class Publication:
    """A notebook that can be published: its path, its key and its bytes.

    `title` and `note` are for its readers, and may be empty.
    """

    path: str
    key: str
    data: bytes
    title: str = ""
    note: str = ""


def publication_of(
    path: str, body: bytes, *, settings: BookstoreSettings
) -> Publication:
    """Return the notebook in `body`, a contents model, checked and without trust.

    The model may have a `title` and a `note` beside its content. Raises
    InvalidRequestError for an invalid path, body, title or note, UnsupportedTypeError
    for another type than a notebook, InvalidNotebookError for an empty or invalid one,
    TooLargeError over the limit, and ConfigurationError if publishing is not set up.
    """
    path = _check(path, settings)
    model = parse_object(body)
    return _lay_out(path, _notebook_in(model), settings, model)


def publication_of_version(
    path: str,
    data: bytes,
    written: Mapping[str, Any],
    *,
    settings: BookstoreSettings,
) -> Publication:
    """Return the notebook in a version's content; see `publication_of` for errors.

    `written` has its title and note, if any.
    """
    path = _check(path, settings)
    return _lay_out(path, parse_notebook(data), settings, written)


def _check(path: str, settings: BookstoreSettings) -> str:
    path = check_path(path)
    if settings.missing:
        raise ConfigurationError(settings.missing)
    PUBLISHED.check(settings)
    if not path.endswith(SUFFIX):
        raise UnsupportedTypeError(
            f"Only notebooks can be published, but {path!r} does not end in {SUFFIX}."
        )
    if is_own(path):
        raise InvalidRequestError(
            f"Folders called {OWN_FOLDER} are reserved. Choose another path."
        )
    return path


def _lay_out(
    path: str,
    notebook: Notebook,
    settings: BookstoreSettings,
    written: Mapping[str, Any],
) -> Publication:
    key = PUBLISHED.key(settings, path)
    title, note = check_written(
        optional_field(written, "title"), optional_field(written, "note")
    )
    data = write_notebook(drop_trust(notebook))
    check_size("The notebook", len(data), settings.max_notebook_size)
    return Publication(path, key, data, title, note)


def _notebook_in(model: dict[str, Any]) -> Notebook:
    if not model:
        raise InvalidRequestError("The model is empty. Send the model of a notebook.")
    kind = model.get("type")
    if kind is not None and kind != "notebook":
        raise UnsupportedTypeError(
            f"Only notebooks can be published, but the model has the type {kind!r}."
        )
    try:
        return check_notebook(model.get("content"))
    except InvalidNotebookError as error:
        if kind is not None:
            raise
        raise UnsupportedTypeError(
            "Only notebooks can be published. Send a contents model: "
            '{"type": "notebook", "format": "json", "content": {...}}. ' + str(error)
        ) from None


def publish(
    publication: Publication, *, store: VersionStore, author: str
) -> CloneSource:
    """Write the publication as a new version, and return it; it is durable then.

    The request is sent once: after a retryable error the version may exist or not, and
    publishing again makes another one.
    """
    data = publication.data
    metadata = VersionMetadata(
        save_id=new_save_id(),
        saved_at=utc_now(),
        author=author,
        sha256=hashlib.sha256(data).hexdigest(),
        source_path=publication.path,
        title=publication.title,
        note=publication.note,
    )
    version = store.put(
        publication.key, io.BytesIO(data), size=len(data), metadata=metadata
    )
    return CloneSource(version.bucket, version.key, version.version_id)
