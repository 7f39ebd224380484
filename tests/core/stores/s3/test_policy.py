"""Policies of IAM: what they let people do, tried on moto, which enforces them."""

import json
import re
import secrets
from collections.abc import Callable
from typing import Any

import botocore.session
import moto.settings
import pytest

from bookstore_core.errors import ForbiddenError, InvalidRequestError
from bookstore_core.history.removals import Removals
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, VersionStore
from bookstore_core.stores.s3.store import S3Store
from bookstore_core.stores.s3.upkeep.policy import (
    Place,
    policy_for_person,
    policy_for_pruner,
    policy_for_reader,
    policy_for_service,
)
from core.saving import save
from harness.s3_server import S3Server, s3_traits

Open = Callable[..., VersionStore]
Policy = dict[str, Any]

MINE, OTHERS = "workspace/ann/a b.ipynb", "workspace/ben/x.ipynb"
SHOWN, THEIRS = "published/ann/a.ipynb", "published/ben/x.ipynb"


@pytest.fixture
def place(s3_server_process: S3Server) -> Place:
    """A bucket with a notebook of Ben's on each shelf."""
    bucket = s3_server_process.make_bucket(f"bucket-{secrets.token_hex(6)}")
    store = S3Store(BookstoreSettings(**s3_server_process.settings(bucket)))
    for key in (OTHERS, THEIRS):
        save(store, b"his", key=key)
    return Place(bucket, "workspace", "published")


@pytest.fixture
def open_with(
    s3_server_process: S3Server, place: Place, monkeypatch: pytest.MonkeyPatch
) -> Open:
    """Open the store with the credentials of a user who has one policy."""
    iam = botocore.session.get_session().create_client(
        "iam",
        endpoint_url=s3_server_process.url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )

    def open_it(policy: Policy) -> VersionStore:
        # moto asks for the right on tags without versions.
        text = json.dumps(policy).replace("ObjectVersionTagging", "ObjectTagging")
        with monkeypatch.context() as unguarded:
            unguarded.setattr(moto.settings, "INITIAL_NO_AUTH_ACTION_COUNT", 10**9)
            user = f"user-{secrets.token_hex(4)}"
            iam.create_user(UserName=user)
            iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=text)
            key = iam.create_access_key(UserName=user)["AccessKey"]
        traits = {
            **s3_traits(s3_server_process.url, place.bucket),
            "s3_access_key_id": key["AccessKeyId"],
            "s3_secret_access_key": key["SecretAccessKey"],
        }
        return S3Store(BookstoreSettings(**traits))

    monkeypatch.setattr(moto.settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
    return open_it


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(ForbiddenError):
        call()


def test_a_person_saves_reads_labels_and_publishes_their_own(
    open_with: Open, place: Place
) -> None:
    store = open_with(policy_for_person(place, "ann"))
    first, _ = save(store, b"1", key=MINE), save(store, b"2", key=MINE)
    store.set_label(MINE, first.version_id, Label("sent"))
    assert [*store.labels_named(MINE, "sent")] == [first.version_id]
    assert len(store.list_versions(MINE).versions) == 2
    save(store, key="workspace/ann/b.ipynb", moved_from="ann/a b.ipynb")
    save(store, b"3", key=SHOWN)
    settings = BookstoreSettings(published_prefix="published/ann")
    assert Removals(store, settings).remove(SHOWN, author="ann").metadata
    with store.open(THEIRS) as opened:
        assert opened.read(10) == b"his"


def test_a_person_is_refused_what_is_anothers(open_with: Open, place: Place) -> None:
    store = open_with(policy_for_person(place, "ann"))
    refused(lambda: store.open(OTHERS))
    refused(lambda: store.head(OTHERS))
    refused(lambda: save(store, key=OTHERS))
    refused(lambda: save(store, key=THEIRS))
    refused(lambda: save(store, key="workspace/annette/x.ipynb"))
    refused(lambda: store.mark_deleted(THEIRS))
    theirs = store.head(THEIRS).version_id
    refused(lambda: store.set_label(THEIRS, theirs, Label("mine")))
    refused(lambda: store.labels(OTHERS) or store.open(OTHERS))


def test_a_person_cannot_remove_or_hide_their_own_saves(
    open_with: Open, place: Place
) -> None:
    store = open_with(policy_for_person(place, "ann"))
    first, _ = save(store, key=MINE), save(store, key=MINE)
    assert [*store.remove_versions(MINE, [first]).refused] == [first.version_id]
    refused(lambda: store.mark_deleted(MINE))
    assert len(store.list_versions(MINE).versions) == 2


def test_a_reader_reads_what_is_published_and_nothing_else(
    open_with: Open, place: Place
) -> None:
    store = open_with(policy_for_reader(place))
    assert store.head(THEIRS).size == 3
    for key in (OTHERS, THEIRS):
        refused(lambda key=key: save(store, key=key))  # type: ignore[misc]
    refused(lambda: store.open(OTHERS))


def test_the_service_does_everything_but_removing_versions(
    open_with: Open, place: Place
) -> None:
    store = open_with(policy_for_service(place))
    versions = [save(store, key=OTHERS) for _ in range(2)]
    store.mark_deleted(THEIRS)
    store.set_label(OTHERS, versions[0].version_id, Label("sent"))
    assert len(store.remove_versions(OTHERS, versions[:1]).refused) == 1
    refused(lambda: save(store, key="elsewhere/x.ipynb"))


def test_doctor_finds_all_that_a_person_needs(open_with: Open, place: Place) -> None:
    store = open_with(policy_for_person(place, "ann"))
    store._settings.workspace_prefix = "workspace/ann"  # type: ignore[attr-defined]
    store._settings.published_prefix = "published/ann"  # type: ignore[attr-defined]
    check = store.check(thorough=True)
    assert check.ok, check.sentences


def matches(pattern: str, text: str) -> bool:
    """Return whether IAM's pattern has a text, with its escaped characters."""
    parts = re.split(r"(\$\{[*?$]\}|\*)", pattern)
    known = (
        ".*" if part == "*" else re.escape(part[2] if part.startswith("${") else part)
        for part in parts
    )
    return re.fullmatch("".join(known), text, re.DOTALL) is not None


def lists(policy: Policy, prefix: str) -> bool:
    [statement] = [known for known in policy["Statement"] if known["Sid"] == "List"]
    patterns = statement["Condition"]["StringLike"]["s3:prefix"]
    return any(matches(pattern, prefix) for pattern in patterns)


def test_listings_are_limited_to_what_may_be_read() -> None:
    place = Place("books", "workspace", "published")
    ann = policy_for_person(place, "ann")
    for prefix in ("workspace/ann/", "workspace/ann/a.ipynb", "published/"):
        assert lists(ann, prefix)
    for prefix in ("", "workspace/", "workspace/ben/", "workspace/annette/", "x"):
        assert not lists(ann, prefix)
    assert not lists(policy_for_reader(place), "workspace/ann/")
    assert not lists(policy_for_pruner(place), "published/")


@pytest.mark.parametrize("name", ["*", "a?n", "$x", "${aws:username}"])
def test_a_name_has_no_meaning_for_iam(name: str) -> None:
    policy = policy_for_person(Place("books", "workspace", "published"), name)
    assert lists(policy, f"workspace/{name}/x.ipynb")
    assert not lists(policy, "workspace/ben/x.ipynb")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", ".bookstore", "a\0"])
def test_a_name_that_is_no_folder_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequestError):
        policy_for_person(Place("books", "workspace", "published"), name)


def test_a_key_of_kms_and_another_partition_are_named() -> None:
    key = "arn:aws-cn:kms:cn-north-1:1:key/2"
    place = Place("books", "w", "p", region="cn-north-1", key=key)
    by_name = {known["Sid"]: known for known in policy_for_service(place)["Statement"]}
    assert by_name["Encryption"]["Resource"] == [key]
    assert by_name["Unpublish"]["Resource"] == ["arn:aws-cn:s3:::books/p/*"]
    assert "kms:GenerateDataKey" not in json.dumps(policy_for_reader(place))
