"""The app before there are credentials for the store, and after."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from harness.s3_server import S3Server

LISTS = ["/api/bookstore/notebooks", "/bookstore/"]
KEYS = "[default]\naws_access_key_id = a\naws_secret_access_key = b\n"
ROLE = "role_arn = arn:aws:iam::1:role/r\nsource_profile = default\n"


@pytest.fixture
def client(make_client: Callable[..., FlaskClient]) -> Iterator[FlaskClient]:
    server = S3Server()
    server.start()
    server.make_bucket("late")
    none = {"s3_access_key_id": None, "s3_secret_access_key": None}
    traits = {"storage": "s3", "s3_endpoint_url": server.url, "s3_bucket": "late"}
    yield make_client(**traits, **none)
    server.stop()


@pytest.mark.parametrize("page", LISTS)
@pytest.mark.parametrize("needs_a_code", [False, True])
def test_pages_give_the_reason_until_there_are_credentials(
    client: FlaskClient, tmp_path: Path, page: str, needs_a_code: bool
) -> None:
    folder = tmp_path / "home" / ".aws"
    folder.mkdir()
    if needs_a_code:
        profile = f"[default]\n{ROLE}mfa_serial = arn:mfa/ann\n{KEYS[10:]}"
        (folder / "config").write_text(profile)
    reason = "Enter MFA code" if needs_a_code else "Unable to locate credentials"
    for _ in range(2):
        answer = client.get(page)
        assert answer.status_code == 502
        assert reason in answer.text
    state = client.get("/api/bookstore").json
    assert reason in str(state["store"])
    (folder / "config").unlink(missing_ok=True)
    (folder / "credentials").write_text(KEYS)
    assert client.get(page).status_code == 200
