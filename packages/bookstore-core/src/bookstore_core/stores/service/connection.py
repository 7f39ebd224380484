"""ServiceConnection: requests to the bookstore service, which raise only our errors.

Connections are kept and used again. A request that failed on one may have been carried
out: reads are repeated, and writes never, because `find_save` finds out.
"""

import json
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urlsplit

import urllib3
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    HTTPError,
    IncompleteRead,
    LocationValueError,
    TimeoutError,
)

from bookstore_core import __version__
from bookstore_core.clock import utc_now
from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    StorageUnavailableError,
)
from bookstore_core.paths import printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.service.errors import Refusal, unlike_service
from bookstore_core.stores.service.forms import (
    FIELDS_HEADER,
    MALFORMED,
    ROUTES,
    TIME_HEADER,
    Form,
    Introduction,
    pack,
    parse_form,
)
from bookstore_core.stores.service.their_clock import TheirClock
from bookstore_core.stores.streams import GuardedBody
from bookstore_core.stores.timeouts import FOR_CHECKS, FOR_PEOPLE, FOR_WORK, Timeouts

T = TypeVar("T")

#: What requests can raise.
RAISED: tuple[type[Exception], ...] = (HTTPError, OSError)

#: The number of attempts of a read, unless the first took this many seconds.
READ_ATTEMPTS = 3
READ_PATIENCE = 10.0
HURRIED_READ_PATIENCE = 0.5

#: Bytes of an answer, and of a failed one, that are read into memory.
MAX_ANSWER = 64 * 1024 * 1024
MAX_REFUSAL = 64 * 1024

#: The service answers a save after it has written it to its store: it has one more
#: second for so many bytes.
SLOWEST = 1024 * 1024

#: How much is sent at once, in bytes.
BLOCK = 256 * 1024

#: Connections that are kept besides those of `max_threads`.
SPARE_CONNECTIONS = 4

CONTENT = "application/octet-stream"
JSON = "application/json"


@dataclass(frozen=True)
class Request:
    """One request to a route. `timeouts` are those of the connection if None."""

    method: str
    route: str = ""
    body: bytes | BinaryIO | None = None
    headers: tuple[tuple[str, str], ...] = ()
    timeouts: Timeouts | None = None
    size: int = 0


class ServiceConnection:
    """The service that the settings name, asked with their token."""

    def __init__(
        self,
        settings: BookstoreSettings,
        *,
        hurried: bool = False,
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.url = settings.service_url.rstrip("/")
        try:
            self._parts = urlsplit(self.url)
            self._port = self._parts.port
        except ValueError:
            raise self._no_address() from None
        self.clock = TheirClock()
        self._timeouts = FOR_PEOPLE if hurried else FOR_WORK
        self._patience = HURRIED_READ_PATIENCE if hurried else READ_PATIENCE
        self._token = (settings.service_token or "").strip()
        self._size = settings.max_threads + SPARE_CONNECTIONS
        self._pause = pause
        self._now = now
        self._lock = threading.Lock()
        self._pools: dict[int, HTTPConnectionPool] = {}
        self._introduction: Introduction | None = None

    def introduce(self, *, again: bool = False, brief: bool = False) -> Introduction:
        """Return what the service says of itself, which is asked once."""
        known = self._introduction
        if known is None or again:
            request = Request("GET", timeouts=FOR_CHECKS if brief else None)
            form = self._repeat(lambda: self._json(request), once=brief)
            known = self._introduction = self.read(Introduction.of_form, form)
        return known

    def call(
        self, name: str, fields: Form, *, once: bool = False, brief: bool = False
    ) -> Form:
        """Call a route with fields, and again if it fails in a way that may pass.

        A call that changes something is sent `once`.
        """
        request = Request(
            "POST",
            f"/{name}",
            body=json.dumps(fields).encode("ascii"),
            headers=(("Content-Type", JSON),),
            timeouts=FOR_CHECKS if brief else None,
        )
        return self._repeat(lambda: self._json(request), once=once or brief)

    def put(self, body: bytes | BinaryIO, size: int, fields: Form) -> Form:
        """Send content once; return the service's answer."""
        headers = (
            ("Content-Type", CONTENT),
            ("Content-Length", str(size)),
            (FIELDS_HEADER, pack(fields)),
        )
        request = Request("PUT", "/content", body=body, headers=headers, size=size)
        return self._json(request)

    def open(self, fields: Form) -> tuple[str, GuardedBody]:
        """Open content; return the packed form of its version, and its stream."""
        request = Request("GET", "/content", headers=((FIELDS_HEADER, pack(fields)),))
        answer = self._repeat(lambda: self._ask(request))
        body = GuardedBody(answer, failures=RAISED, translate=self._translate)
        packed = answer.headers.get(FIELDS_HEADER, "")
        if not packed and not body.read(1):
            body.close()
            raise self._translate(IncompleteRead(0, 1))  # its head was cut off
        return packed, body

    def read(self, read: Callable[..., T], *given: Any) -> T:
        """Return what `read` makes of something that the service sent."""
        try:
            return read(*given)
        except MALFORMED as error:
            raise unlike_service(self.url) from error

    def _repeat(self, ask: Callable[[], T], *, once: bool = False) -> T:
        retry_until = time.monotonic() + self._patience
        for attempt in range(1, 1 if once else READ_ATTEMPTS):
            try:
                return ask()
            except StorageUnavailableError as error:
                if error.cause == "429" or time.monotonic() > retry_until:
                    raise
            self._pause(random.uniform(0.05, 0.15) * 2**attempt)  # noqa: S311  # jitter
        return ask()

    def _json(self, request: Request) -> Form:
        answer = self._ask(request)
        try:
            data = answer.read(MAX_ANSWER)
            if answer.length_remaining or not data:  # or its head was cut off
                raise IncompleteRead(len(data), answer.length_remaining or 1)
        except RAISED as error:
            raise self._translate(error) from error
        finally:
            _finish(answer)
        return self.read(parse_form, data)

    def _ask(self, request: Request) -> urllib3.BaseHTTPResponse:
        """Send a request; return the good answer, of which only headers were read."""
        pool, wait = self._pool(), request.timeouts or self._timeouts
        asked = self._now()
        try:
            answer = pool.urlopen(
                request.method,
                f"{self._parts.path}{ROUTES}{request.route}",
                body=request.body,
                headers={**self._headers(), **dict(request.headers)},
                timeout=urllib3.Timeout(
                    connect=wait.connect, read=wait.read + request.size / SLOWEST
                ),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            if answer.status < 300:
                theirs = answer.headers.get(TIME_HEADER)
                self.clock.learn(theirs, asked, self._now())
                return answer
            refusal = self._refusal(answer)
        except RAISED as error:
            raise self._translate(error) from error
        raise refusal.error()

    def _headers(self) -> dict[str, str]:
        headers = {
            "Accept": f"{JSON}, {CONTENT}",
            "Accept-Encoding": "identity",
            "User-Agent": f"bookstore/{__version__}",
        }
        if self._token:
            if not (self._token.isascii() and self._token.isprintable()):
                raise ConfigurationError(
                    "BookstoreSettings.service_token has characters that are in no "
                    "token. Correct it."
                )
            headers["Authorization"] = f"token {self._token}"
        return headers

    def _refusal(self, answer: urllib3.BaseHTTPResponse) -> Refusal:
        try:
            body = answer.read(MAX_REFUSAL)
        except RAISED:
            body = b""  # the status says enough
        _finish(answer)
        return Refusal(
            status=answer.status,
            headers=answer.headers,
            body=body,
            url=self.url,
            token=bool(self._token),
        )

    def _pool(self) -> HTTPConnectionPool:
        # A connection of the parent process must not be used after a fork.
        known = self._pools.get(os.getpid())
        if known is None:
            with self._lock:
                known = self._pools.setdefault(os.getpid(), self._new_pool())
        return known

    def _new_pool(self) -> HTTPConnectionPool:
        parts = self._parts
        kind = HTTPSConnectionPool if parts.scheme == "https" else HTTPConnectionPool
        return kind(
            parts.hostname or "", self._port, maxsize=self._size, blocksize=BLOCK
        )

    def _no_address(self) -> ConfigurationError:
        return ConfigurationError(
            f"{self.url} is not an address. Correct BookstoreSettings.service_url."
        )

    def _translate(self, error: Exception) -> BookstoreError:
        reason = _reason_of(error)
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return ConfigurationError(
                f"The certificate of {self.url} is not trusted. Set SSL_CERT_FILE to "
                "the file of its certificate authority."
            )
        if isinstance(error, LocationValueError):
            return self._no_address()
        unreachable = StorageUnavailableError(
            f"The bookstore service at {self.url} cannot be used now: {reason}."
        )
        unreachable.cause, unreachable.wide = reason, True
        return unreachable


def _finish(answer: urllib3.BaseHTTPResponse) -> None:
    """Give the connection back; close it if the answer was not read to its end."""
    if answer.length_remaining == 0:
        answer.release_conn()
    else:
        answer.close()


def _reason_of(error: Exception) -> str:
    # urllib3's messages name objects; the system's describe the failure.
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    words = " ".join(str(error).split())
    if "closed connection" in words or "Connection aborted" in words:
        return "it closed the connection"
    if "IncompleteRead" in words:
        return "its answer was cut off"
    return printable(words).rstrip(".") or "the connection failed"
