"""Signatures of requests (SigV4 for S3), the same as botocore's, made with less work.

The key that signs is the same for a day, and headers are joined once.
"""

import hashlib
import hmac
from datetime import datetime
from functools import lru_cache
from typing import Any

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
_STAMP = "%Y%m%dT%H%M%SZ"

#: Headers that proxies may change; botocore signs all but these.
_NOT_SIGNED = frozenset({"expect", "transfer-encoding", "user-agent"})


def digest_of(body: bytes) -> str:
    """Return what is signed of a content, unless it is `UNSIGNED`."""
    return hashlib.sha256(body).hexdigest()


def sign(
    headers: dict[str, str],
    *,
    method: str,
    host: str,
    path: str,
    query: str,
    payload: str,
    region: str,
    credentials: Any,
    at: datetime,
) -> None:
    """Add the headers of a signature to a request's headers.

    `path` and `query` are encoded as they are sent, `payload` is the content's sha256
    or `UNSIGNED`, and `credentials` are botocore's. `at` is the time in UTC.
    """
    stamp = at.strftime(_STAMP)
    headers["X-Amz-Date"] = stamp
    if credentials.token:
        headers["X-Amz-Security-Token"] = credentials.token
    headers["X-Amz-Content-SHA256"] = payload
    signed = sorted(
        (lower, " ".join(value.split()))
        for name, value in (*headers.items(), ("Host", host))
        if (lower := name.lower()) not in _NOT_SIGNED
    )
    names = ";".join([name for name, _ in signed])
    lines = "".join([f"{name}:{value}\n" for name, value in signed])
    sorted_query = "&".join(sorted(query.split("&"), key=_name_and_value))
    request = f"{method}\n{path}\n{sorted_query}\n{lines}\n{names}\n{payload}"
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}"
    key = _key(credentials.secret_key, stamp[:8], region)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["Authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )


def _name_and_value(member: str) -> tuple[str, str]:
    name, _, value = member.partition("=")
    return name, value


@lru_cache(maxsize=8)
def _key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
