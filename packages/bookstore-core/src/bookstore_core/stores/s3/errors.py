"""Error answers of S3 and compatible servers, translated to our own errors.

This is the only module with S3's error codes. It does not use botocore: a `Failure` is
made from botocore's exceptions in `connection.py`.
"""

from dataclasses import dataclass

from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
    StorageUnavailableError,
    StoreRefusedError,
    TooLargeError,
)
from bookstore_core.paths import printable
from bookstore_core.stores.checks import no_such_version

#: Failures that pass by themselves. BadDigest and IncompleteBody: content was damaged
#: in transit. Expired tokens: the credential provider renews them.
PASSING = frozenset(
    {
        "BadDigest",
        "BandwidthLimitExceeded",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteBody",
        "InternalError",
        "OperationAborted",
        "RequestExpired",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "SlowDownRead",
        "SlowDownWrite",
        "Throttling",
        "ThrottlingException",
        "TokenRefreshRequired",
        "TooManyRequests",
        "XMinioServerNotInitialized",
    }
)

#: Failures that need other settings or another bucket, with the remedy.
MISCONFIGURED = {
    "AuthorizationHeaderMalformed": "Correct BookstoreSettings.s3_region_name.",
    "BucketAlreadyExists": "Another account owns this bucket. Choose another name.",
    "IllegalLocationConstraintException": ("Correct BookstoreSettings.s3_region_name."),
    "InvalidAccessKeyId": "Correct BookstoreSettings.s3_access_key_id.",
    "InvalidBucketName": "Correct BookstoreSettings.s3_bucket.",
    "InvalidLocationConstraint": "Correct BookstoreSettings.s3_region_name.",
    "InvalidToken": "Correct BookstoreSettings.s3_session_token.",
    "KMS.DisabledException": "Correct BookstoreSettings.s3_sse_kms_key_id.",
    "KMS.NotFoundException": "Correct BookstoreSettings.s3_sse_kms_key_id.",
    "PermanentRedirect": (
        "Correct BookstoreSettings.s3_region_name or s3_endpoint_url."
    ),
    "RequestTimeTooSkewed": "Set the clock of this machine.",
    "SignatureDoesNotMatch": "Correct BookstoreSettings.s3_secret_access_key.",
    "301": "Correct BookstoreSettings.s3_region_name or s3_endpoint_url.",
}

#: The credentials are wrong or expired, which affects every key until they change.
STALE_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
    }
)

#: The beginning of the cause of every failure to find or renew credentials.
CREDENTIALS = "Credentials"


def about_credentials(error: BookstoreError) -> bool:
    """Return whether the credentials must be read again before the next attempt."""
    return error.cause in STALE_CREDENTIALS or error.cause.startswith(CREDENTIALS)


#: Answers for a version id that the key does not have. An answer to HEAD has no body,
#: so its code is the status; the id of a delete marker gives 404 or 405.
NO_SUCH_VERSION = frozenset(
    {
        "400",
        "404",
        "405",
        "BadRequest",
        "InvalidArgument",
        "InvalidRequest",
        "InvalidVersionId",
        "NoSuchVersion",
    }
)

#: Answers to an operation that the server does not have.
UNKNOWN_OPERATION = frozenset({"501", "405", "MethodNotAllowed", "NotImplemented"})

#: The answer to a GET of a version that S3 keeps in Glacier.
ARCHIVED = "InvalidObjectState"


@dataclass(frozen=True)
class Failure:
    """A failed answer: S3's code, or the status as text; the status; the message."""

    code: str
    status: int
    message: str

    @property
    def reason(self) -> str:
        """The store's message and code."""
        message = self.message.strip().rstrip(".")
        return f"{message} ({self.code})" if message else self.code


@dataclass(frozen=True)
class Asked:
    """The target of a request. `own` is whether the bucket is the configured one."""

    bucket: str
    own: bool = True
    key: str = ""
    version_id: str | None = None
    cursor: bool = False

    @property
    def target(self) -> dict[str, str]:
        """The parameters of an operation that name its target."""
        named = {"Bucket": self.bucket, "Key": self.key, "VersionId": self.version_id}
        return {name: value for name, value in named.items() if value}

    @property
    def place(self) -> str:
        """The URL of the bucket or of the key in it, for messages."""
        place = f"s3://{self.bucket}/{self.key}" if self.key else f"s3://{self.bucket}"
        return printable(place)


def translate_failure(failure: Failure, asked: Asked) -> BookstoreError:
    """Return our error for a failed answer."""
    error = _meaning_of(failure, asked)
    error.cause = failure.code
    error.wide = (
        isinstance(error, ConfigurationError) or failure.code in STALE_CREDENTIALS
    )
    return error


def _meaning_of(failure: Failure, asked: Asked) -> BookstoreError:
    code, status, reason = failure.code, failure.status, failure.reason
    if code in PASSING or status == 429 or (status >= 500 and status != 501):
        return StorageUnavailableError(f"The store cannot answer now: {reason}.")
    if code == "NoSuchBucket":
        return _no_such_bucket(asked)
    if code in MISCONFIGURED:
        return StoreRefusedError(
            f"The store refuses the settings: {reason}. {MISCONFIGURED[code]}"
        )
    if asked.version_id is not None and _lacks_version(failure):
        return no_such_version(asked.key, asked.version_id)
    if asked.cursor and code == "InvalidArgument":
        return InvalidRequestError(
            "The cursor does not belong to this list. Request the first page again."
        )
    return _translate_status(failure, asked)


def _lacks_version(failure: Failure) -> bool:
    if failure.code == "InvalidRequest" and "ncrypt" in failure.message:
        return False  # the version is there, with a key that we do not have
    return failure.code in NO_SUCH_VERSION or failure.status in (404, 405)


def _no_such_bucket(asked: Asked) -> BookstoreError:
    if not asked.own:
        return NotFoundError(f"There is no bucket {asked.bucket}.")
    return StoreRefusedError(
        f"There is no bucket {asked.bucket}. Correct BookstoreSettings.s3_bucket, or "
        "make the bucket with 'jupyter bookstore init'."
    )


def _translate_status(failure: Failure, asked: Asked) -> BookstoreError:
    reason = failure.reason
    if failure.status == 404 or failure.code == "NoSuchKey":
        return NotFoundError(f"There is no {asked.place}.")
    if failure.code == ARCHIVED:
        return ForbiddenError(
            f"{asked.place} is archived. Restore it in S3 first, and try again then: "
            f"{reason}."
        )
    if 300 <= failure.status < 400:
        return StoreRefusedError(
            f"The store redirects to another address: {reason}. Correct "
            "BookstoreSettings.s3_endpoint_url or s3_region_name."
        )
    if failure.status == 403 or failure.code == "AccessDenied":
        return ForbiddenError(f"The store refuses access to {asked.place}: {reason}.")
    if failure.code == "KeyTooLongError":
        return InvalidRequestError(f"The store refuses the key: {reason}.")
    if failure.status == 413 or failure.code == "EntityTooLarge":
        return TooLargeError(f"The store refuses the content: {reason}.")
    if failure.status in (409, 412):
        return ConflictError(
            f"The store refuses the request for {asked.place}: {reason}."
        )
    return StorageError(f"The store answered the request for {asked.place}: {reason}.")
