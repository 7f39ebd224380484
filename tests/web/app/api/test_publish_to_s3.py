"""Publishing to an S3 that refuses: its reason is returned."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

ENVELOPE = '<?xml version="1.0"?><Error><Code>{}</Code><Message>{}</Message></Error>'


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "AccessDenied", 403),
        (400, "SomethingOdd", 502),
        (501, "NotImplemented", 502),
        (503, "SlowDown", 503),
        (404, "NoSuchBucket", 502),
        (403, "SignatureDoesNotMatch", 502),
    ],
)
def test_a_refusal_of_the_store_is_returned_with_its_reason(
    make_client: Callable[..., FlaskClient],
    serve: Callable[..., str],
    notebook: dict[str, Any],
    status: int,
    code: str,
    expected: int,
) -> None:
    body = ENVELOPE.format(code, "because of the moon")
    client = make_client(
        storage="s3",
        s3_bucket="books",
        s3_endpoint_url=serve(Response(body, status, mimetype="application/xml")),
        s3_access_key_id="AKIATESTTESTTEST",
        s3_secret_access_key="a-secret-that-is-not-shown",
    )
    answer = client.put(
        "/api/bookstore/publish/a.ipynb",
        json={"type": "notebook", "content": notebook},
    )
    assert answer.status_code == expected, answer.text
    if code != "NoSuchBucket":
        assert "because of the moon" in answer.json["message"]
