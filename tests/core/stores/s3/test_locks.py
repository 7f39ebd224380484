"""Object Lock: what a bucket keeps stays and is said, and all else works there."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest

from bookstore_core.history import History
from bookstore_core.moved_notes import note_key, write_note
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, Version
from bookstore_core.stores.s3.store import S3Store
from bookstore_core.stores.s3.upkeep.locks import lock_in
from bookstore_core.stores.timeouts import Timeouts
from core.conftest import S3_KINDS
from core.saving import (
    KEY,
    Traits,
    all_versions,
    contents_of,
    metadata_for,
    save,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
OLD, NEW = "workspace/a.ipynb", "workspace/b.ipynb"
RETENTION = {"Mode": "GOVERNANCE", "Days": 1}
Lock = Callable[[Version, str], None]
Connect = Callable[[BookstoreSettings, Timeouts], Any]


@pytest.fixture(params=[k for k in S3_KINDS if k in ("ministack", "named_s3")])
def s3_traits_in_turn(request: pytest.FixtureRequest) -> Traits:
    """The settings of servers that obey Object Lock; moto forgets default retention."""
    value: Traits = request.getfixturevalue(request.param)
    return value


@pytest.fixture
def bucket() -> str:
    return f"bucket-{secrets.token_hex(6)}"


@pytest.fixture
def client(s3_traits_in_turn: Traits, connect: Connect) -> Any:
    return connect(BookstoreSettings(**s3_traits_in_turn), Timeouts(5, 30))


@pytest.fixture
def locking(
    client: Any, bucket: str, s3_traits_in_turn: Traits, connect: Connect
) -> S3Store:
    """A store in a bucket with Object Lock."""
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    settings = BookstoreSettings(**{**s3_traits_in_turn, "s3_bucket": bucket})
    return S3Store(settings, connect=connect)


@pytest.fixture
def lock(client: Any) -> Lock:
    """Lock a version: HOLD, or a mode of retention."""

    def lock(version: Version, how: str) -> None:
        row = {"Bucket": version.bucket, "Key": version.key}
        row["VersionId"] = version.version_id
        if how == "HOLD":
            client.put_object_legal_hold(**row, LegalHold={"Status": "ON"})
            return
        until = datetime.now(UTC) + DAY
        retention = {"Mode": how, "RetainUntilDate": until}
        client.put_object_retention(**row, Retention=retention)

    return lock


@pytest.mark.parametrize("how", ["HOLD", "GOVERNANCE", "COMPLIANCE"])
def test_a_locked_version_stays_and_the_rest_goes(
    locking: S3Store, lock: Lock, how: str
) -> None:
    kept, free, _ = [save(locking, b"%d" % number) for number in range(3)]
    lock(kept, how)
    for _ in range(2):
        removal = locking.remove_versions(KEY, [kept, free])
        assert removal.removed == (free.version_id,)
        assert [*removal.locked] == [kept.version_id]
        assert not removal.refused
    assert contents_of(locking) == [b"2", b"0"]


@pytest.mark.parametrize("how", ["HOLD", "GOVERNANCE"])
def test_a_dry_run_knows_what_is_locked(locking: S3Store, lock: Lock, how: str) -> None:
    first = save(locking, b"0")
    save(locking, b"1")
    lock(first, how)
    known = locking.head(KEY, first.version_id)
    assert ("hold" if how == "HOLD" else how) in known.locked
    removal = locking.remove_versions(KEY, [known], dry_run=True)
    assert removal.locked == {first.version_id: known.locked}
    assert (removal.removed, removal.freed) == ((), 0)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, ""),
        ({"ObjectLockLegalHoldStatus": "OFF"}, ""),
        ({"ObjectLockLegalHoldStatus": "ON"}, "legal hold"),
        ({"ObjectLockMode": "COMPLIANCE"}, "COMPLIANCE"),
        ({"ObjectLockMode": "X", "ObjectLockRetainUntilDate": NOW - DAY}, ""),
        ({"ObjectLockMode": "X", "ObjectLockRetainUntilDate": NOW}, ""),
        ({"ObjectLockMode": "X", "ObjectLockRetainUntilDate": NOW + DAY}, "2030-01-02"),
    ],
)
def test_a_lock_that_has_ended_is_none(answer: dict[str, Any], said: str) -> None:
    lock = lock_in(answer, now=NOW)
    assert said in lock
    assert bool(said) == bool(lock)


@pytest.fixture
def retaining(locking: S3Store, client: Any, bucket: str) -> S3Store:
    """A store in a bucket that locks whatever is written into it."""
    client.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": RETENTION},
        },
    )
    return locking


def test_saving_and_labels_work_under_a_default_retention(retaining: S3Store) -> None:
    first = save(retaining, b"0")
    save(retaining, b"1" * 500_000)
    retaining.set_label(KEY, first.version_id, Label("sent"))
    retaining.set_label(KEY, first.version_id, Label("sent again"))
    assert [*retaining.labels_named(KEY, "sent again")] == [first.version_id]
    retaining.set_label(KEY, first.version_id, None)
    assert retaining.labels(KEY) == {}
    assert len(all_versions(retaining, KEY)) == 2


def test_renames_and_unpublishing_work_under_a_default_retention(
    retaining: S3Store,
) -> None:
    save(retaining, b"0", key=OLD)
    save(retaining, write_note("b.ipynb"), key=note_key(OLD))
    moved = replace(metadata_for(b"1"), moved_from="a.ipynb", source_path="b.ipynb")
    retaining.put(NEW, BytesIO(b"1"), size=1, metadata=moved)
    page = History(retaining, BookstoreSettings()).page("b.ipynb", limit=10)
    assert len(page.rows) == 2
    assert retaining.mark_deleted(OLD).deleted


def test_doctor_and_init_work_under_a_default_retention(retaining: S3Store) -> None:
    assert retaining.prepare() == []
    findings = retaining.check(thorough=True).findings
    assert [known.sentence for known in findings if not known.ok] == []
