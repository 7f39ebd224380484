"""`jupyter bookstore prune` in a bucket whose store keeps some versions by itself."""

import json
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version
from bookstore_core.stores.s3.store import S3Store
from bookstore_core.stores.timeouts import Timeouts
from core.cli.conftest import NOW, Call
from core.saving import Traits, all_versions, save
from harness.command import Run
from harness.named_s3 import NAMED_URL

NAMED = ["named_s3"] if NAMED_URL in os.environ else []
KINDS = ["s3_server", *NAMED]
KEY, OTHER = "workspace/a.ipynb", "workspace/b.ipynb"
UNTIL = datetime.now(UTC) + timedelta(days=3)
DENIED = {
    "Effect": "Deny",
    "Principal": {"AWS": ["*"]},
    "Action": ["s3:DeleteObjectVersion"],
}
Connect = Callable[[BookstoreSettings, Timeouts], Any]


@pytest.fixture(params=KINDS)
def locking(request: pytest.FixtureRequest, connect: Connect) -> Traits:
    """The settings of a bucket with Object Lock."""
    traits = request.getfixturevalue(request.param)
    bucket = f"bucket-{secrets.token_hex(6)}"
    client = connect(BookstoreSettings(**traits), Timeouts(5, 30))
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    return {**traits, "s3_bucket": bucket}


@pytest.fixture
def client(locking: Traits, connect: Connect) -> Any:
    return connect(BookstoreSettings(**locking), Timeouts(5, 30))


@pytest.fixture
def bucket(locking: Traits, connect: Connect) -> S3Store:
    return S3Store(BookstoreSettings(**locking), connect=connect)


@pytest.fixture
def saved(bucket: S3Store) -> list[Version]:
    """Five versions of one notebook, two of another."""
    keys = [KEY] * 5 + [OTHER] * 2
    return [save(bucket, b"%d" % n, key=k, saved_at=NOW) for n, k in enumerate(keys)]


@pytest.fixture
def held(client: Any, saved: list[Version]) -> list[Version]:
    """Lock two versions of the first notebook in the same way, and one by a hold."""
    for version in saved[:2]:
        retention = {"Mode": "GOVERNANCE", "RetainUntilDate": UNTIL}
        client.put_object_retention(**row(version), Retention=retention)
    client.put_object_legal_hold(**row(saved[2]), LegalHold={"Status": "ON"})
    return saved[:3]


def row(version: Version) -> dict[str, str]:
    return {
        "Bucket": version.bucket,
        "Key": version.key,
        "VersionId": version.version_id,
    }


@pytest.fixture
def prune(run: Run, locking: Traits) -> Call:
    options = [f"--BookstoreSettings.{name}={value}" for name, value in locking.items()]
    rules = ("--all", "--keep-last=1", "--min-age=0d")
    return lambda *given: run("prune", *rules, *given, *options)


@pytest.mark.parametrize("yes", [False, True])
def test_what_is_locked_is_summed_up_by_the_reason(
    prune: Call, held: list[Version], bucket: S3Store, yes: bool
) -> None:
    done = prune(*(["--yes"] if yes else []))
    assert done.code == 0
    until = UNTIL.strftime("%Y-%m-%d")
    retention = f"kept: 2 versions. It is under retention (GOVERNANCE) until {until}."
    assert retention in done.out
    assert "kept: 1 version. It is under a legal hold." in done.out
    assert "1 of 5" in done.out
    assert "The store keeps 3 versions by Object Lock: 3 bytes." in done.out
    assert len(all_versions(bucket, KEY)) == (4 if yes else 5)


def test_programs_get_each_locked_version(prune: Call, held: list[Version]) -> None:
    told = json.loads(prune("--json").out)
    assert (told["removed"], told["locked"], told["refused"]) == (2, 3, 0)
    locked = told["notebooks"][0]["locked"]
    assert {*locked} == {version.version_id for version in held}


@pytest.mark.parametrize("locking", NAMED, indirect=True)  # moto ignores policies
def test_a_refused_removal_does_not_end_the_others(
    prune: Call, saved: list[Version], client: Any, bucket: S3Store
) -> None:
    resource = f"arn:aws:s3:::{bucket.bucket}/{KEY}"
    policy = {"Version": "2012-10-17", "Statement": [{**DENIED, "Resource": resource}]}
    client.put_bucket_policy(Bucket=bucket.bucket, Policy=json.dumps(policy))
    done = prune("--yes")
    assert done.code == 5
    assert "not removed: 4 versions." in done.out
    assert "Removed 1 version of 1 notebook" in done.out
    assert "did not remove 4 versions" in done.out
    client.delete_bucket_policy(Bucket=bucket.bucket)
    assert prune("--yes").code == 0
    assert len(all_versions(bucket, KEY)) == 1
