"""Addresses of versions: ``bookstore://SHELF/PATH?version=NAME``."""

from datetime import timedelta

import pytest

from bookstore_core.errors import InvalidRequestError, VersionNotFoundError
from bookstore_core.history.shelves import PUBLISHED
from bookstore_core.runs.address import Address
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, VersionStore
from core.saving import SAVED_AT, save

SETTINGS = BookstoreSettings(storage="local")
KEY = "workspace/a b.ipynb"


def found(store: VersionStore, name: str) -> str:
    address = Address.parse(f"bookstore://workspace/a%20b.ipynb?version={name}")
    return address.find(store, SETTINGS).version.version_id


def test_a_version_is_found_by_what_commands_take(local_store: VersionStore) -> None:
    days = [SAVED_AT + timedelta(days=day) for day in (0, 1)]
    old, new = (
        save(local_store, b"%d" % at.day, key=KEY, saved_at=at).version_id
        for at in days
    )
    local_store.set_label(KEY, old, Label("before 100% + ü"))
    assert found(local_store, "") == found(local_store, "@0") == new
    assert found(local_store, "@1") == found(local_store, old) == old
    assert found(local_store, "before 100%25 + ü") == old
    noon = days[0].astimezone() + timedelta(hours=1)
    assert found(local_store, f"{noon:%Y-%m-%dT%H:%M}") == old
    assert found(local_store, f"{noon:%Y-%m-%d %H:%M}") == old
    assert found(local_store, noon.isoformat().replace("+", "%2B")) == old


def test_a_label_that_is_a_day_counts_before_the_day(
    local_store: VersionStore,
) -> None:
    old = save(local_store, b"1", key=KEY).version_id
    save(local_store, b"2", key=KEY)
    local_store.set_label(KEY, old, Label("2026-11-24"))
    assert found(local_store, "2026-11-24") == old


@pytest.mark.parametrize("name", ["2026-11-20x", "1999-01-01T10:00", "@5", "x", "%00"])
def test_a_version_that_is_not_there_is_an_error(
    local_store: VersionStore, name: str
) -> None:
    save(local_store, key=KEY)
    with pytest.raises((VersionNotFoundError, InvalidRequestError)):
        found(local_store, name)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a.ipynb", "s3://workspace/a.ipynb", "bookstore:workspace/a"),
        *("bookstore://", "bookstore://workspace", "bookstore://workspace/"),
        *("bookstore://other/a", "bookstore://workspace/a/%2e%2e/b"),
        *("bookstore://workspace/a?version", "bookstore://workspace/a?x=1"),
        *("bookstore://workspace/%00", "bookstore://workspace/\ud800"),
        "bookstore://workspace/" + "x" * 2000,
    ],
)
def test_another_text_is_no_address_of_a_notebook(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        Address.parse(text)


@pytest.mark.parametrize("path", ["a/ü {x}.ipynb", "100%25?&.ipynb", "a#b.ipynb"])
def test_an_address_is_read_as_it_is_written(path: str) -> None:
    address = Address(PUBLISHED, path, "v&1=?%")
    assert Address.parse(str(address)) == address
    assert "{" not in str(address)
