"""POST /api/bookstore/events: what S3 says is read from the store, and not believed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore
from bookstore_web.app.services import EXTENSION
from harness.sources import notebook_of
from harness.web_app import ServerSide

MakeClient = Callable[..., FlaskClient]
URL = "/api/bookstore/events"
TOKEN = {"Authorization": "Bearer of S3"}
#: Bodies as the documentation of each sender shows them, with a key of ours.
DOCUMENTED = Path(__file__).parents[3] / "fixtures" / "events"


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    return make_client(events_token="of S3")


def record(key: str, bucket: str) -> dict[str, Any]:
    event = {"bucket": {"name": bucket}, "object": {"key": key, "versionId": "x"}}
    return {"eventName": "ObjectCreated:Put", "s3": event}


def found(client: FlaskClient) -> list[str]:
    answer = client.get("/api/bookstore/search?q=xylophone")
    assert answer.status_code == 200, answer.text
    return [known["path"] for known in answer.json["notebooks"]]


def test_what_others_store_and_remove_is_found_at_once(
    client: FlaskClient, settings: BookstoreSettings, store: VersionStore, put: Any
) -> None:
    put("workspace/a.ipynb", notebook_of("xylophone"))
    assert found(client) == ["a.ipynb"]  # by a walk; the next is due in a minute
    put("workspace/b c+d.ipynb", notebook_of("xylophone"))
    store.mark_deleted("workspace/a.ipynb")
    assert found(client) == ["a.ipynb"]
    keys = ["workspace/b+c%2Bd.ipynb", "workspace/a.ipynb"]
    events = {"Records": [record(key, settings.bucket) for key in keys]}
    answer = client.post(URL, json=events, headers=TOKEN)
    assert answer.json == {"taken": 2, "ignored": 0}
    assert found(client) == ["b c+d.ipynb"]


def test_the_forms_of_minio_and_eventbridge_are_read(
    client: FlaskClient, settings: BookstoreSettings
) -> None:
    bucket = settings.bucket
    minio = {"EventName": "s3:ObjectCreated:Put", "Key": f"{bucket}/workspace/a.ipynb"}
    minio["Records"] = [record("workspace%2Fa.ipynb", bucket)]
    place = {"bucket": {"name": bucket}, "object": {"key": "workspace/a+b.ipynb"}}
    bridge = {"source": "aws.s3", "detail-type": "Object Created", "detail": place}
    for event in (minio, bridge):
        answer = client.post(URL, json=event, headers=TOKEN)
        assert answer.json == {"taken": 1, "ignored": 0}
    test = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": bucket}
    assert client.post(URL, json=test, headers=TOKEN).json["taken"] == 0


def test_what_is_not_ours_is_ignored(
    client: FlaskClient, settings: BookstoreSettings
) -> None:
    keys = (
        *("elsewhere/a.ipynb", "workspace/../a.ipynb", "workspace/", "workspace//a"),
        *("workspace/.bookstore/check", f"workspace/{'x' * 1100}"),
    )
    records = [record(key, settings.bucket) for key in keys]
    records.append(record("workspace/a.ipynb", "theirs"))
    answer = client.post(URL, json={"Records": records}, headers=TOKEN)
    assert answer.json == {"taken": 0, "ignored": 7}


def test_a_key_that_ceph_does_not_encode_is_read_as_it_is(
    client: FlaskClient, settings: BookstoreSettings, put: Any
) -> None:
    assert found(client) == []
    odd = ["a b+c.ipynb", "100%41.ipynb", "50%ff ü.ipynb"]
    for path in odd:
        put(f"workspace/{path}", notebook_of("xylophone"))
    records = [record(f"workspace/{path}", settings.bucket) for path in odd]
    events = [{**known, "eventSource": "ceph:s3"} for known in records]
    answer = client.post(URL, json={"Records": events}, headers=TOKEN)
    assert answer.json == {"taken": 3, "ignored": 0}
    assert sorted(found(client)) == sorted(odd)


def test_messages_of_sns_are_opened_and_its_question_is_logged(
    client: FlaskClient, settings: BookstoreSettings, caplog: pytest.LogCaptureFixture
) -> None:
    event = {"Records": [record("workspace/a.ipynb", settings.bucket)]}
    message = {"Type": "Notification", "Message": json.dumps(event)}
    answer = client.post(URL, data=json.dumps(message), headers=TOKEN)
    assert answer.json == {"taken": 1, "ignored": 0}
    nested = {"Type": "Notification", "Message": json.dumps(message)}
    assert client.post(URL, json=nested, headers=TOKEN).json["taken"] == 0
    address = "https://sns.example.org/?Action=ConfirmSubscription"
    question = {"Type": "SubscriptionConfirmation", "SubscribeURL": address}
    assert client.post(URL, json=question, headers=TOKEN).json["taken"] == 0
    assert address in caplog.text


@pytest.mark.parametrize("name", ["", "bookstore"])
def test_the_token_may_be_a_password_or_in_the_query(
    make_client: MakeClient, name: str
) -> None:
    client = make_client(events_token="of: S3+ü")
    events: dict[str, Any] = {"json": {"Records": []}}
    asked = client.post(URL, **events, auth=(name, "x"))
    assert asked.status_code == 401
    assert asked.headers["WWW-Authenticate"].startswith("Basic ")
    assert client.post(URL, **events, auth=(name, "of: S3+ü")).status_code == 200
    for token, code in [("of: S3+ü", 200), ("of: S3+u", 401), ("", 401)]:
        query = urlencode({"token": token})
        assert client.post(f"{URL}?{query}", **events).status_code == code


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer x", "token of S3", "Basic", "Basic x", "Basic b2YgUzM6"],
)
def test_events_without_the_token_are_refused(
    client: FlaskClient, authorization: str
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = client.post(URL, data=b"not even JSON", headers=headers)
    assert answer.status_code == 401
    assert "events_token" in answer.json["message"]


def test_without_the_setting_and_in_a_server_there_is_no_such_route(
    make_client: MakeClient, make_server_side: Callable[..., ServerSide]
) -> None:
    for token in ("", " "):
        headers = {"Authorization": f"Bearer {token}"}
        answer = make_client().post(URL, json={"Records": []}, headers=headers)
        assert answer.status_code == 404
    server = make_server_side(events_token="of S3")
    assert server.post(URL, json={"Records": []}, headers=TOKEN).status_code == 404


def test_no_user_is_needed(make_client: MakeClient) -> None:
    client = make_client(events_token="of S3", proxy_user_header="X-Forwarded-User")
    answer = client.post(URL, json={"Records": []}, headers=TOKEN)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{}", b"{", b"\xff", b'{"Records": {}}', b'{"Records": [1]}'),
        *(b'{"Records": [{}]}', b'{"Records": [{"s3": []}]}', b'{"detail": 1}'),
        b'{"Records": [{"s3": {"bucket": "b", "object": {"key": "k"}}}]}',
        b'{"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": 1}}}]}',
        b'{"Type": "Notification", "Message": "x"}',
        b'{"Type": "SubscriptionConfirmation"}',
        b'{"detail": {"bucket": {"name": "b"}, "object": {"key": "\\ud800"}}}',
        b'{"detail": {"bucket": {"name": "b"}, "object": {"key": "\\u0000"}}}',
        b"[" * 100_000,
    ],
)
def test_a_bad_body_is_refused_with_a_sentence(
    client: FlaskClient, body: bytes
) -> None:
    answer = client.post(URL, data=body, headers=TOKEN)
    assert answer.status_code == 400, answer.text
    assert answer.json["message"].endswith(".")


def test_too_many_events_are_refused(client: FlaskClient) -> None:
    many = {"Records": [record("a", "b")] * 501}
    assert client.post(URL, json=many, headers=TOKEN).status_code == 413
    big = {"Records": [], "x": "x" * (1 << 20)}
    assert client.post(URL, json=big, headers=TOKEN).status_code == 413


@pytest.mark.parametrize("name", sorted(p.stem for p in DOCUMENTED.glob("*.json")))
def test_bodies_are_read_as_their_senders_document_them(
    name: str, client: FlaskClient, settings: BookstoreSettings
) -> None:
    body = (DOCUMENTED / f"{name}.json").read_text().replace("BUCKET", settings.bucket)
    changed: list[str] = []
    client.application.extensions[EXTENSION].changed = changed.append
    kind = {"Content-Type": "text/plain; charset=UTF-8"}  # that of SNS
    answer = client.post(URL, data=body, headers=TOKEN | kind)
    assert answer.json == {"taken": int(name != "s3_test"), "ignored": 0}
    assert ("workspace/a b+ü.ipynb" in changed) == (name != "s3_test")
