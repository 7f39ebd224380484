"""Credentials from AWS's own files, variables and services; nobody is asked for them.

botocore looks for credentials in many places, and each fails in its own way. Whatever
happens while they are looked for or renewed becomes one of our errors, with the reason
in botocore's words and the file or command that helps.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import botocore.exceptions as failures

from bookstore_core.errors import (
    BookstoreError,
    CredentialsError,
    StorageUnavailableError,
)
from bookstore_core.paths import printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.s3.errors import CREDENTIALS, PASSING

#: Seconds after which a program that prints credentials is ended.
PROCESS_SECONDS = 10.0

#: The length at which a reason is cut: programs may print a lot.
MAX_REASON = 400

#: Failures on the way to a service that gives out credentials, which may pass.
UNREACHABLE = (
    failures.HTTPClientError,
    failures.ConnectionError,
    failures.MetadataRetrievalError,
)


class _WouldAsk(Exception):
    """botocore wants to ask a person for a code."""


@dataclass(frozen=True)
class Places:
    """Where botocore looks: the profile, its kind, and AWS's files."""

    profile: str
    config_file: str
    credentials_file: str
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def login(self) -> str:
        """The profile that signs in: this one, or the one it takes its role from."""
        name, seen = self.profile, set()
        while name not in seen:
            seen.add(name)
            source = self.profiles.get(name, {}).get("source_profile")
            name = source if isinstance(source, str) else name
        return name


def are_set(settings: BookstoreSettings) -> bool:
    """Return whether the settings themselves contain credentials, or a part of them."""
    return bool(settings.s3_access_key_id or settings.s3_secret_access_key)


def places_of(session: Any) -> Places:
    """Return where a session of botocore looks for credentials; never raises."""
    profiles: dict[str, dict[str, Any]] = {}
    with suppress(failures.BotoCoreError, OSError, ValueError):
        profiles = session.full_config.get("profiles", {})
    return Places(
        profile=session.get_config_variable("profile") or "default",
        config_file=_expanded(session.get_config_variable("config_file")),
        credentials_file=_expanded(session.get_config_variable("credentials_file")),
        profiles=profiles,
    )


def _expanded(name: str) -> str:
    return os.path.expanduser(os.path.expandvars(name))  # as botocore does


def find_credentials(session: Any, region: str) -> Any:
    """Return the credentials that botocore finds, in `region` if AWS's files name none.

    Raises CredentialsError if there are none, and StorageUnavailableError if a service
    that gives them out cannot be reached.
    """
    with explained(session):
        if region and not session.get_config_variable("region"):
            session.set_config_variable("region", region)
        _never_ask(session)
        found = session.get_credentials()
        if found is None:
            raise failures.NoCredentialsError
        return found


def renew_credentials(session: Any, found: Any) -> None:
    """Renew credentials that expire soon; raises what `find_credentials` raises."""
    with explained(session):
        found.get_frozen_credentials()


@contextmanager
def explained(session: Any) -> Iterator[None]:
    """Raise one of our errors for whatever is raised about credentials."""
    try:
        yield
    except Exception as error:  # providers raise anything
        raise explain(error, places_of(session)) from error


def _never_ask(session: Any) -> None:
    # botocore has no public setting for these.
    resolver = session.get_component("credential_provider")
    role = resolver.get_provider("assume-role")
    role._prompter = _refuse_to_ask
    resolver.get_provider("custom-process")._popen = _Process
    builder = role._profile_provider_builder
    make = builder._create_process_provider

    def quiet(profile_name: str) -> Any:
        provider = make(profile_name)
        provider._popen = _Process
        return provider

    builder._create_process_provider = quiet


def _refuse_to_ask(prompt: str = "") -> NoReturn:
    raise _WouldAsk(prompt.strip().rstrip(":") or "A code is needed")


class _Process(subprocess.Popen[bytes]):
    """A program that prints credentials: without a terminal, and with a time limit."""

    def __init__(self, words: list[str], **options: Any) -> None:
        super().__init__(
            words, stdin=subprocess.DEVNULL, start_new_session=True, **options
        )

    def communicate(
        self, input: bytes | None = None, timeout: float | None = None
    ) -> tuple[bytes, bytes]:
        """Return what it prints; raises CredentialRetrievalError if it does not end."""
        try:
            return super().communicate(input, timeout or PROCESS_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            super().communicate()
            raise failures.CredentialRetrievalError(
                provider="custom-process",
                error_msg=f"it did not end within {PROCESS_SECONDS:g} seconds",
            ) from None


def explain(error: Exception, places: Places) -> BookstoreError:
    """Return our error for a failure to find or to renew credentials."""
    if isinstance(error, BookstoreError):
        return error
    passing = _may_pass(error)
    kind = StorageUnavailableError if passing else CredentialsError
    remedy = _remedy_for(error, places)
    when = " now" if passing else ""
    ours = kind(
        f"There are no credentials for the store{when}: {_reason_of(error)}. {remedy}"
    )
    ours.cause, ours.wide = f"{CREDENTIALS} {type(error).__name__}", True
    return ours


def _reason_of(error: Exception) -> str:
    text = printable(" ".join(str(error).split())).strip().rstrip(".:")
    if len(text) > MAX_REASON:
        text = f"{text[:MAX_REASON]}..."
    return text or type(error).__name__


def _may_pass(error: Exception) -> bool:
    if isinstance(error, failures.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response.get("Error", {}).get("Code") in PASSING or status >= 500
    return isinstance(error, UNREACHABLE)


def _remedy_for(error: Exception, places: Places) -> str:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    profile, config = places.profile, places.config_file
    if isinstance(error, UNREACHABLE):
        return (
            "Check the network, and the role of this machine or profile "
            f"{profile} in {config}."
        )
    if isinstance(error, failures.NoCredentialsError):
        return _where_to_put_them(places)
    if kinds & {"_WouldAsk", "RefreshWithMFAUnsupportedError"}:
        return (
            f"Profile {profile} in {config} needs a code (mfa_serial), for which a "
            "server cannot ask. Get temporary credentials with 'aws sts "
            f"get-session-token' and put them into {places.credentials_file}, or "
            "choose another profile with AWS_PROFILE."
        )
    provider = str(getattr(error, "kwargs", {}).get("provider", ""))
    if kinds & {"SSOError", "TokenRetrievalError"} or provider == "sso":
        return f"Run: aws sso login --profile {places.login}"
    if "LoginError" in kinds or provider == "login":
        return f"Run: aws login --profile {places.login}"
    if provider == "explicit":
        return (
            "Set both BookstoreSettings.s3_access_key_id and s3_secret_access_key, or "
            "neither."
        )
    return _file_to_correct(error, places, provider)


def _where_to_put_them(places: Places) -> str:
    file = Path(places.credentials_file)
    missing = " (there is no such file)" if not file.exists() else ""
    if not missing and not os.access(file, os.R_OK):
        missing = " (it cannot be read by this user)"
    return (
        f"Put them into {file}{missing} for profile {places.profile}, set "
        "BookstoreSettings.s3_access_key_id and s3_secret_access_key, or use another "
        "credential source of AWS."
    )


def _file_to_correct(error: Exception, places: Places, provider: str) -> str:
    profile, config = places.profile, places.config_file
    if isinstance(error, failures.ProfileNotFound):
        return (
            f"Add the profile to {config} or {places.credentials_file}, or correct "
            "AWS_PROFILE."
        )
    if provider == "custom-process":
        return (
            f"Run the credential_process of profile {profile} in {config} in a "
            "terminal, and correct what it reports."
        )
    if isinstance(error, OSError) and error.filename:
        return (
            f"Provide {error.filename}, or correct the place that names it: {config}, "
            f"profile {profile}, or an AWS variable of the environment."
        )
    if provider == "shared-credentials-file":
        return f"Correct profile {profile} in {places.credentials_file}."
    if provider == "env":
        return "Correct the AWS variables of the environment."
    return f"Correct profile {profile} in {config} or {places.credentials_file}."
