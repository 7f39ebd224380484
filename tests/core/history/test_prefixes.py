"""Prefixes with a final slash, of which bookstore 2 made keys with two."""

import io

import pytest

from bookstore_core.history import PUBLISHED, WORKSPACE, History
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, VersionStore
from core.saving import metadata_for

SETTINGS = BookstoreSettings(s3_bucket="b", workspace_prefix="/wx/", max_threads=4)


def save(store: VersionStore, key: str, text: str) -> str:
    data = text.encode()
    known = metadata_for(data)
    return store.put(key, io.BytesIO(data), size=len(data), metadata=known).version_id


@pytest.mark.parametrize(
    ("prefix", "key"),
    [
        ("wx", "wx/a.ipynb"),
        ("/wx", "wx/a.ipynb"),
        ("wx/", "wx//a.ipynb"),
        ("a/wx//", "a/wx///a.ipynb"),
    ],
)
def test_keys_in_s3_are_those_of_bookstore_2(prefix: str, key: str) -> None:
    settings = BookstoreSettings(s3_bucket="b", published_prefix=prefix)
    assert PUBLISHED.key(settings, "a.ipynb") == key
    assert PUBLISHED.path(settings, key) == "a.ipynb"


def test_in_a_local_store_slashes_around_a_prefix_do_not_matter() -> None:
    settings = BookstoreSettings(storage="local", workspace_prefix="/wx/")
    assert WORKSPACE.key(settings, "a.ipynb") == "wx/a.ipynb"


@pytest.mark.parametrize("prefix", ["", "/", "//"])
def test_a_prefix_of_slashes_is_empty(prefix: str) -> None:
    settings = BookstoreSettings(s3_bucket="b", workspace_prefix=prefix)
    assert WORKSPACE.prefix(settings) == ""


def test_versions_of_bookstore_2_are_in_the_history(s3_store: VersionStore) -> None:
    old = save(s3_store, "wx//sub/a.ipynb", "1")
    key = WORKSPACE.key(SETTINGS, "sub/a.ipynb")
    new = save(s3_store, key, "2")
    history = History(s3_store, SETTINGS)
    rows = history.page("sub/a.ipynb").rows
    assert [row.version.version_id for row in rows] == [new, old]
    assert history.read("sub/a.ipynb", "@1")[1] == b"1"
    s3_store.set_label(key, old, Label("first"))
    assert history.find("sub/a.ipynb", "first").version.version_id == old
