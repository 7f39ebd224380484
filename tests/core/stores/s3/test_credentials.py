"""Credentials that come late, expire, or need a person."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bookstore_core.errors import (
    BookstoreError,
    CredentialsError,
    StorageUnavailableError,
)
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore, open_store
from bookstore_core.stores.s3 import credentials
from core.saving import KEY, MakeStore, Traits, contents_of, save
from harness.fault_proxy import Fault, FaultProxy
from harness.notebook_server import free_port
from harness.s3_server import make_bucket, s3_client

KEYS = "[default]\naws_access_key_id = {}\naws_secret_access_key = secret\n"
PYTHON = sys.executable


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """AWS's config file."""
    folder = tmp_path / "home" / ".aws"
    folder.mkdir()
    return folder / "config"


def keyless(url: str, bucket: str = "bucket", *, hurried: bool = False) -> VersionStore:
    settings = BookstoreSettings(s3_endpoint_url=url, s3_bucket=bucket)
    return open_store(settings, hurried=hurried)


def refusal(store: VersionStore) -> BookstoreError:
    with pytest.raises(BookstoreError) as raised:
        store.list_versions(KEY)
    return raised.value


def test_a_credentials_file_that_appears_later_is_read(
    s3_server: Traits, make_store: MakeStore, config: Path
) -> None:
    bucket = make_store(s3_server).bucket
    store = keyless(s3_server["s3_endpoint_url"], bucket)
    for _ in range(2):
        assert "Unable to locate credentials" in str(refusal(store))
    config.with_name("credentials").write_text(KEYS.format("LATE"))
    save(store)
    assert contents_of(store) == [b"{}"]


def test_missing_credentials_are_looked_for_once_by_all_who_wait(
    config: Path, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    words = f"import time; open('{count}', 'a').write('x'); time.sleep(0.5); exit('no')"
    config.write_text(f'[default]\ncredential_process = {PYTHON} -c "{words}"\n')
    store = keyless("http://127.0.0.1:9")
    together = threading.Barrier(4)

    def ask(_: int) -> str:
        together.wait()
        return str(refusal(store))

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1
    assert len(count.read_text()) == 1


ROLE = "role_arn = arn:aws:iam::1:role/r\n"
SESSION = "sso_session = work\nsso_account_id = 1\nsso_role_name = r\n"
SESSIONS = "[sso-session work]\nsso_region = us-east-1\nsso_start_url = https://a.b/\n"

CASES = {
    "none": ("", "Unable to locate credentials", "/.aws/credentials"),
    "mfa": (
        f"[default]\n{ROLE}mfa_serial = arn:mfa/ann\nsource_profile = base\n"
        "[profile base]\naws_access_key_id = a\naws_secret_access_key = b\n",
        "Enter MFA code for arn:mfa/ann",
        "aws sts get-session-token",
    ),
    "sso": (
        f"[default]\n{SESSION}{SESSIONS}",
        "Error loading SSO Token: Token for work does not exist",
        "aws sso login --profile default",
    ),
    "sso of another profile": (
        f"[default]\n{ROLE}source_profile = base\n[profile base]\n{SESSION}{SESSIONS}",
        "Error loading SSO Token: Token for work does not exist",
        "aws sso login --profile base",
    ),
    "process": (
        f"[default]\ncredential_process = {PYTHON} -c \"exit('boom')\"\n",
        "Error when retrieving credentials from custom-process: boom",
        "Run the credential_process of profile default",
    ),
    "process that asks": (
        f"[default]\ncredential_process = {PYTHON} -c \"open('/dev/tty')\"\n",
        "No such device or address: '/dev/tty'",
        "Run the credential_process",
    ),
    "process of another profile": (
        f"[default]\n{ROLE}source_profile = base\n"
        f"[profile base]\ncredential_process = {PYTHON} -c \"open('/dev/tty')\"\n",
        "No such device or address: '/dev/tty'",
        "Run the credential_process",
    ),
    "no such process": (
        "[default]\ncredential_process = /no/such/program\n",
        "No such file or directory: '/no/such/program'",
        "Provide /no/such/program",
    ),
    "process that prints something else": (
        "[default]\ncredential_process = echo hello\n",
        "Expecting value",
        "Correct profile default in",
    ),
    "web identity": (
        f"[default]\n{ROLE}web_identity_token_file = /no/such/token\n",
        "No such file or directory: '/no/such/token'",
        "Provide /no/such/token",
    ),
    "incomplete": (
        "[default]\naws_access_key_id = a\n",
        "Partial credentials found in config-file, missing: aws_secret_access_key",
        "Correct profile default in",
    ),
    "loop": (
        f"[default]\n{ROLE}source_profile = a\n[profile a]\n{ROLE}source_profile = "
        "default\n",
        "Infinite loop",
        "Correct profile default in",
    ),
    "no such source": (
        f"[default]\n{ROLE}source_profile = nobody\n",
        "nobody",
        "Correct profile default in",
    ),
    "damaged": ("nonsense", "Unable to parse config file", "/.aws/config"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_failure_to_find_credentials_is_a_reason_with_a_remedy(
    config: Path, case: str
) -> None:
    text, reason, remedy = CASES[case]
    config.write_text(text)
    error = refusal(keyless("http://127.0.0.1:9"))
    assert isinstance(error, CredentialsError)
    assert reason in str(error)
    assert remedy in str(error)
    assert "\n" not in str(error)
    assert error.wide


def test_a_missing_profile_is_a_reason_with_a_remedy(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    settings = BookstoreSettings(s3_bucket="b", s3_access_key_id="a")
    settings.s3_secret_access_key = "b"
    for store in (keyless("http://127.0.0.1:9"), open_store(settings)):
        error = refusal(store)
        assert "The config profile (nobody) could not be found" in str(error)
        assert f"Add the profile to {config}" in str(error)


def test_a_program_for_credentials_that_hangs_is_ended(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "PROCESS_SECONDS", 0.3)
    config.write_text("[default]\ncredential_process = sleep 60\n")
    assert "did not end within 0.3 seconds" in str(
        refusal(keyless("http://127.0.0.1:9"))
    )


def test_a_service_for_credentials_that_is_down_may_pass(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    config.write_text(f"[default]\n{ROLE}source_profile = a\n[profile a]\n")
    config.with_name("credentials").write_text(
        KEYS.format("A").replace("default", "a"),
    )
    error = refusal(keyless("http://127.0.0.1:9"))
    assert isinstance(error, StorageUnavailableError)
    assert "Could not connect to the endpoint URL" in str(error)
    assert "role of this machine" in str(error)


def write_program(path: Path, access_key: str) -> None:
    """Write a program that prints credentials, which are to be renewed at each use."""
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    keys = {"AccessKeyId": access_key, "SecretAccessKey": "secret"}
    path.write_text(
        f"print({json.dumps({'Version': 1, **keys, 'Expiration': soon})!r})"
    )


def test_credentials_that_could_not_be_renewed_are_tried_again(
    s3_server: Traits, make_store: MakeStore, config: Path, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    config.write_text(f"[default]\ncredential_process = {PYTHON} {program}\n")
    write_program(program, "FIRST")
    store = keyless(s3_server["s3_endpoint_url"], make_store(s3_server).bucket)
    save(store)
    program.write_text("exit('The session has ended.')")
    error = refusal(store)
    assert isinstance(error, CredentialsError)
    assert "The session has ended" in str(error)
    write_program(program, "SECOND")
    save(store)
    assert len(contents_of(store)) == 2


def test_stale_credentials_are_stale_for_every_client(
    s3_server: Traits, config: Path
) -> None:
    make_bucket(s3_client(s3_server["s3_endpoint_url"]), "alike")
    file = config.with_name("credentials")
    file.write_text(KEYS.format("OLD"))
    with FaultProxy(s3_server["s3_endpoint_url"]) as proxy:
        stores = [keyless(proxy.url, "alike", hurried=hurried) for hurried in (0, 1)]
        for store in stores:
            store.list_versions(KEY)
        proxy.fault = Fault("status", status=403, code="InvalidAccessKeyId")
        file.write_text(KEYS.format("NEW"))
        refused = str(refusal(stores[0]))
        proxy.fault = Fault("status", status=403, access_key="OLD")
        stores[1].list_versions(KEY)
    assert f"Renew those of profile default, in {file}" in refused
