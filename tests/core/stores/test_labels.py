"""Labels of versions, on each kind of store."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from bookstore_core.errors import (
    ConflictError,
    InvalidRequestError,
    VersionNotFoundError,
)
from bookstore_core.stores import Label, VersionStore
from core.saving import KEY, MakeStore, Traits, save

AT = datetime(2026, 11, 25, 1, 2, 3, 456789, tzinfo=UTC)

ODD_TEXTS = [
    "before refactor",
    "a+b=c -._:/@ #1?&%41 \"'<>\\",
    "größe ñ",
    "перед переделкой",
    "重构之前",
    "🙂 👩\u200d🔬",
    "=41",
    "==",
    "x" * 80,
    "ü" * 80,
    "🙂" * 80,
]


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_label_comes_back_as_it_was_given(store: VersionStore, text: str) -> None:
    saved = save(store)
    label = Label(text, comment=f"{text}\n\t{text}", author="Änn (ü)", labelled_at=AT)
    store.set_label(KEY, saved.version_id, label)
    assert store.labels(KEY) == {saved.version_id: label}


def test_a_long_comment_comes_back(store: VersionStore) -> None:
    saved = save(store)
    label = Label("重构" * 40, comment="重构之前!" * 100, labelled_at=AT)
    store.set_label(KEY, saved.version_id, label)
    assert store.labels(KEY) == {saved.version_id: label}


def test_the_time_of_a_label_is_kept(store: VersionStore) -> None:
    saved = save(store)
    store.set_label(KEY, saved.version_id, Label("first"))
    at = store.labels(KEY)[saved.version_id].labelled_at
    assert at is not None
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60


def test_labels_belong_to_their_version(store: VersionStore) -> None:
    old, middle, new = (save(store, b"%d" % number) for number in range(3))
    store.set_label(KEY, old.version_id, Label("old", labelled_at=AT))
    store.set_label(KEY, new.version_id, Label("new", labelled_at=AT))
    assert {known: label.name for known, label in store.labels(KEY).items()} == {
        old.version_id: "old",
        new.version_id: "new",
    }
    only = store.labels(KEY, only=[old.version_id, middle.version_id])
    assert only == {old.version_id: Label("old", labelled_at=AT)}


def test_labels_belong_to_their_key(store: VersionStore) -> None:
    longer, inside = f"{KEY}.ipynb", f"{KEY}/a.ipynb"
    for key in (KEY, longer, inside):
        saved = save(store, key=key)
        store.set_label(key, saved.version_id, Label("same name"))
    for key in (KEY, longer, inside):
        assert len(store.labels(key)) == 1
    assert store.labels("workspace/none.ipynb") == {}


def test_a_second_label_replaces_the_first(store: VersionStore) -> None:
    saved = save(store)
    store.set_label(KEY, saved.version_id, Label("first", comment="c" * 400))
    store.set_label(KEY, saved.version_id, Label("second", labelled_at=AT))
    assert store.labels(KEY) == {saved.version_id: Label("second", labelled_at=AT)}


def test_setting_the_same_label_twice_is_like_setting_it_once(
    store: VersionStore,
) -> None:
    saved = save(store)
    for _ in range(2):
        store.set_label(KEY, saved.version_id, Label("one", labelled_at=AT))
    assert store.labels(KEY) == {saved.version_id: Label("one", labelled_at=AT)}


def test_a_label_can_be_removed_and_given_again(store: VersionStore) -> None:
    first, second = save(store), save(store)
    store.set_label(KEY, first.version_id, Label("good", comment="c" * 400))
    store.set_label(KEY, first.version_id, None)
    assert store.labels(KEY) == {}
    store.set_label(KEY, second.version_id, Label("good"))
    assert list(store.labels(KEY)) == [second.version_id]


def test_removing_a_missing_label_is_not_an_error(store: VersionStore) -> None:
    saved = save(store)
    store.set_label(KEY, saved.version_id, None)
    assert store.labels(KEY) == {}


def test_two_versions_cannot_have_the_same_label(store: VersionStore) -> None:
    first, second = save(store), save(store)
    store.set_label(KEY, first.version_id, Label("good"))
    with pytest.raises(ConflictError, match=first.version_id):
        store.set_label(KEY, second.version_id, Label(" good "))
    assert list(store.labels(KEY)) == [first.version_id]


@pytest.mark.parametrize(
    "version_id",
    ["", "nope", "..", "é", "\0", "20261123T183225.123456Z-1a2b3c4d", "../x"],
)
def test_a_missing_version_cannot_be_labelled(
    store: VersionStore, version_id: str
) -> None:
    save(store)
    for label in (Label("x"), None):
        with pytest.raises(VersionNotFoundError):
            store.set_label(KEY, version_id, label)
    assert store.labels(KEY) == {}


def test_the_version_of_another_key_cannot_be_labelled(store: VersionStore) -> None:
    saved = save(store, key="workspace/other.ipynb")
    save(store)
    with pytest.raises(VersionNotFoundError):
        store.set_label(KEY, saved.version_id, Label("x"))


@pytest.mark.parametrize(
    "label",
    [
        Label(""),
        Label("   "),
        Label("x" * 81),
        Label("two\nlines"),
        Label("\0"),
        Label("\u202eevil"),
        Label("\ud800"),
        Label("@1"),
        Label("@12"),
        Label("x", comment="c" * 501),
        Label("x", comment="\0"),
        Label("x", comment="\x1b[31m"),
    ],
)
def test_an_invalid_label_is_refused(store: VersionStore, label: Label) -> None:
    saved = save(store)
    with pytest.raises(InvalidRequestError):
        store.set_label(KEY, saved.version_id, label)
    assert store.labels(KEY) == {}


def test_an_unprintable_author_does_not_prevent_a_label(
    store: VersionStore,
) -> None:
    saved = save(store)
    store.set_label(KEY, saved.version_id, Label("x", author="\udcff\n" + "y" * 100))
    assert store.labels(KEY)[saved.version_id].author.startswith(r"\udcff\nyyy")


def test_of_two_labels_set_at_once_one_wins(
    shared_store: VersionStore,
) -> None:
    saved = save(shared_store)
    labels = [Label(f"label {number}", "x" * 300) for number in range(16)]

    def give(label: Label) -> None:
        shared_store.set_label(KEY, saved.version_id, label)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(give, labels))
    [found] = shared_store.labels(KEY).values()
    assert (found.name, found.comment) in [(each.name, each.comment) for each in labels]


def test_records_of_labels_are_in_no_listing(store: VersionStore) -> None:
    saved, top = save(store), save(store, key="top.ipynb")
    store.set_label(KEY, saved.version_id, Label("x"))
    store.set_label("top.ipynb", top.version_id, Label("y"))
    folder = KEY.rpartition("/")[0]
    page = store.list_keys(folder)
    assert ([found.key for found in page.keys], page.folders) == ([KEY], ())
    assert store.list_keys("").folders == ("workspace/",)
    walked = [found.key for found in store.walk_keys("").keys]
    assert walked == ["top.ipynb", KEY]


def test_labels_in_another_bucket_can_be_read(
    traits: Traits, make_store: MakeStore
) -> None:
    ours, theirs = make_store(traits), make_store(traits)
    saved = save(theirs)
    theirs.set_label(KEY, saved.version_id, Label("x", labelled_at=AT))
    found = ours.labels(KEY, bucket=theirs.bucket)
    assert found == {saved.version_id: Label("x", labelled_at=AT)}
    assert ours.labels(KEY) == {}


@pytest.mark.parametrize("key", ["", "a\0b", "\ud800.ipynb", "x" * 1025])
def test_invalid_keys_have_no_labels(store: VersionStore, key: str) -> None:
    with pytest.raises(InvalidRequestError):
        store.labels(key)
    with pytest.raises(InvalidRequestError):
        store.set_label(key, "v", Label("x"))


def test_labels_of_the_longest_keys_are_refused(
    s3_store: VersionStore,
) -> None:
    key = "k" * 1020
    saved = save(s3_store, key=key)
    assert s3_store.labels(key) == {}
    with pytest.raises(InvalidRequestError, match="too long"):
        s3_store.set_label(key, saved.version_id, Label("x"))


ODD_KEYS = [
    "workspace/with space.ipynb",
    "workspace/100%25 %41.ipynb",
    "workspace/größe/übung ñ 测试 🙂.ipynb",
    "workspace/a+b&c=d;e@f,g$h!i'j(k)l*m.ipynb",
    "workspace/what?.ipynb",
    "workspace/#1.ipynb",
    "workspace/.hidden/.ipynb",
    "no-folder.ipynb",
]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_versions_of_odd_keys_can_be_labelled(store: VersionStore, key: str) -> None:
    saved = save(store, key=key)
    store.set_label(key, saved.version_id, Label("x", labelled_at=AT))
    assert store.labels(key) == {saved.version_id: Label("x", labelled_at=AT)}
