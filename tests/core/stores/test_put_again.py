"""Older versions that are written again, by a store of each kind."""

from dataclasses import replace

import pytest

from bookstore_core.errors import NotFoundError
from bookstore_core.stores import VersionStore
from core.saving import KEY, contents_of, save


def test_what_is_written_again_is_the_newest_and_keeps_its_author(
    store: VersionStore,
) -> None:
    older = save(store, b"{1}", author="zoe", title="Ü")
    save(store, b"{2}", author="ann")
    again = store.put_again(older)
    assert contents_of(store) == [b"{1}", b"{2}", b"{1}"]
    known = store.head(KEY).metadata
    assert known is not None
    assert known == again.metadata
    assert older.metadata is not None
    expected = replace(
        older.metadata, save_id=known.save_id, restored_from=older.version_id
    )
    assert known == expected
    assert known.save_id != older.metadata.save_id


def test_a_version_that_does_not_exist_is_not_written_again(
    store: VersionStore,
) -> None:
    older = save(store)
    with pytest.raises(NotFoundError):
        store.put_again(replace(older, key="workspace/other.ipynb"))
