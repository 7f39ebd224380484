"""BotocoreConnection: calls to S3, or to a compatible server.

The first call makes a client and contacts the server. Clients whose credentials are no
longer good are made anew, by every connection of the process.
"""

import os
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import botocore.exceptions as failures
import botocore.session
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError
from urllib3.exceptions import TimeoutError as TimedOut

from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    InvalidRequestError,
    StorageError,
    StorageUnavailableError,
)
from bookstore_core.paths import printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.s3.credentials import are_set, explain, places_of
from bookstore_core.stores.s3.errors import (
    STALE_CREDENTIALS,
    Asked,
    Failure,
    about_credentials,
    translate_failure,
)
from bookstore_core.stores.streams import GuardedBody
from bookstore_core.stores.timeouts import FOR_CHECKS, FOR_PEOPLE, FOR_WORK, Timeouts

#: The number of attempts of a read, unless the first took this many seconds.
READ_ATTEMPTS = 3
READ_PATIENCE = 10.0
HURRIED_READ_PATIENCE = 0.5

_making = threading.Lock()

#: Counts how often credentials were found to be stale; clients made before are stale.
_generation = 0


def _renew_lock() -> None:
    # A thread of the parent may have held it at the fork, and is missing here.
    global _making
    _making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


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

#: Failures of the network, which may pass.
PASSING: tuple[type[Exception], ...] = (
    *DAMAGED,
    failures.HTTPClientError,
    failures.ConnectionError,
    HTTPError,
    OSError,
)

#: Failures of credential providers, if they expire while a request is signed.
NO_CREDENTIALS: tuple[type[Exception], ...] = (
    failures.NoCredentialsError,
    failures.PartialCredentialsError,
    failures.CredentialRetrievalError,
    failures.MetadataRetrievalError,
    failures.TokenRetrievalError,
    failures.SSOError,
)
#: A password in a URL, with the name before it.
_PASSWORD = re.compile(r"//[^/@\s]*@")

#: Operations whose answer, also to an empty list, says what was listed.
LISTS = frozenset({"list_objects", "list_objects_v2", "list_object_versions"})

TIMEOUTS = (failures.ConnectTimeoutError, failures.ReadTimeoutError, TimedOut)


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
        return explain(error, places_of(botocore.session.Session()))
    if isinstance(error, ResponseParserError):
        return _unlike_s3(endpoint)
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


def _unlike_s3(endpoint: str) -> StorageError:
    return StorageError(
        f"The server at {endpoint} does not answer like S3. Check "
        "BookstoreSettings.s3_endpoint_url."
    )


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
    # urllib3 takes a connection that was refused for one that took too long.
    if isinstance(error, TIMEOUTS) and not isinstance(error, NewConnectionError):
        return "it did not answer in time"
    # botocore's messages name objects and URLs; the system's describe the failure.
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, (failures.ConnectionClosedError, ProtocolError)):
        return "it closed the connection"
    words = _PASSWORD.sub("//", " ".join(str(error).split())).rstrip(".")
    return printable(words) or "the connection failed"


def _about_stale(error: Exception) -> str:
    """Return the sentence on credentials of AWS's files that S3 refuses."""
    places = places_of(botocore.session.Session())
    return (
        f"The store refuses the credentials: {failure_of(error).reason}. Renew those "
        f"of profile {places.profile}, in {places.credentials_file} or where "
        f"{places.config_file} says."
    )


@dataclass(frozen=True)
class _Made:
    """A client, and the generation of credentials that it was made in."""

    client: Any
    generation: int


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
        self._clients: dict[tuple[int, Timeouts], _Made] = {}
        self._failed: tuple[float, BookstoreError] | None = None

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
        made = self._client(timeouts)
        try:
            answer: dict[str, Any] = getattr(made.client, operation)(
                **asked.target, **parameters
            )
        except RAISED as error:
            ours = self._translate(error, asked)
            self._judge(ours, made)
            raise ours from error
        except BookstoreError as error:
            self._judge(error, made)  # credentials that could not be renewed
            raise
        if operation in LISTS and answer.keys() <= {"ResponseMetadata"}:
            # Another server's page: it must not be taken for an empty store.
            raise _unlike_s3(self.endpoint)
        return answer

    def read(self, operation: str, asked: Asked, **parameters: Any) -> dict[str, Any]:
        """Call an operation, and again if it fails in a way that may pass."""
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

    def _client(self, timeouts: Timeouts) -> _Made:
        wanted, since = (os.getpid(), timeouts), time.monotonic()
        made = self._clients.get(wanted)
        if made is None or made.generation != _generation:
            with _making:
                made = self._clients.get(wanted)
                if made is None or made.generation != _generation:
                    made = self._clients[wanted] = self._make_client(timeouts, since)
        return made

    def _make_client(self, timeouts: Timeouts, since: float) -> _Made:
        if self._failed is not None and self._failed[0] >= since:
            # It failed while this thread waited: a search for credentials may be slow.
            raise self._failed[1].with_traceback(None)
        try:
            return _Made(self._connect(self._settings, timeouts), _generation)
        except (failures.BotoCoreError, ValueError) as error:
            raise ConfigurationError(
                f"The store cannot be used with the settings: {error}. Correct the "
                "settings whose names begin with BookstoreSettings.s3_."
            ) from error
        except BookstoreError as error:
            self._failed = (time.monotonic(), error)
            raise

    def _judge(self, error: BookstoreError, made: _Made) -> None:
        """Make all clients stale if the error is about credentials."""
        global _generation
        if about_credentials(error):
            with _making:
                if made.generation == _generation:
                    _generation += 1

    def _translate(self, error: Exception, asked: Asked) -> BookstoreError:
        ours = translate_error(error, asked, self.endpoint)
        settings, sentence = self._settings, str(ours)
        if ours.cause in STALE_CREDENTIALS and not are_set(settings):
            sentence = _about_stale(error)
        elif ours.cause in STALE_CREDENTIALS and ours.retryable:
            sentence += (
                " Renew BookstoreSettings.s3_session_token, s3_access_key_id and "
                "s3_secret_access_key."
            )
        for secret in (
            settings.s3_secret_access_key,
            settings.s3_session_token,
            settings.s3_access_key_id,
        ):
            sentence = sentence.replace(secret, "***") if secret else sentence
        ours.args = (sentence,)
        return ours
