"""Labels as tags and markers: the requests and their answers."""

from typing import Any

import pytest
from botocore.stub import ANY

from bookstore_core.errors import (
    ForbiddenError,
    InvalidRequestError,
    StorageError,
    VersionNotFoundError,
)
from bookstore_core.stores import Label, VersionStore
from bookstore_core.stores.label_texts import (
    MAX_VALUE,
    decode_text,
    encode_text,
    label_in,
    tags_of,
)
from bookstore_core.stores.s3.labels import list_marked, marker_key, named_key
from core.saving import KEY, save
from core.stubbing import BUCKET, Stubbed

MARKERS = "workspace/ann/.bookstore/labels/mine.ipynb/"


def tag_set(tags: dict[str, str]) -> dict[str, Any]:
    return {"TagSet": [{"Key": name, "Value": tags[name]} for name in tags]}


def listed(*version_ids: str) -> dict[str, Any]:
    return {"Contents": [{"Key": marker_key(KEY, known)} for known in version_ids]}


def test_the_marker_is_written_before_the_tags(stubbed: Stubbed) -> None:
    target = {"Bucket": BUCKET, "Key": KEY, "VersionId": "v1"}
    marker = {"Bucket": BUCKET, "Key": f"{MARKERS}v1"}
    named = {"Bucket": BUCKET, "Key": named_key(KEY, "v1", "good")}
    label = Label("good", labelled_at=None)
    stubbed.answer("list_objects_v2", {}, {"Bucket": BUCKET, "Prefix": MARKERS})
    stubbed.answer("get_object_tagging", tag_set({"team": "a"}), target)
    for place in (marker, named):
        stubbed.fail("head_object", "404", 404)
        stubbed.answer("put_object", {"VersionId": "m"}, {**place, "Body": b""})
    stubbed.answer("put_object_tagging", {}, {**target, "Tagging": ANY})
    stubbed.answer("get_object_tagging", tag_set({"bookstore-label": "good"}))
    stubbed.store.set_label(KEY, "v1", label)


def test_a_marker_that_is_not_there_may_be_refused_to_who_writes_it(
    stubbed: Stubbed,
) -> None:
    stubbed.answer("list_objects_v2", {})
    stubbed.answer("get_object_tagging", tag_set({}))
    for _ in range(2):  # the markers
        stubbed.fail("head_object", "403", 403)
        stubbed.answer("list_object_versions", {})
        stubbed.answer("put_object", {"VersionId": "m"})
    stubbed.answer("put_object_tagging", {})
    stubbed.answer("get_object_tagging", tag_set({"bookstore-label": "good"}))
    stubbed.store.set_label(KEY, "v1", Label("good"))


def test_a_store_that_does_not_keep_tags_is_detected(stubbed: Stubbed) -> None:
    stubbed.answer("list_objects_v2", {})
    stubbed.answer("get_object_tagging", tag_set({}))
    for _ in range(2):  # the markers
        stubbed.answer("head_object", {"ContentLength": 0})
    stubbed.answer("put_object_tagging", {})
    stubbed.answer("get_object_tagging", tag_set({}))
    with pytest.raises(StorageError, match=r"keeps no labels: .*does not"):
        stubbed.store.set_label(KEY, "v1", Label("good"))


def test_the_tags_of_others_are_kept(s3_store: VersionStore) -> None:
    saved = save(s3_store)
    store: Any = s3_store
    asked = store._asked(None, KEY, saved.version_id)
    foreign = {"team": "a b", "bookstore-labels": "not ours"}
    store._connection.ask("put_object_tagging", asked, Tagging=tag_set(foreign))
    s3_store.set_label(KEY, saved.version_id, Label("good", comment="c" * 500))
    assert len(store._labels.tags(asked)) > 4
    s3_store.set_label(KEY, saved.version_id, Label("better"))
    assert len(store._labels.tags(asked)) == 4
    s3_store.set_label(KEY, saved.version_id, None)
    assert store._labels.tags(asked) == foreign


def test_a_label_that_needs_too_many_tags_is_refused(s3_store: VersionStore) -> None:
    saved = save(s3_store)
    store: Any = s3_store
    asked = store._asked(None, KEY, saved.version_id)
    foreign = {f"tag-{number}": "x" for number in range(9)}
    store._connection.ask("put_object_tagging", asked, Tagging=tag_set(foreign))
    with pytest.raises(InvalidRequestError, match="Shorten the comment"):
        s3_store.set_label(KEY, saved.version_id, Label("x"))
    assert store._labels.tags(asked) == foreign


@pytest.mark.parametrize(
    "version_id",
    ["v1", "a/b", "..", ".", "x+y=z", "100%25", "a b", "A" * 500, "null", "-_.~"],
)
def test_a_marker_contains_the_version_id_of_any_store(version_id: str) -> None:
    marker = marker_key(KEY, version_id)
    assert marker.startswith(MARKERS)
    name = marker.removeprefix(MARKERS)
    assert not set(name) & set("/% +")
    assert not name.startswith(".")
    page = {"Contents": [{"Key": marker}]}
    assert list_marked(lambda **_: page, KEY) == [version_id]


def test_markers_are_read_page_by_page() -> None:
    pages = [
        {**listed("v1"), "IsTruncated": True, "NextContinuationToken": "t"},
        listed("v2"),
    ]
    asked: list[dict[str, Any]] = []

    def ask(**parameters: Any) -> dict[str, Any]:
        asked.append(parameters)
        return pages[len(asked) - 1]

    assert list_marked(ask, KEY) == ["v1", "v2"]
    assert asked[1] == {"Prefix": MARKERS, "ContinuationToken": "t"}


def test_a_marker_without_its_tags_is_ignored(stubbed: Stubbed) -> None:
    stubbed.answer("list_objects_v2", listed("v1"))
    stubbed.answer("get_object_tagging", tag_set({"team": "a"}))
    assert stubbed.store.labels(KEY) == {}


def test_one_label_of_many_is_found_by_a_marker_with_its_name(
    stubbed: Stubbed,
) -> None:
    named = {"Contents": [{"Key": named_key(KEY, "v2", "two")}]}
    asked = {"Bucket": BUCKET, "Key": KEY, "VersionId": "v2"}
    stubbed.answer("list_objects_v2", listed("v1", "v2", "v3", "v4"))
    stubbed.answer("list_objects_v2", named)
    stubbed.answer("get_object_tagging", tag_set({"bookstore-label": "two"}), asked)
    assert stubbed.store.labels_named(KEY, "two") == {"v2": Label("two")}


def test_a_label_of_an_earlier_release_is_found_among_those_without_a_name(
    stubbed: Stubbed,
) -> None:
    others = [named_key(KEY, known, "other") for known in ("v1", "v2", "v3")]
    asked = {"Bucket": BUCKET, "Key": KEY, "VersionId": "v4"}
    stubbed.answer("list_objects_v2", listed("v1", "v2", "v3", "v4"))
    stubbed.answer("list_objects_v2", {})
    stubbed.answer("list_objects_v2", {"Contents": [{"Key": key} for key in others]})
    stubbed.answer("get_object_tagging", tag_set({"bookstore-label": "old"}), asked)
    assert stubbed.store.labels_named(KEY, "old") == {"v4": Label("old")}


def test_a_marker_whose_version_has_another_name_now_is_ignored(
    stubbed: Stubbed,
) -> None:
    named = {"Contents": [{"Key": named_key(KEY, "v2", "two")}]}
    everything = [named_key(KEY, f"v{number}", "two") for number in range(1, 5)]
    stubbed.answer("list_objects_v2", listed("v1", "v2", "v3", "v4"))
    stubbed.answer("list_objects_v2", named)
    stubbed.answer("get_object_tagging", tag_set({"bookstore-label": "2"}))
    stubbed.answer("list_objects_v2", {"Contents": [{"Key": k} for k in everything]})
    assert stubbed.store.labels_named(KEY, "two") == {}


def test_a_removed_version_has_no_label(stubbed: Stubbed) -> None:
    stubbed.answer("list_objects_v2", listed("v1"))
    stubbed.fail("get_object_tagging", "NoSuchVersion", 404)
    assert stubbed.store.labels(KEY) == {}


def test_only_the_wanted_versions_are_requested(stubbed: Stubbed) -> None:
    stubbed.answer("list_objects_v2", listed("v1", "v2", "v3"))
    tags = tag_set({"bookstore-label": "two"})
    asked = {"Bucket": BUCKET, "Key": KEY, "VersionId": "v2"}
    stubbed.answer("get_object_tagging", tags, asked)
    assert stubbed.store.labels(KEY, only={"v2", "v9"}) == {"v2": Label("two")}


def test_a_store_without_tags_is_reported(stubbed: Stubbed) -> None:
    stubbed.answer("list_objects_v2", {})
    stubbed.fail("get_object_tagging", "NotImplemented", 501, "No tags here")
    with pytest.raises(StorageError, match=r"keeps no labels: .*No tags"):
        stubbed.store.set_label(KEY, "v1", Label("x"))


def test_a_missing_permission_is_reported(stubbed: Stubbed) -> None:
    stubbed.answer("list_objects_v2", {})
    stubbed.answer("get_object_tagging", tag_set({}))
    for _ in range(2):  # the markers
        stubbed.answer("head_object", {"ContentLength": 0})
    stubbed.fail("put_object_tagging", "AccessDenied", 403, "Not you")
    with pytest.raises(ForbiddenError, match="Not you"):
        stubbed.store.set_label(KEY, "v1", Label("x"))


def test_a_label_of_a_removed_version_is_refused(stubbed: Stubbed) -> None:
    stubbed.answer("list_objects_v2", {})
    stubbed.fail("get_object_tagging", "NoSuchVersion", 404)
    with pytest.raises(VersionNotFoundError):
        stubbed.store.set_label(KEY, "v1", Label("x"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("before refactor", "before refactor"),
        ("größe", "gr=C3=B6=C3=9Fe"),
        (" a+b ", "=20a=2Bb=20"),
        ("", ""),
    ],
)
def test_a_text_can_be_read_in_its_tag(text: str, value: str) -> None:
    assert encode_text(text) == value
    assert decode_text(value) == text


def test_the_value_of_a_tag_is_short_and_plain() -> None:
    label = Label("🙂" * 80, comment="c+" * 250, author="ü" * 80)
    for value in tags_of(label).values():
        assert len(value) <= MAX_VALUE
        assert not set(value) - set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 +-=._:/@"
        )


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"bookstore-label": ""},
        {"bookstore-label": "=FF"},
        {"bookstore-label": "==?"},
        {"bookstore-label": "==QQ=="},
        {"bookstore-label.2": "x"},
        {"bookstore-label-comment": "x"},
    ],
)
def test_malformed_tags_are_not_a_label(tags: dict[str, str]) -> None:
    assert label_in(tags) is None


@pytest.mark.parametrize(
    "name", ["=00", "=0A", "=FF", "x", "null", "..", "=25", "v" * 600, "\u202e"]
)
def test_a_marker_that_names_no_version_hides_no_label(
    s3_store: VersionStore, name: str
) -> None:
    saved = save(s3_store)
    s3_store.set_label(KEY, saved.version_id, Label("kept"))
    save(s3_store, key=f"{MARKERS}{name}")
    assert [*s3_store.labels(KEY)] == [saved.version_id]
