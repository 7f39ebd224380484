"""Object Lock: what a bucket says of a version that nobody may remove now.

HEAD says it beside the metadata, so it takes no request of its own. Without the rights
`s3:GetObjectRetention` and `s3:GetObjectLegalHold`, AWS leaves it out.
"""

from datetime import UTC, datetime
from typing import Any

from bookstore_core.clock import utc_now


def lock_in(answer: dict[str, Any], *, now: datetime | None = None) -> str:
    """Return why a version is locked, as a HEAD or GET says; empty if it is not."""
    if answer.get("ObjectLockLegalHoldStatus") == "ON":
        return "It is under a legal hold."
    mode, until = answer.get("ObjectLockMode"), answer.get("ObjectLockRetainUntilDate")
    if not mode:
        return ""
    if until is None:
        return f"It is under retention ({mode})."
    if until <= (now or utc_now()):
        return ""
    day = until.astimezone(UTC).strftime("%Y-%m-%d")
    return f"It is under retention ({mode}) until {day}."
