"""Every key of a bucket: also those that are marked as deleted, and bookstore's own."""

from collections.abc import Callable, Iterator
from typing import Any

#: Requests one page of the listing of versions.
Ask = Callable[..., dict[str, Any]]


def every_key(ask: Ask) -> Iterator[str]:
    """Yield each key once, in the order of their bytes."""
    start: dict[str, str] = {}
    last: str | None = None
    while True:
        page = ask(Prefix="", **start)
        rows = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        found = {row["Key"] for row in rows}
        for key in sorted(found, key=lambda k: k.encode("utf-8", "surrogatepass")):
            if key != last:
                yield key
            last = key
        if not page.get("IsTruncated") or last is None:
            return
        # After all versions of the last key, however many there are.
        start = {"KeyMarker": last}
