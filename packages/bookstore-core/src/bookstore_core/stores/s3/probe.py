"""A real version, written to see whether saves work, and removed where that is allowed.

Policies can refuse a PUT for reasons that no other request meets: encryption that a
bucket demands, a key of KMS, a quota, Object Lock.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bookstore_core.errors import BookstoreError, ForbiddenError, StorageError
from bookstore_core.paths import OWN_FOLDER
from bookstore_core.stores.findings import Finding
from bookstore_core.stores.s3.listings import OVERWRITABLE
from bookstore_core.stores.s3.remedies import RIGHT, remedy_for

#: The key below the workspace prefix; it is in no list of notebooks.
PROBE = f"{OWN_FOLDER}/check"

CONTENT = b"jupyter bookstore doctor\n"

#: A tag that labels do not use.
TAGS = [{"Key": "bookstore-check", "Value": "1"}]

#: Versions of the probe that are looked for, and removed.
ROWS = 100

ENCRYPTIONS = ("AES256", "aws:kms")

#: Calls an operation on our bucket, with `key` and `version_id` if it is about an
#: object, and with its parameters; returns botocore's answer.
Ask = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Probe:
    """Writes, reads, lists and tags one version; removes it as a prune if `pruned`."""

    ask: Ask
    folder: str
    encryption: dict[str, str]
    pruned: bool = False

    @property
    def key(self) -> str:
        """The key of the probe."""
        return self.folder + PROBE

    def findings(self) -> Iterator[Finding]:
        """Yield what works and what does not. Raises what may pass, or is a setting."""
        try:
            answer = self.ask(
                "put_object", key=self.key, Body=CONTENT, **self.encryption
            )
        except BookstoreError as error:
            _raise_if_passing(error)
            yield self._not_written(error)
            return
        try:
            yield Finding(True, "Versions can be written.")
            yield from self._look(answer.get("VersionId", ""))
        finally:
            self._remove()

    def unpublish(self) -> Finding:
        """Mark the key of the probe as deleted, as unpublishing does."""
        try:
            self.ask("delete_object", key=self.key)
        except BookstoreError as error:
            _raise_if_passing(error)
            return Finding(
                False,
                f"Notebooks cannot be unpublished. {error}",
                remedy_for(error, f"s3:DeleteObject for {self.folder}*"),
            )
        finally:
            self._remove("DeleteMarkers")
        return Finding(True, "Notebooks can be unpublished.")

    def _look(self, version_id: str) -> Iterator[Finding]:
        listed = [row.get("VersionId", OVERWRITABLE) for row in self._rows("Versions")]
        if not listed or (version_id and version_id not in listed):
            yield Finding(
                False,
                "The store took a version but does not list it.",
                "Ask who runs the store: nobody could find what is saved.",
            )
            return
        version_id = version_id or listed[0]
        if version_id == OVERWRITABLE:
            yield Finding(
                False,
                "The store took a version but gave it no id: a save would overwrite "
                "the one before it.",
                "Enable versioning with 'jupyter bookstore init', or ask who runs the "
                "store.",
            )
            return
        yield self._read(version_id)
        yield self._tag(version_id)
        if self.pruned:
            yield self._prune(version_id)

    def _rows(self, kind: str) -> list[dict[str, Any]]:
        try:
            page = self.ask("list_object_versions", Prefix=self.key, MaxKeys=ROWS)
        except ForbiddenError:
            return []  # it has a finding of its own
        return [row for row in page.get(kind, []) if row["Key"] == self.key]

    def _read(self, version_id: str) -> Finding:
        try:
            # First the GET: an error answer to a HEAD has no reason.
            for operation in ("get_object", "head_object"):
                answer = self.ask(operation, key=self.key, version_id=version_id)
                if "Body" in answer:
                    answer["Body"].close()
        except BookstoreError as error:
            _raise_if_passing(error)
            return Finding(
                False,
                f"A version that was just written cannot be read by its id. {error}",
                remedy_for(error, "s3:GetObject and s3:GetObjectVersion"),
            )
        return Finding(True, "A version that was just written can be read by its id.")

    def _tag(self, version_id: str) -> Finding:
        of_probe = {"key": self.key, "version_id": version_id}
        try:
            self.ask("put_object_tagging", **of_probe, Tagging={"TagSet": TAGS})
            answer = self.ask("get_object_tagging", **of_probe)
            if answer.get("TagSet") != TAGS:
                raise StorageError("The store confirmed a tag but does not keep it.")
        except BookstoreError as error:
            _raise_if_passing(error)
            rights = "s3:GetObjectVersionTagging and s3:PutObjectVersionTagging"
            forbidden = isinstance(error, ForbiddenError)
            return Finding(
                False,
                f"Labels will not work, which need tags. {error}",
                remedy_for(error, rights)
                if forbidden
                else "Saves are not affected. Use another store if you need labels.",
            )
        return Finding(True, "Versions can be labelled.")

    def _prune(self, version_id: str) -> Finding:
        """Remove the version, which only a prune needs to be allowed."""
        try:
            self.ask("delete_object", key=self.key, version_id=version_id)
        except BookstoreError as error:
            _raise_if_passing(error)
            return Finding(
                False,
                "BookstoreSettings.prune_keep is set, but versions cannot be removed. "
                f"{error}",
                remedy_for(error, RIGHT),
            )
        return Finding(True, "Versions can be removed by 'jupyter bookstore prune'.")

    def _not_written(self, error: BookstoreError) -> Finding:
        """Return why a version cannot be written, after trying other encryption."""
        for kind in [] if self.encryption else ENCRYPTIONS:
            if self._takes(ServerSideEncryption=kind):
                return Finding(
                    False,
                    f"The bucket takes no version without encryption. {error}",
                    f"Set BookstoreSettings.s3_server_side_encryption = '{kind}'.",
                )
        if self.encryption and "kms" not in str(error).lower() and self._takes():
            return Finding(
                False,
                f"The store does not take versions with this encryption. {error}",
                "Correct BookstoreSettings.s3_server_side_encryption, or remove it.",
            )
        return Finding(
            False,
            f"A version cannot be written. {error}",
            remedy_for(error, "s3:PutObject"),
        )

    def _takes(self, **encryption: str) -> bool:
        try:
            self.ask("put_object", key=self.key, Body=CONTENT, **encryption)
        except BookstoreError:
            return False
        self._remove()
        return True

    def _remove(self, kind: str = "Versions") -> None:
        """Remove all versions or markers of the probe, if these credentials may."""
        with suppress(BookstoreError):
            for row in self._rows(kind):
                version_id = row.get("VersionId", OVERWRITABLE)
                self.ask("delete_object", key=self.key, version_id=version_id)


def _raise_if_passing(error: BookstoreError) -> None:
    if error.retryable:
        raise error
