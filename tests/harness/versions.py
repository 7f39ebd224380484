"""The versions in a bucket, for tests."""

import json
from pathlib import Path
from typing import Any

from harness.named_s3 import NamedS3
from harness.s3_server import S3Server, versions_of
from harness.waiting import wait_for

KEY = "workspace/note.ipynb"


def spool_is_empty(home: Path) -> bool:
    """Return whether all spooled saves of a server with this HOME are uploaded."""
    spool = home / ".local/share/jupyter/bookstore/spool"
    folders = (spool / "new", spool / "cur")
    return spool.is_dir() and not any(any(folder.glob("*")) for folder in folders)


class Versions:
    """The versions in a bucket."""

    def __init__(self, s3: S3Server | NamedS3, bucket: str) -> None:
        self._client = s3.client()
        self._bucket = bucket

    def of(self, key: str = KEY) -> list[dict[str, Any]]:
        return versions_of(self._client, self._bucket, key)

    def sources(self, key: str = KEY) -> list[str]:
        """Return each version's first cell, oldest first."""
        return [first_source(version["Body"]) for version in self.of(key)]

    def wait(self, number: int, key: str = KEY, *, seconds: float = 60) -> list[str]:
        """Wait for `number` versions, and check that there are no more."""
        wait_for(
            lambda: len(self.names(key)) >= number,
            what=f"{number} versions of {key}",
            seconds=seconds,
            every=0.2,  # a listing keeps the store busy
        )
        found = self.sources(key)
        assert len(found) == number
        return found

    def names(self, prefix: str = KEY) -> list[str]:
        """Return the ids of all versions below a prefix, newest first."""
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        return [v["VersionId"] for page in pages for v in page.get("Versions", [])]


def first_source(body: bytes) -> str:
    return "".join(json.loads(body)["cells"][0]["source"])
