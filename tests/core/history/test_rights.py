"""Histories in a store that refuses something, or goes down."""

from typing import Any

import pytest

from bookstore_core.errors import (
    ForbiddenError,
    StorageUnavailableError,
)
from bookstore_core.history import History
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, Version
from bookstore_core.stores.local.store import LocalStore
from core.saving import Traits, save
from core.threads import KEY, PATH


class Secretive(LocalStore):
    """A store that denies access to labels."""

    def labels(self, *words: Any, **asked: Any) -> dict[str, Label]:
        raise ForbiddenError("The store refuses access to the tags.")


def test_versions_are_listed_without_access_to_labels(
    local: Traits, caplog: pytest.LogCaptureFixture
) -> None:
    settings = BookstoreSettings(**local)
    store = Secretive(settings)
    saved = save(store, b"1", key=KEY)
    history = History(store, settings)
    [row] = history.page(PATH).rows
    assert (row.label, row.version.metadata) == (None, saved.metadata)
    assert history.find(PATH, saved.version_id).label is None
    assert history.read(PATH, saved.version_id)[1] == b"1"
    assert history.open(PATH, saved.version_id)[1] == b"1"
    assert "labels of ann/mine.ipynb cannot be read" in caplog.text
    with pytest.raises(ForbiddenError):
        history.page(PATH, q="x")
    with pytest.raises(ForbiddenError):
        history.find(PATH, "label")


class Closed(LocalStore):
    """A store whose versions may be listed but not read."""

    def head(self, *words: Any, **asked: Any) -> Version:
        raise ForbiddenError("The store refuses access to the version.")


def test_versions_that_may_not_be_read_are_listed(local: Traits) -> None:
    settings = BookstoreSettings(**local)
    saved = save(Closed(settings), key=KEY)
    [row] = History(Closed(settings), settings).page(PATH).rows
    assert (row.version.version_id, row.version.metadata) == (saved.version_id, None)


class Down(LocalStore):
    """A store that goes down after a listing."""

    def head(self, *words: Any, **asked: Any) -> Version:
        raise StorageUnavailableError("It is down.")


def test_a_store_that_goes_down_is_reported(local: Traits) -> None:
    settings = BookstoreSettings(**local)
    save(Down(settings), key=KEY)
    with pytest.raises(StorageUnavailableError):
        History(Down(settings), settings).page(PATH)
