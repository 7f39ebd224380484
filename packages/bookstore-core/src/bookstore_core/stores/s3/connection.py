"""BotocoreConnection: calls to S3, or to a server that speaks S3.

The one module that imports botocore. Nothing is contacted before the first call.
"""

import io
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import botocore
import botocore.exceptions as failures
import botocore.session
from botocore.config import Config
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from bookstore_core import __version__
from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    InvalidRequestError,
    StorageError,
    StorageUnavailableError,
)
from bookstore_core.settings import DEFAULT_ENDPOINT_URL, BookstoreSettings
from bookstore_core.stores.s3.errors import (
    STALE_CREDENTIALS,
    Asked,
    Failure,
    translate_failure,
)
from bookstore_core.stores.streams import GuardedBody


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait for a connection, and for the next bytes on it."""

    connect: float
    read: float


FOR_WORK = Timeouts(5, 30)
FOR_CHECKS = Timeouts(2, 2.5)
#: For those who look at a page meanwhile: an answer within five seconds, a bad one too.
FOR_PEOPLE = Timeouts(2, 3)

#: Reads are tried so often, unless the first tries already took this long (seconds).
READ_ATTEMPTS = 3
READ_PATIENCE = 10.0
HURRIED_READ_PATIENCE = 0.5

#: Connections are kept for so many who ask side by side, each from as many threads as
#: an uploader has: the threads of the web app. Others are there besides.
ASKERS = 4
SPARE_CONNECTIONS = 4

_making = threading.Lock()


def _renew_lock() -> None:
    # A thread of the parent may have held it at the fork, and does not exist here.
    global _making
    _making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def new_client(settings: BookstoreSettings, patience: Timeouts) -> Any:
    """Return a new botocore client for S3, by the settings alone.

    The settings say where to send and how often, so AWS_ENDPOINT_URL and the retry
    settings of AWS's own files do not; credentials may come from there.
    """
    url = settings.s3_endpoint_url.rstrip("/")
    elsewhere = url != DEFAULT_ENDPOINT_URL
    style = settings.s3_addressing_style
    if elsewhere and style == "auto":
        style = "path"
    # Servers other than S3 fail on the checksums that botocore adds by default.
    checksums = "when_required" if elsewhere else "when_supported"
    config = Config(
        connect_timeout=patience.connect,
        read_timeout=patience.read,
        max_pool_connections=settings.max_threads * ASKERS + SPARE_CONNECTIONS,
        # botocore repeats a PUT whose answer was lost, and so writes it twice.
        retries={"total_max_attempts": 1, "mode": "standard"},
        s3={"addressing_style": style, "use_accelerate_endpoint": False},
        request_checksum_calculation=checksums,
        response_checksum_validation=checksums,
        ignore_configured_endpoint_urls=True,
        # botocore's own takes a twelfth of a PUT to put together, each time anew.
        user_agent=f"bookstore/{__version__} botocore/{botocore.__version__}",
        tcp_keepalive=True,
    )
    client = botocore.session.Session().create_client(
        "s3",
        region_name=settings.s3_region_name or None,
        endpoint_url=url if elsewhere else None,
        aws_access_key_id=settings.s3_access_key_id or None,
        aws_secret_access_key=settings.s3_secret_access_key or None,
        aws_session_token=settings.s3_session_token or None,
        config=config,
    )
    client.meta.events.register_last("before-call.s3.PutObject", _send_at_once)
    return client


def _send_at_once(params: dict[str, Any], **_: Any) -> None:
    # botocore makes a stream of bytes, and announces streams by `Expect: 100-continue`:
    # one more answer to wait for, and two packets, for what fits into the first.
    body = params.get("body")
    if isinstance(body, io.BytesIO):
        params["body"] = body.getvalue()
        params["headers"].pop("Expect", None)


#: Everything that a call of botocore raises on purpose, and the network beneath it.
RAISED: tuple[type[Exception], ...] = (
    failures.ClientError,
    failures.BotoCoreError,
    ResponseParserError,
    HTTPError,
    OSError,
)

#: Content that was damaged on its way.
DAMAGED = (failures.IncompleteReadError, failures.FlexibleChecksumError)

#: Failures of the network and of whoever hands out credentials: they pass.
PASSING: tuple[type[Exception], ...] = (
    *DAMAGED,
    failures.HTTPClientError,
    failures.ConnectionError,
    failures.CredentialRetrievalError,
    failures.MetadataRetrievalError,
    failures.TokenRetrievalError,
    failures.SSOError,
    HTTPError,
    OSError,
)

NO_CREDENTIALS = (failures.NoCredentialsError, failures.PartialCredentialsError)
TIMEOUTS = (failures.ConnectTimeoutError, failures.ReadTimeoutError)


def failure_of(error: Exception) -> Failure:
    """Take a failed answer of S3 out of botocore's exception."""
    answer: dict[str, Any] = getattr(error, "response", {})
    said = answer.get("Error", {})
    code = str(said.get("Code", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return Failure(
        code=code,
        # A HEAD has no body: its code is the status.
        status=status or (int(code) if code.isdecimal() else 0),
        message=str(said.get("Message") or ""),
    )


def translate_error(error: Exception, asked: Asked, endpoint: str) -> BookstoreError:
    """Return the error of ours that one of `RAISED` means."""
    if isinstance(error, failures.ClientError):
        return translate_failure(failure_of(error), asked)
    if isinstance(error, failures.ParamValidationError):
        return _invalid_parameter(error, asked)
    if isinstance(error, NO_CREDENTIALS):
        return ConfigurationError(
            "There are no credentials for the store. Set "
            "BookstoreSettings.s3_access_key_id and s3_secret_access_key, or any of "
            "AWS's own ways."
        )
    if isinstance(error, ResponseParserError):
        return StorageError(
            f"The server at {endpoint} does not answer as S3 does. Check "
            "BookstoreSettings.s3_endpoint_url."
        )
    reason = _reason_of(error)
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return ConfigurationError(
            f"The certificate of {endpoint} is not trusted: {reason}. Name its "
            "authority in AWS_CA_BUNDLE."
        )
    if isinstance(error, PASSING):
        unreachable = StorageUnavailableError(
            f"The store at {endpoint} cannot be used now: {reason}."
        )
        unreachable.cause, unreachable.wide = reason, not isinstance(error, DAMAGED)
        return unreachable
    return ConfigurationError(f"The store cannot be used with the settings: {error}")


def _invalid_parameter(error: Exception, asked: Asked) -> BookstoreError:
    if "Invalid bucket name" in str(error):
        if asked.own:
            return ConfigurationError(
                f"{asked.bucket!r} cannot be the name of a bucket. Correct "
                "BookstoreSettings.s3_bucket."
            )
        return InvalidRequestError(f"{asked.bucket!r} cannot be a bucket's name.")
    return InvalidRequestError(f"The store cannot be asked for that: {error}")


def _reason_of(error: Exception) -> str:
    if isinstance(error, TIMEOUTS):
        return "it did not answer in time"
    # botocore's own words name objects and URLs; the system's say what happened.
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, failures.ConnectionClosedError):
        return "it closed the connection"
    return type(error).__name__


class BotocoreConnection:
    """Calls of botocore, which raise errors of ours alone.

    There is one client for each process and patience, made at the first call.
    """

    def __init__(
        self,
        settings: BookstoreSettings,
        *,
        connect: Callable[[BookstoreSettings, Timeouts], Any],
        pause: Callable[[float], None],
        hurried: bool = False,
    ) -> None:
        self._settings = settings
        self._patience = FOR_PEOPLE if hurried else FOR_WORK
        self._read_patience = HURRIED_READ_PATIENCE if hurried else READ_PATIENCE
        self._connect = connect
        self._pause = pause
        self._clients: dict[tuple[int, Timeouts], Any] = {}

    @property
    def endpoint(self) -> str:
        """The address of the store, for people."""
        # An address may hold a password before its @, and this one is shown.
        scheme, _, rest = self._settings.s3_endpoint_url.rstrip("/").rpartition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}" if scheme else rest

    def ask(
        self, operation: str, asked: Asked, *, brief: bool = False, **parameters: Any
    ) -> dict[str, Any]:
        """Ask once for an operation; with little patience when it is to be `brief`."""
        patience = FOR_CHECKS if brief else self._patience
        client = self._client(patience)
        try:
            answer: dict[str, Any] = getattr(client, operation)(
                **asked.target, **parameters
            )
        except RAISED as error:
            ours = self._translate(error, asked)
            if ours.cause in STALE_CREDENTIALS:
                self._forget(client, patience)
            raise ours from error
        return answer

    def read(self, operation: str, asked: Asked, **parameters: Any) -> dict[str, Any]:
        """Ask for what changes nothing, and again after failures that pass."""
        patient_until = time.monotonic() + self._read_patience
        for attempt in range(1, READ_ATTEMPTS):
            try:
                return self.ask(operation, asked, **parameters)
            except StorageUnavailableError:
                if time.monotonic() > patient_until:
                    raise
            self._pause(random.uniform(0.05, 0.15) * 2**attempt)  # noqa: S311  # jitter
        return self.ask(operation, asked, **parameters)

    def guard(self, body: Any, asked: Asked) -> GuardedBody:
        """Wrap an answered body, so that reading it raises errors of ours alone."""
        return GuardedBody(
            body, failures=RAISED, translate=lambda e: self._translate(e, asked)
        )

    def _client(self, patience: Timeouts) -> Any:
        wanted = (os.getpid(), patience)
        client = self._clients.get(wanted)
        if client is None:
            with _making:
                client = self._clients.get(wanted)
                if client is None:
                    client = self._clients[wanted] = self._make_client(patience)
        return client

    def _forget(self, client: Any, patience: Timeouts) -> None:
        """Have the next call read the credentials again: there may be new ones."""
        made = (os.getpid(), patience)
        with _making:
            if self._clients.get(made) is client:
                del self._clients[made]

    def _make_client(self, patience: Timeouts) -> Any:
        try:
            return self._connect(self._settings, patience)
        except (failures.BotoCoreError, ValueError) as error:
            raise ConfigurationError(
                f"The store cannot be used with the settings: {error}"
            ) from error

    def _translate(self, error: Exception, asked: Asked) -> BookstoreError:
        ours = translate_error(error, asked, self.endpoint)
        settings, sentence = self._settings, str(ours)
        for secret in (
            settings.s3_secret_access_key,
            settings.s3_session_token,
            settings.s3_access_key_id,
        ):
            sentence = sentence.replace(secret, "***") if secret else sentence
        ours.args = (sentence,)
        return ours
