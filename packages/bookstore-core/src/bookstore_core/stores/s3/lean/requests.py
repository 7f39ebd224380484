"""Requests of the lean client: signed by botocore, sent by urllib3."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.exceptions import HTTPClientError
from urllib3 import HTTPConnectionPool


@dataclass
class Request:
    """A request as botocore's signer needs it; that of botocore costs more to make."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    context: dict[str, Any] = field(default_factory=dict)
    params: None = None

    @property
    def target(self) -> str:
        """The path and the query."""
        parts = urlsplit(self.url)
        path = parts.path or "/"
        return f"{path}?{parts.query}" if parts.query else path


@dataclass(frozen=True)
class Answer:
    """An answer that was read to its end."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class Signer(S3SigV4Auth):  # type: ignore[misc]
    """botocore's signer, for one request."""

    _headers: Any = None

    def headers_to_sign(self, request: Any) -> Any:
        """Return the headers that are signed; botocore collects them twice."""
        if self._headers is None:
            self._headers = super().headers_to_sign(request)
        return self._headers

    def canonical_headers(self, headers_to_sign: Any) -> str:
        """Return the lines that are signed; botocore looks through all for each."""
        return "\n".join(
            f"{name}:{' '.join(value.split())}"
            for name, value in sorted(headers_to_sign.items())
        )


def connections_of(session: Any, url: str) -> HTTPConnectionPool | None:
    """Return the connections over which botocore's session has just sent to a URL.

    They check certificates as it does. None if it sends by a proxy, and if a release of
    botocore keeps them elsewhere.
    """
    proxies = getattr(session, "_proxy_config", None)
    manager = getattr(session, "_manager", None)
    if proxies is None or manager is None or proxies.proxy_url_for(url):
        return None
    found: HTTPConnectionPool = manager.connection_from_url(url)
    return found


def send(connections: HTTPConnectionPool, request: Request) -> Answer:
    """Send a request once, and read its answer; raises urllib3's errors.

    Raises HTTPClientError, as botocore does, if the request cannot be sent at all.
    """
    try:
        answer = connections.urlopen(
            request.method,
            request.target,
            body=request.body or None,
            headers=request.headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            decode_content=False,
        )
    except ValueError as error:  # such as a line break in a header
        raise HTTPClientError(error=error) from error
    return Answer(answer.status, answer.headers, answer.data)
