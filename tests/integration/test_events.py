"""S3's event notifications, as a real server sends them: `make test-s3`.

A topic of Ceph posts what happens in a bucket to the service, with a token.
"""

import json
import os
import secrets
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import botocore.session
import pytest
import requests

from bookstore_core.clock import utc_now
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionMetadata, VersionStore, new_save_id, open_store
from harness.named_s3 import NAMED_URL, NamedS3
from harness.service_process import ServiceProcess
from harness.sources import notebook_of
from harness.waiting import wait_for

pytestmark = pytest.mark.server

NAMED = ["named_s3"] if NAMED_URL in os.environ else []
TOKEN = "of S3+ü"
#: Ceph 16.2 ends if these include the removal of versions, and several are removed.
EVENTS = ["s3:ObjectCreated:*", "s3:ObjectRemoved:DeleteMarkerCreated"]
ODD = "reports ü/a b+c 100%41.ipynb"


@pytest.fixture(params=NAMED)
def settings() -> dict[str, str]:
    """The settings of a bucket of the test's own."""
    s3 = NamedS3()
    return s3.settings(s3.make_bucket(f"events-{secrets.token_hex(6)}"))


@pytest.fixture
def store(settings: dict[str, str]) -> VersionStore:
    return open_store(BookstoreSettings(**settings))


@pytest.fixture
def service(tmp_path: Path, settings: dict[str, str]) -> Iterator[str]:
    """A service that is told what happens in the bucket; yields its URL."""
    open_to_all = {"auth": "none", "proxy_secret": "", "proxy_user_header": ""}
    database = f"sqlite:///{tmp_path}/catalogue.sqlite"
    traits = {**open_to_all, **settings, "catalogue_url": database}
    process = ServiceProcess(tmp_path / "home", **traits, events_token=TOKEN)
    process.start()
    try:
        query = urlencode({"token": TOKEN})
        notify(settings, f"{process.url}/api/bookstore/events?{query}")
        yield process.url
    finally:
        process.kill()


def notify(settings: dict[str, str], address: str) -> None:
    topics: Any = botocore.session.get_session().create_client(
        "sns",
        endpoint_url=settings["s3_endpoint_url"],
        region_name="default",
        aws_access_key_id=settings["s3_access_key_id"],
        aws_secret_access_key=settings["s3_secret_access_key"],
    )
    named = {"Name": settings["s3_bucket"], "Attributes": {"push-endpoint": address}}
    topic = {"Id": "search", "TopicArn": topics.create_topic(**named)["TopicArn"]}
    NamedS3().client().put_bucket_notification_configuration(
        Bucket=settings["s3_bucket"],
        NotificationConfiguration={
            "TopicConfigurations": [{**topic, "Events": EVENTS}]
        },
    )


def put(store: VersionStore, path: str, source: str) -> None:
    """Save by another road than the service's."""
    content = json.dumps(notebook_of(source)).encode()
    metadata = VersionMetadata(new_save_id(), utc_now())
    store.put(
        f"workspace/{path}", BytesIO(content), size=len(content), metadata=metadata
    )


def found(service: str, q: str) -> list[str]:
    answer = requests.get(
        f"{service}/api/bookstore/search", params={"q": q}, timeout=30
    )
    assert answer.ok, answer.text
    return [known["path"] for known in answer.json()["notebooks"]]


def test_what_comes_by_another_road_is_found_and_what_is_marked_deleted_is_not(
    service: str, store: VersionStore
) -> None:
    assert found(service, "xylophone") == []  # after this walk, only events tell
    put(store, ODD, "play(xylophone)")
    wait_for(lambda: found(service, "xylophone") == [ODD], what="the save", seconds=10)
    put(store, ODD, "play(marimba)")
    wait_for(lambda: found(service, "marimba") == [ODD], what="the change", seconds=10)
    assert found(service, "xylophone") == []
    store.mark_deleted(f"workspace/{ODD}")
    wait_for(lambda: found(service, "marimba") == [], what="the removal", seconds=10)


def test_a_prune_of_such_a_bucket_works(service: str, store: VersionStore) -> None:
    for number in range(4):
        put(store, ODD, f"play({number})")
    key = f"workspace/{ODD}"
    old = store.list_versions(key).versions[1:]
    assert len(store.remove_versions(key, old).removed) == 3
    assert len(store.list_versions(key).versions) == 1
