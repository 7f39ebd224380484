"""Pages of keys, from servers that know either version of S3's listing, or one of them.

A server that knows only the first version ignores the parameters of the second: its
answer has no `KeyCount`, and no token for the next page.
"""

from collections.abc import Callable
from typing import Any

from bookstore_core.errors import BookstoreError
from bookstore_core.stores.s3.errors import UNKNOWN_OPERATION, Asked

#: Requests an operation; returns botocore's answer.
Read = Callable[..., dict[str, Any]]

#: The beginning of the tokens that are markers of the first version.
MARKER = "marker:"


class KeyPages:
    """Requests pages of keys by the parameters of `list_objects_v2`."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._knows_second = True

    def page(self, asked: Asked, **parameters: Any) -> dict[str, Any]:
        """Return a page, whose `NextContinuationToken` this method takes as well."""
        token = str(parameters.get("ContinuationToken", ""))
        if self._knows_second and not token.startswith(MARKER):
            page = self._second(asked, parameters)
            if page is not None:
                return page
        return self._first(asked, parameters)

    def _second(
        self, asked: Asked, parameters: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Return a page of the second version; None if the server ignores that."""
        try:
            page = self._read("list_objects_v2", asked, **parameters)
        except BookstoreError as error:
            if error.cause not in UNKNOWN_OPERATION:
                raise
            self._knows_second = False
            return None
        if "KeyCount" in page or page.get("NextContinuationToken"):
            return page
        # Where to start may have been ignored, and the next page would not be found.
        ignored = page.get("IsTruncated") or "StartAfter" in parameters
        return None if ignored else page

    def _first(self, asked: Asked, parameters: dict[str, Any]) -> dict[str, Any]:
        rest = dict(parameters)
        token = str(rest.pop("ContinuationToken", ""))
        after = str(rest.pop("StartAfter", ""))
        marker = token.removeprefix(MARKER) or after
        at = {"Marker": marker} if marker else {}
        return _with_token(self._read("list_objects", asked, **rest, **at))


def _with_token(page: dict[str, Any]) -> dict[str, Any]:
    """Return a page of the first version with the token of the next one, if any."""
    if not page.get("IsTruncated"):
        return page
    names = [row["Key"] for row in page.get("Contents", [])]
    names += [row["Prefix"] for row in page.get("CommonPrefixes", [])]
    last = page.get("NextMarker") or max(names, key=_in_order, default="")
    return {**page, "NextContinuationToken": f"{MARKER}{last}"} if last else page


def _in_order(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")
