"""ServiceStore: versions that the bookstore service keeps, for who asks it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO, TypeVar, cast

from bookstore_core.clock import utc_now
from bookstore_core.errors import BookstoreError, TooLargeError
from bookstore_core.paths import DELIMITER
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.checks import (
    check_comment,
    check_key,
    check_label_name,
    check_prefix,
    check_version_id,
)
from bookstore_core.stores.findings import Finding, StoreCheck
from bookstore_core.stores.service import forms
from bookstore_core.stores.service.connection import ServiceConnection
from bookstore_core.stores.service.forms import Form, Introduction
from bookstore_core.stores.streams import Window
from bookstore_core.stores.versions import (
    KeyPage,
    Label,
    OpenVersion,
    Version,
    VersionMetadata,
    VersionPage,
)

T = TypeVar("T")

#: Content up to this size, in bytes, is sent from memory; larger content is streamed.
SMALL = 256 * 1024


class ServiceStore(VersionStore):
    """The service in the settings, which the first call contacts.

    Each call is one request. Keys are those of the person's own shelves: the service
    takes `workspace_prefix` for that person's folder in its bucket, whatever it is
    called there, and decides what they may read and write. It sets the author and the
    time of a version.
    """

    def __init__(
        self,
        settings: BookstoreSettings,
        *,
        hurried: bool = False,
        now: Callable[[], datetime] = utc_now,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        options = {"pause": pause} if pause else {}
        self._service = ServiceConnection(settings, hurried=hurried, now=now, **options)
        self._settings = settings
        self._known: Form = {
            "workspace": settings.workspace_prefix.strip(DELIMITER),
            "published": settings.published_prefix.strip(DELIMITER),
            "hurried": hurried,
        }

    @property
    def bucket(self) -> str:  # type: ignore[override]  # asked for, and never set
        """The bucket of the service, which is asked once."""
        return self._service.introduce().bucket

    @property
    def location(self) -> str:
        return self._service.url

    def introduction(self) -> Introduction:
        """Return what the service says of itself, which is asked once."""
        return self._service.introduce()

    def check(self, *, thorough: bool = False) -> StoreCheck:
        url = self._service.url
        try:
            known = self._service.introduce(again=True, brief=True)
            asked = self._fields(thorough=thorough)
            form = self._service.call("check", asked, brief=not thorough, once=True)
            findings = self._service.read(forms.read_findings, form)
        except BookstoreError as error:
            return StoreCheck((Finding(False, str(error)),), error.retryable)
        who = f" and knows you as {known.user}" if known.user else ""
        answers = Finding(True, f"The service at {url} answers{who}.")
        return StoreCheck((answers, *findings), form.get("retryable") is True)

    def prepare(self) -> list[str]:
        self._service.introduce(again=True)
        return []  # who runs the service prepares its store

    def _fields(self, **fields: Any) -> Form:
        return {**self._known, **{n: v for n, v in fields.items() if v is not None}}

    def _of_key(self, key: str, **fields: Any) -> Form:
        return self._fields(key=check_key(key), **fields)

    def _announce(self, key: str, metadata: VersionMetadata) -> None:
        """Leave it to the service, which announces what it writes."""

    def _put(
        self,
        key: str,
        body: BinaryIO,
        *,
        size: int,
        metadata: VersionMetadata,
        content_type: str,
    ) -> Version:
        check_key(key)
        window = Window(body, size)
        most = self._service.introduce().max_size
        if size > most:
            raise TooLargeError(
                f"{key} is {size} bytes long; the service takes {most}. Its "
                "administrator can raise BookstoreSettings.max_notebook_size there."
            )
        sent = replace(metadata, saved_at=self._service.clock.theirs(metadata.saved_at))
        form = self._service.put(
            cast(BinaryIO, window) if size > SMALL else window.read(),
            size,
            self._of_key(key, metadata=sent.as_texts(), content_type=content_type),
        )
        return self._version(form)

    def _version(self, form: Form) -> Version:
        return self._service.read(forms.read_version, form)

    def put_again(self, version: Version) -> Version:
        # By the service: the author of what is written here would be this server's.
        fields = self._of_key(version.key, version_id=version.version_id)
        return self._version(self._service.call("again", fields, once=True))

    def mark_deleted(self, key: str) -> Version:
        return self._version(self._service.call("delete", self._of_key(key), once=True))

    def head(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> Version:
        check_version_id(check_key(key), version_id)
        fields = self._of_key(key, version_id=version_id, bucket=bucket)
        return self._version(self._service.call("head", fields))

    def open(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> OpenVersion:
        check_version_id(check_key(key), version_id)
        fields = self._of_key(key, version_id=version_id, bucket=bucket)
        packed, body = self._service.open(fields)
        try:
            version = self._version(self._service.read(forms.unpack, packed))
        except BookstoreError:
            body.close()
            raise
        return OpenVersion(version, cast(BinaryIO, body))

    def list_versions(
        self,
        key: str,
        *,
        cursor: str | None = None,
        limit: int = 100,
        bucket: str | None = None,
    ) -> VersionPage:
        fields = self._of_key(key, cursor=cursor, limit=limit, bucket=bucket)
        form = self._service.call("versions", fields)
        return self._service.read(forms.read_versions, form, key)

    def list_keys(
        self, prefix: str, *, cursor: str | None = None, limit: int = 1000
    ) -> KeyPage:
        return self._list("keys", prefix, cursor, limit)

    def walk_keys(
        self,
        prefix: str,
        *,
        cursor: str | None = None,
        limit: int = 1000,
        wanted: Callable[[str], bool] | None = None,
    ) -> KeyPage:
        page = self._list("walk", prefix, cursor, limit)
        kept = [known for known in page.keys if wanted is None or wanted(known.key)]
        return replace(page, keys=tuple(kept))

    def _list(self, name: str, prefix: str, cursor: str | None, limit: int) -> KeyPage:
        fields = self._fields(prefix=check_prefix(prefix), cursor=cursor, limit=limit)
        return self._service.read(forms.read_keys, self._service.call(name, fields))

    def labels(
        self,
        key: str,
        *,
        bucket: str | None = None,
        only: Collection[str] | None = None,
    ) -> dict[str, Label]:
        wanted = None if only is None else list(only)
        fields = self._of_key(key, bucket=bucket, only=wanted)
        form = self._service.call("labels", fields)
        return self._service.read(forms.read_labels, form)

    def labels_named(self, key: str, name: str) -> dict[str, Label]:
        form = self._service.call("labels", self._of_key(key, name=name))
        return self._service.read(forms.read_labels, form)

    def set_label(self, key: str, version_id: str, label: Label | None) -> None:
        check_version_id(check_key(key), version_id)
        if label is not None:  # the service checks it again, and sets the author
            check_label_name(label.name)
            check_comment(label.comment)
        self._write_label(key, version_id, label)

    def _write_label(self, key: str, version_id: str, label: Label | None) -> None:
        form = None if label is None else forms.label_form(label)
        fields = self._of_key(key, version_id=version_id, label=form)
        self._service.call("label", fields, once=True)

    def find_save(
        self,
        key: str,
        save_id: str,
        *,
        size: int,
        since: datetime | None = None,
        after: str | None = None,
    ) -> Version | None:
        begin = since and self._service.clock.theirs(since).isoformat()
        fields = self._of_key(key, save_id=save_id, size=size, since=begin, after=after)
        found = self._service.call("find", fields).get("found")
        return None if found is None else self._version(found)

    def described(self, listed: Sequence[Version]) -> list[Version]:
        """Return the newest versions of listed keys, as far as they have metadata.

        One request for a page; none are returned by a service of an earlier release.
        """
        fields = self._fields(**forms.described_form(listed[: forms.MOST_DESCRIBED]))
        try:
            form = self._service.call("described", fields)
            return self._service.read(forms.read_described, form)
        except BookstoreError as error:
            if error.retryable:
                raise
            return []

    def search(self, fields: Form, read: Callable[[Form], T]) -> T:
        """Search the service's catalogue; return what `read` makes of its answer."""
        form = self._service.call("search", self._fields(**fields), once=True)
        return self._service.read(read, form)

    def note_clone(self, key: str) -> None:
        """Let the service count that a notebook was cloned."""
        self._service.call("cloned", self._of_key(key), once=True, brief=True)
