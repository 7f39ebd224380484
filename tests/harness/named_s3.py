"""The S3 service that BOOKSTORE_TEST_S3_URL names, for tests on a real server.

Its keys are in BOOKSTORE_TEST_S3_ACCESS_KEY and BOOKSTORE_TEST_S3_SECRET_KEY; without
them, the keys of the tests' own servers are used.
"""

import os
from typing import Any

from harness.s3_server import ACCESS_KEY, SECRET_KEY, make_bucket, s3_client

NAMED_URL = "BOOKSTORE_TEST_S3_URL"


class NamedS3:
    """The named service, with the methods of `S3Server` that do not depend on moto."""

    def __init__(self) -> None:
        self.url = os.environ[NAMED_URL]

    def settings(self, bucket: str) -> dict[str, str]:
        """Return the traits of BookstoreSettings that reach `bucket` there."""
        return {
            "s3_endpoint_url": self.url,
            "s3_access_key_id": os.environ.get(
                "BOOKSTORE_TEST_S3_ACCESS_KEY", ACCESS_KEY
            ),
            "s3_secret_access_key": os.environ.get(
                "BOOKSTORE_TEST_S3_SECRET_KEY", SECRET_KEY
            ),
            "s3_bucket": bucket,
        }

    def client(self) -> Any:
        return s3_client(self.url, self.settings(""))

    def make_bucket(self, name: str, *, versioned: bool = True) -> str:
        make_bucket(self.client(), name, versioned=versioned)
        return name
