"""BotocoreConnection: calls to S3, or to a compatible server.

This is the only module that imports botocore. The first call contacts the server.
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
#: For a person who waits for a page: an answer or an error within five seconds.
FOR_PEOPLE = Timeouts(2, 3)

#: The number of attempts of a read, unless the first took this many seconds.
READ_ATTEMPTS = 3
READ_PATIENCE = 10.0
HURRIED_READ_PATIENCE = 0.5

#: The pool keeps connections for so many parallel callers (the threads of the web
#: app), each with as many threads as an uploader has, and some more.
ASKERS = 4
SPARE_CONNECTIONS = 4

_making = threading.Lock()


def _renew_lock() -> None:
    # A thread of the parent may have held it at the fork, and is missing here.
    global _making
    _making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def new_client(settings: BookstoreSettings, timeouts: Timeouts) -> Any:
    """Return a new botocore client for S3.

    Our settings alone decide the endpoint and the retries: AWS_ENDPOINT_URL and the
    retry settings in AWS's files are ignored. Credentials may come from there.
    """
    url = settings.s3_endpoint_url.rstrip("/")
    elsewhere = url != DEFAULT_ENDPOINT_URL
    style = settings.s3_addressing_style
    if elsewhere and style == "auto":
        style = "path"
    # Other servers than S3 may refuse the checksums that botocore adds by default.
    checksums = "when_required" if elsewhere else "when_supported"
    config = Config(
        connect_timeout=timeouts.connect,
        read_timeout=timeouts.read,
        max_pool_connections=settings.max_threads * ASKERS + SPARE_CONNECTIONS,
        # botocore would repeat a PUT whose answer was lost, and write it twice.
        retries={"total_max_attempts": 1, "mode": "standard"},
        s3={"addressing_style": style, "use_accelerate_endpoint": False},
        request_checksum_calculation=checksums,
        response_checksum_validation=checksums,
        ignore_configured_endpoint_urls=True,
        # botocore builds its own for each request, a twelfth of the time of a PUT.
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
    # botocore wraps bytes in a stream, and sends `Expect: 100-continue` for streams:
    # one more round trip for content that fits into the first packet.
    body = params.get("body")
    if isinstance(body, io.BytesIO):
        params["body"] = body.getvalue()
        params["headers"].pop("Expect", None)


#: All exceptions that calls of botocore, and the network below it, can raise.
RAISED: tuple[type[Exception], ...] = (
    failures.ClientError,
    failures.BotoCoreError,
    ResponseParserError,
    HTTPError,
    OSError,
)

#: Content that was damaged in transit.
DAMAGED = (failures.IncompleteReadError, failures.FlexibleChecksumError)

#: Failures of the network and of credential providers, which may pass.
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
    """Return the failed answer of S3 in botocore's exception."""
    answer: dict[str, Any] = getattr(error, "response", {})
    details = answer.get("Error", {})
    code = str(details.get("Code", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return Failure(
        code=code,
        # A HEAD has no body: its code is the status.
        status=status or (int(code) if code.isdecimal() else 0),
        message=str(details.get("Message") or ""),
    )


def translate_error(error: Exception, asked: Asked, endpoint: str) -> BookstoreError:
    """Return our error for one of `RAISED`."""
    if isinstance(error, failures.ClientError):
        return translate_failure(failure_of(error), asked)
    if isinstance(error, failures.ParamValidationError):
        return _invalid_parameter(error, asked)
    if isinstance(error, NO_CREDENTIALS):
        return ConfigurationError(
            "There are no credentials for the store. Set "
            "BookstoreSettings.s3_access_key_id and s3_secret_access_key, or use "
            "another credential source of AWS."
        )
    if isinstance(error, ResponseParserError):
        return StorageError(
            f"The server at {endpoint} does not answer like S3. Check "
            "BookstoreSettings.s3_endpoint_url."
        )
    reason = _reason_of(error)
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return ConfigurationError(
            f"The certificate of {endpoint} is not trusted: {reason}. Set "
            "AWS_CA_BUNDLE to the file of its certificate authority."
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
                f"{asked.bucket!r} is not a valid bucket name. Correct "
                "BookstoreSettings.s3_bucket."
            )
        return InvalidRequestError(f"{asked.bucket!r} is not a valid bucket name.")
    return InvalidRequestError(f"The request to the store is not valid: {error}")


def _reason_of(error: Exception) -> str:
    if isinstance(error, TIMEOUTS):
        return "it did not answer in time"
    # botocore's messages name objects and URLs; the system's describe the failure.
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, failures.ConnectionClosedError):
        return "it closed the connection"
    return type(error).__name__


class BotocoreConnection:
    """Calls of botocore, which raise only our own errors.

    There is one client for each process and each `Timeouts`, made at its first call.
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
        self._timeouts = FOR_PEOPLE if hurried else FOR_WORK
        self._read_patience = HURRIED_READ_PATIENCE if hurried else READ_PATIENCE
        self._connect = connect
        self._pause = pause
        self._clients: dict[tuple[int, Timeouts], Any] = {}

    @property
    def endpoint(self) -> str:
        """The address of the store, for messages."""
        # A URL may contain a password before its @, which must not be shown.
        scheme, _, rest = self._settings.s3_endpoint_url.rstrip("/").rpartition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}" if scheme else rest

    def ask(
        self, operation: str, asked: Asked, *, brief: bool = False, **parameters: Any
    ) -> dict[str, Any]:
        """Call an operation once; a `brief` call has short timeouts."""
        timeouts = FOR_CHECKS if brief else self._timeouts
        client = self._client(timeouts)
        try:
            answer: dict[str, Any] = getattr(client, operation)(
                **asked.target, **parameters
            )
        except RAISED as error:
            ours = self._translate(error, asked)
            if ours.cause in STALE_CREDENTIALS:
                self._forget(client, timeouts)
            raise ours from error
        return answer

    def read(self, operation: str, asked: Asked, **parameters: Any) -> dict[str, Any]:
        """Call an operation that changes nothing; repeat it after a passing failure."""
        retry_until = time.monotonic() + self._read_patience
        for attempt in range(1, READ_ATTEMPTS):
            try:
                return self.ask(operation, asked, **parameters)
            except StorageUnavailableError:
                if time.monotonic() > retry_until:
                    raise
            self._pause(random.uniform(0.05, 0.15) * 2**attempt)  # noqa: S311  # jitter
        return self.ask(operation, asked, **parameters)

    def guard(self, body: Any, asked: Asked) -> GuardedBody:
        """Wrap the body of an answer, so that reading it raises only our own errors."""
        return GuardedBody(
            body, failures=RAISED, translate=lambda e: self._translate(e, asked)
        )

    def _client(self, timeouts: Timeouts) -> Any:
        wanted = (os.getpid(), timeouts)
        client = self._clients.get(wanted)
        if client is None:
            with _making:
                client = self._clients.get(wanted)
                if client is None:
                    client = self._clients[wanted] = self._make_client(timeouts)
        return client

    def _forget(self, client: Any, timeouts: Timeouts) -> None:
        """Drop a client, so that the next call reads the credentials again."""
        made = (os.getpid(), timeouts)
        with _making:
            if self._clients.get(made) is client:
                del self._clients[made]

    def _make_client(self, timeouts: Timeouts) -> Any:
        try:
            return self._connect(self._settings, timeouts)
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
