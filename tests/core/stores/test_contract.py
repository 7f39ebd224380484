"""The contract of VersionStore, tested on each kind of store."""

import io
from functools import partial

import pytest

from bookstore_core.errors import (
    InvalidRequestError,
    NotFoundError,
    TooLargeError,
    VersionNotFoundError,
)
from bookstore_core.stores import VersionStore, base, utc_now
from bookstore_core.stores.checks import MAX_NOTE, MAX_WRITTEN, check_written
from core.saving import (
    KEY,
    SAVED_AT,
    MakeStore,
    Traits,
    contents_of,
    metadata_for,
    save,
    versions_one_by_one,
)

ODD_KEYS = [
    "workspace/with space.ipynb",
    "workspace/100%.ipynb",
    "workspace/100%25 %41.ipynb",
    "workspace/größe/übung ñ 测试 🙂.ipynb",
    "workspace/a+b&c=d;e@f,g$h!i'j(k)l*m.ipynb",
    "workspace/what?.ipynb",
    "workspace/#1.ipynb",
    "workspace/.hidden/.ipynb",
    "workspace/mine.versions/a.ipynb",
    "workspace/no-ending",
    "workspace/data.json",
    "workspace/" + "x" * 300 + ".ipynb",
]

ODD_VERSION_IDS = [
    "",
    "nope",
    "../../etc/passwd",
    "..",
    "20261123T183225.123456Z-1a2b3c4d",
    "20261123T183225.123456Z-1a2b3c4d/../x",
    "line\nbreak",
    "\0",
    "é",
    "\ud800",
    "null",
]


class Frugal(io.BytesIO):
    """A stream that must not be read at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert 0 <= size <= 8 * 2**20, "read as a whole"
        return super().read(size)


def test_a_version_is_read_back_as_it_was_saved(store: VersionStore) -> None:
    saved = save(store, b'{"cells": []}')
    with store.open(KEY, saved.version_id) as opened:
        assert opened.read(100) == b'{"cells": []}'
    assert opened.version.version_id == saved.version_id
    assert opened.version.metadata == saved.metadata


def test_head_returns_the_metadata_of_a_version(store: VersionStore) -> None:
    saved = save(store, b"{}", author="änn (ö)", source_path="a b/ü%41.ipynb")
    known = store.head(KEY, saved.version_id)
    assert (known.bucket, known.key, known.size) == (store.bucket, KEY, 2)
    assert known.metadata == saved.metadata
    assert known.metadata is not None
    assert known.metadata.saved_at == SAVED_AT
    assert abs((known.stored_at - saved.stored_at).total_seconds()) < 60


def test_the_origin_of_a_version_is_in_its_metadata(store: VersionStore) -> None:
    saved = save(
        store,
        restored_from="v/1+2=",
        restored_path="other/ü.ipynb",
        moved_from="old name/测试 100%.ipynb",
    )
    assert store.head(KEY, saved.version_id).metadata == saved.metadata


def test_the_title_and_the_note_of_a_publication_are_in_its_metadata(
    store: VersionStore,
) -> None:
    saved = save(store, title="Übersicht 数据", note="Line 1\nLine 2: <b>100%</b>")
    assert store.head(KEY, saved.version_id).metadata == saved.metadata


@pytest.mark.parametrize("letter", ["x", "ü", "数", "🙂"])
def test_the_longest_title_and_note_are_kept_with_the_author(
    store: VersionStore, letter: str
) -> None:
    size = len(letter.encode())
    note = letter * min(MAX_NOTE, (MAX_WRITTEN - 120 * size) // size)
    title, note = check_written(letter * 120, note)
    saved = save(store, title=title, note=note, author="ann@example.org" * 10)
    assert store.head(KEY, saved.version_id).metadata == saved.metadata


def test_without_an_id_the_newest_version_is_read(store: VersionStore) -> None:
    save(store, b"old")
    newest = save(store, b"new")
    head = store.head(KEY)
    assert head.version_id == newest.version_id
    assert head.is_latest
    with store.open(KEY) as opened:
        assert opened.read(3) == b"new"


def test_every_save_is_a_version_of_its_own(store: VersionStore) -> None:
    saved = [save(store, b"%d" % number) for number in range(5)]
    versions = store.list_versions(KEY).versions
    assert [v.version_id for v in versions] == [s.version_id for s in saved[::-1]]
    assert [v.is_latest for v in versions] == [True, False, False, False, False]
    assert contents_of(store) == [b"4", b"3", b"2", b"1", b"0"]


def test_the_same_content_twice_is_two_versions(store: VersionStore) -> None:
    first, second = save(store, b"same"), save(store, b"same")
    assert first.version_id != second.version_id
    assert contents_of(store) == [b"same", b"same"]


def test_an_empty_content_is_a_version(store: VersionStore) -> None:
    save(store, b"")
    assert contents_of(store) == [b""]


def test_only_the_announced_bytes_are_written(store: VersionStore) -> None:
    spooled = io.BytesIO(b"before|notebook|trailer")
    spooled.seek(7)
    store.put(KEY, spooled, size=8, metadata=metadata_for(b"notebook"))
    assert not spooled.closed
    with store.open(KEY) as opened:
        assert opened.body.read() == b"notebook"


def test_a_content_shorter_than_announced_is_refused(store: VersionStore) -> None:
    with pytest.raises(InvalidRequestError, match="3 bytes"):
        store.put(KEY, io.BytesIO(b"abc"), size=4, metadata=metadata_for())
    assert store.list_versions(KEY).versions == ()


def test_a_large_content_is_streamed_both_ways(store: VersionStore) -> None:
    content = bytes(range(256)) * 80_000
    metadata = metadata_for(content)
    store.put(KEY, Frugal(content), size=len(content), metadata=metadata)
    with store.open(KEY) as opened:
        pieces = list(iter(lambda: opened.body.read(2**20), b""))
    assert b"".join(pieces) == content
    assert len(pieces) > 10


def test_a_content_over_the_limit_is_not_read(store: VersionStore) -> None:
    save(store, b"12345")
    with store.open(KEY) as opened, pytest.raises(TooLargeError):
        opened.read(4)


def test_versions_are_listed_page_by_page(store: VersionStore) -> None:
    saved = [save(store, b"%d" % number).version_id for number in range(6)]
    pages, cursor = [], None
    for _ in range(3):
        page = store.list_versions(KEY, limit=2, cursor=cursor)
        pages.append([version.version_id for version in page.versions])
        cursor = page.cursor
    assert cursor is None, "a last page that is full is the last"
    assert pages == [saved[5:3:-1], saved[3:1:-1], saved[1::-1]]


def test_a_version_saved_meanwhile_does_not_disturb_the_pages(
    store: VersionStore,
) -> None:
    saved = [save(store, b"%d" % number).version_id for number in range(4)]
    first = store.list_versions(KEY, limit=2)
    save(store, b"meanwhile")
    second = store.list_versions(KEY, limit=2, cursor=first.cursor)
    shown = [version.version_id for version in (*first.versions, *second.versions)]
    assert shown == saved[::-1]


def test_versions_are_listed_from_any_version_on(store: VersionStore) -> None:
    newest_first = [save(store, b"%d" % number) for number in range(5)][::-1]
    for index, version in enumerate(newest_first):
        cursor = store.cursor_after(version.version_id)
        page = store.list_versions(KEY, cursor=cursor, limit=2)
        expected = [row.version_id for row in newest_first[index + 1 : index + 3]]
        assert [row.version_id for row in page.versions] == expected


def test_versions_of_longer_keys_are_not_listed(store: VersionStore) -> None:
    saved = [save(store, b"%d" % number).version_id for number in range(3)]
    for longer in ("2", ".bak", "/inside.ipynb"):
        save(store, b"other", key=KEY + longer)
    one_by_one = versions_one_by_one(store)
    assert [version.version_id for version in one_by_one] == saved[::-1]
    assert len(store.list_versions(KEY).versions) == 3


def test_an_unknown_key_has_no_versions(store: VersionStore) -> None:
    assert store.list_versions("workspace/none.ipynb").versions == ()


def test_an_unknown_key_is_not_found(store: VersionStore) -> None:
    save(store)
    with pytest.raises(NotFoundError):
        store.head("workspace/none.ipynb")
    with pytest.raises(NotFoundError):
        store.open("workspace/none.ipynb")
    with pytest.raises(NotFoundError):
        store.open("workspace/ann")


@pytest.mark.parametrize("version_id", ODD_VERSION_IDS)
def test_an_unknown_version_is_not_found(store: VersionStore, version_id: str) -> None:
    save(store)
    with pytest.raises(VersionNotFoundError):
        store.head(KEY, version_id)
    with pytest.raises(VersionNotFoundError):
        store.open(KEY, version_id)


def test_a_version_belongs_to_its_key_alone(store: VersionStore) -> None:
    save(store, key="workspace/other.ipynb")
    saved = save(store)
    with pytest.raises(VersionNotFoundError):
        store.head("workspace/other.ipynb", saved.version_id)


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_keep_their_versions(store: VersionStore, key: str) -> None:
    saved = [save(store, b"%d" % number, key=key) for number in range(3)]
    page = store.list_versions(key, limit=2)
    rest = store.list_versions(key, limit=2, cursor=page.cursor)
    shown = [version.version_id for version in (*page.versions, *rest.versions)]
    assert shown == [version.version_id for version in saved[::-1]]
    assert contents_of(store, key) == [b"2", b"1", b"0"]
    folder = key.rpartition("/")[0]
    assert [found.key for found in store.list_keys(folder).keys] == [key]


@pytest.mark.parametrize("key", ["", "a\0b", "\ud800.ipynb", "x" * 1025])
def test_invalid_keys_are_refused(store: VersionStore, key: str) -> None:
    with pytest.raises(InvalidRequestError):
        save(store, key=key)
    with pytest.raises(InvalidRequestError):
        store.open(key)
    with pytest.raises(InvalidRequestError):
        store.list_versions(key)


@pytest.mark.parametrize("cursor", ["", "x", "€", "WyJ4IiwieSJd", "bnVsbA=="])
def test_a_made_up_cursor_is_refused(store: VersionStore, cursor: str) -> None:
    save(store)
    with pytest.raises(InvalidRequestError):
        store.list_versions(KEY, cursor=cursor)
    with pytest.raises(InvalidRequestError):
        store.list_keys("workspace", cursor=cursor)


def test_a_cursor_of_another_list_is_refused(store: VersionStore) -> None:
    save(store)
    save(store)
    cursor = store.list_versions(KEY, limit=1).cursor
    assert cursor is not None
    with pytest.raises(InvalidRequestError):
        store.list_keys("workspace", cursor=cursor)


def test_keys_are_listed_one_level_deep(store: VersionStore) -> None:
    for key in (
        "w/b.ipynb",
        "w/a.ipynb",
        "w/sub/c.ipynb",
        "w/sub/d/e.ipynb",
        "x.ipynb",
    ):
        save(store, b"12", key=key)
    save(store, b"123", key="w/a.ipynb")
    page = store.list_keys("w")
    assert [found.key for found in page.keys] == ["w/a.ipynb", "w/b.ipynb"]
    assert [found.size for found in page.keys] == [3, 2]
    assert page.folders == ("w/sub/",)
    assert page == store.list_keys("w/")
    assert store.list_keys("").folders == ("w/",)
    assert [found.key for found in store.list_keys("").keys] == ["x.ipynb"]


def test_keys_are_listed_page_by_page(store: VersionStore) -> None:
    for key in ("w/b.ipynb", "w/a.ipynb", "w/c/d.ipynb", "w/e.ipynb", "w/f/g.ipynb"):
        save(store, key=key)
    shown, cursor = [], None
    for _ in range(3):
        page = store.list_keys("w", limit=2, cursor=cursor)
        shown += [*(found.key for found in page.keys), *page.folders]
        cursor = page.cursor
    assert cursor is None
    assert sorted(shown) == ["w/a.ipynb", "w/b.ipynb", "w/c/", "w/e.ipynb", "w/f/"]


def test_a_prefix_without_keys_lists_nothing(store: VersionStore) -> None:
    save(store)
    assert store.list_keys("nothing/here").keys == ()
    assert store.list_keys("work").folders == ()


def test_a_save_that_arrived_is_found(store: VersionStore) -> None:
    saved = save(store, save_id="the-one")
    save(store)
    assert store.find_save(KEY, "the-one", size=2) == store.head(KEY, saved.version_id)
    assert store.find_save(KEY, "another", size=2) is None
    assert store.find_save("workspace/none.ipynb", "the-one", size=2) is None


def test_a_save_is_found_however_many_others_came_after_it(
    store: VersionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "RECENT", 2)
    saved = save(store, save_id="the-one")
    others = [save(store) for _ in range(5)]
    long_ago, later = SAVED_AT, utc_now() + 2 * base.SKEW
    find = partial(store.find_save, KEY, "the-one", size=2)
    assert find(since=long_ago) == store.head(KEY, saved.version_id)
    assert find(since=later) is None
    assert find(since=long_ago, after=others[2].version_id) is None


def test_long_metadata_is_kept_but_for_the_path(store: VersionStore) -> None:
    saved = save(store, author="ann", source_path="ü" * 1000)
    metadata = store.head(KEY, saved.version_id).metadata
    assert metadata is not None
    assert (metadata.save_id, metadata.author) == (saved.metadata.save_id, "ann")
    assert metadata.source_path in ("", "ü" * 1000)


def test_another_bucket_can_be_read(traits: Traits, make_store: MakeStore) -> None:
    ours, theirs = make_store(traits), make_store(traits)
    saved = save(theirs, b"theirs")
    with ours.open(KEY, saved.version_id, bucket=theirs.bucket) as opened:
        assert opened.read(6) == b"theirs"
    assert ours.head(KEY, bucket=theirs.bucket).bucket == theirs.bucket
    assert len(ours.list_versions(KEY, bucket=theirs.bucket).versions) == 1
    assert ours.list_versions(KEY).versions == ()


def test_another_bucket_that_does_not_exist_is_not_found(store: VersionStore) -> None:
    with pytest.raises(NotFoundError):
        store.head(KEY, bucket="no-such-bucket-anywhere")
    with pytest.raises(NotFoundError):
        store.open(KEY, bucket="no-such-bucket-anywhere")
    with pytest.raises(NotFoundError):
        store.list_versions(KEY, bucket="no-such-bucket-anywhere")


@pytest.mark.parametrize("bucket", ["", "..", "a/../b", "UPPER case"])
def test_an_invalid_bucket_name_is_refused(store: VersionStore, bucket: str) -> None:
    with pytest.raises((NotFoundError, InvalidRequestError)):
        store.head(KEY, bucket=bucket)


def test_a_prepared_store_is_in_order(store: VersionStore) -> None:
    assert store.check().ok, store.check().sentences
    save(store)
    assert store.check().ok, store.check().sentences


def test_a_check_leaves_no_version_behind(store: VersionStore) -> None:
    store.check()
    page = store.list_keys("")
    assert (page.keys, page.folders) == ((), ())


def test_preparing_twice_is_like_preparing_once(store: VersionStore) -> None:
    save(store, b"kept")
    assert store.prepare() == []
    assert contents_of(store) == [b"kept"]
