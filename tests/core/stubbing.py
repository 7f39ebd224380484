"""S3 stores on botocore's Stubber, with exact requests and answers."""

from collections.abc import Callable
from typing import Any

from botocore.stub import Stubber

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.s3.store import S3Store

BUCKET = "ours"
ENABLED = {"Status": "Enabled"}
ACCESS_KEY = "AKIATESTTESTTESTTEST"
SECRET_KEY = "a-very-secret-key"


class Stubbed:
    """A store whose client answers from a list; it fails on any other request.

    Without a `published_prefix`, a check does not try unpublishing.
    """

    def __init__(
        self, client: Any, *, published_prefix: str = "", **traits: Any
    ) -> None:
        self.stubber = Stubber(client)
        self.pauses: list[float] = []
        settings = BookstoreSettings(
            s3_bucket=BUCKET,
            s3_access_key_id=ACCESS_KEY,
            s3_secret_access_key=SECRET_KEY,
            published_prefix=published_prefix,
            **traits,
        )
        self.store = S3Store(
            settings, connect=lambda *_: client, pause=self.pauses.append
        )

    def answer(self, operation: str, answer: Any, asked: Any = None) -> None:
        # Every server says at least this about an empty list.
        empty = {"IsTruncated": False} if operation.startswith("list_") else {}
        self.stubber.add_response(operation, answer or empty, asked)

    def fail(self, operation: str, code: str, status: int, message: str = "") -> None:
        self.stubber.add_client_error(operation, code, message, http_status_code=status)


MakeStubbed = Callable[..., Stubbed]
