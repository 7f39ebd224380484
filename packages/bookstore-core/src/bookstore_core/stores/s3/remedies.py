"""What to do about an error of the store, for the sentences of `doctor` and `init`."""

from bookstore_core.errors import BookstoreError, ConfigurationError, ForbiddenError
from bookstore_core.stores.s3.errors import ARCHIVED, about_credentials

WHILE_AWAY = (
    "Check BookstoreSettings.s3_endpoint_url and the network; saves wait in the spool "
    "meanwhile."
)

KMS = (
    "Allow kms:GenerateDataKey and kms:Decrypt on the key in "
    "BookstoreSettings.s3_sse_kms_key_id, or on the bucket's own key."
)

#: The right to remove a version, which nothing but a prune needs.
RIGHT = "s3:DeleteObjectVersion"

#: Codes for a store, or an account of it, that is full.
FULL = frozenset({"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "507"})


def remedy_for(error: BookstoreError, rights: str = "") -> str:
    """Return what to do, as a sentence; empty if the error's own sentence says it.

    `rights` are those that the request needs.
    """
    if error.cause in FULL:
        return "Make room in the store, or raise the quota."
    says_it = about_credentials(error) or isinstance(error, ConfigurationError)
    if says_it or error.cause == ARCHIVED:
        return ""
    if error.retryable:
        return WHILE_AWAY
    if "kms" in f"{error} {error.cause}".lower():
        return KMS
    if isinstance(error, ForbiddenError) and rights:
        return f"Allow {rights} on the bucket."
    return "Ask who runs the store what this answer means."
