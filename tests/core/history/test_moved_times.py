"""Servers on which a label changes the time that a HEAD returns, such as Ceph 16.2."""

from collections.abc import Iterator

import pytest

from bookstore_core.history import History
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, Version, VersionStore, open_store
from core.saving import MakeStore, Traits, save
from harness.fault_proxy import FaultProxy
from harness.s3_server import s3_traits

OLD, NEW = "workspace/old.ipynb", "workspace/new.ipynb"


@pytest.fixture
def moving(s3_server: Traits, make_store: MakeStore) -> Iterator[VersionStore]:
    """A store whose HEADs and GETs return a time far from that of the listing."""
    bucket = make_store(s3_server).bucket
    with FaultProxy(s3_server["s3_endpoint_url"]) as proxy:
        proxy.changed = {"last-modified": "Wed, 21 Oct 2037 07:28:00 GMT"}
        yield open_store(BookstoreSettings(**s3_traits(proxy.url, bucket)))


@pytest.fixture
def labelled(moving: VersionStore) -> list[Version]:
    """Labelled versions, oldest first: two under the old path, then one."""
    saved = [
        save(moving, key=OLD),
        save(moving, key=OLD),
        save(moving, key=NEW, moved_from="old.ipynb"),
    ]
    for number, version in enumerate(saved):
        moving.set_label(version.key, version.version_id, Label(f"mine {number}"))
    return saved


def test_labels_are_found_in_order_on_all_paths(
    moving: VersionStore, labelled: list[Version]
) -> None:
    rows = History(moving, BookstoreSettings()).page("new.ipynb", q="mine").rows
    found = [row.version.version_id for row in rows]
    assert found == [version.version_id for version in reversed(labelled)]


@pytest.mark.parametrize("named_by", ["id", "label"])
def test_a_version_was_stored_when_the_listing_says(
    moving: VersionStore, labelled: list[Version], named_by: str
) -> None:
    name = labelled[0].version_id if named_by == "id" else "mine 0"
    row = History(moving, BookstoreSettings()).find("new.ipynb", name)
    listed = moving.list_versions(OLD).versions[1]
    assert row.version.version_id == listed.version_id
    assert row.version.stored_at == listed.stored_at
