"""Asked: the fields of a call to the service's store, checked, and its answers."""

from collections.abc import Mapping
from typing import Any

from flask import request

from bookstore_core.errors import ForbiddenError, InvalidRequestError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import KeyPage, Version, VersionStore
from bookstore_core.stores.service import forms
from bookstore_core.stores.service.forms import FIELDS_HEADER, MALFORMED, Form
from bookstore_web.app.bodies import read_body
from bookstore_web.app.context import context
from bookstore_web.app.services import services
from bookstore_web.app.store.shelves import Shelves
from bookstore_web.fields import optional_field, parse_object, text_field

#: The most bytes of a call: some thousand ids of versions.
MAX_CALL = 4 * 1024 * 1024

#: The most rows of a page.
MAX_ROWS = 20_000


class Asked:
    """A call of the person that this request is from."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields
        self.settings = services().settings
        self.user = asker(self.settings)
        self.shelves = Shelves(
            self.settings,
            self.user,
            workspace=optional_field(fields, "workspace"),
            published=optional_field(fields, "published"),
        )

    @property
    def store(self) -> VersionStore:
        """The service's store, for this caller."""
        return services().open_store(hurried=self.fields.get("hurried") is True)

    @property
    def key(self) -> str:
        """The key in the bucket."""
        return self.shelves.key(text_field(self.fields, "key"))

    @property
    def prefix(self) -> str:
        """The prefix in the bucket; empty for all of it."""
        return self.shelves.prefix(optional_field(self.fields, "prefix"))

    @property
    def bucket(self) -> str | None:
        """Another bucket, which the settings allow to be read; None for ours."""
        if "bucket" not in self.fields:
            return None
        name = optional_field(self.fields, "bucket")
        if name == self.settings.bucket:
            return None
        if not {name, "*"}.intersection(self.settings.clone_buckets):
            raise ForbiddenError(
                f"The service does not read the bucket {name!r}. Its administrator can "
                "add it to BookstoreSettings.clone_buckets."
            )
        return name

    def optional(self, name: str) -> str | None:
        """Return a text, or None if it is not given."""
        return None if name not in self.fields else optional_field(self.fields, name)

    def number(self, name: str, most: int) -> int:
        """Return a whole number of at least 0; at most `most`."""
        value = self.fields.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise InvalidRequestError(f"{name} must be a whole number.")
        return min(value, most)

    @property
    def page(self) -> dict[str, Any]:
        """Cursor and limit of a list."""
        return {
            "cursor": self.optional("cursor"),
            "limit": self.number("limit", MAX_ROWS),
        }

    def answer(self, version: Version) -> Form:
        """Return the form of a version, for the client."""
        return forms.version_form(self.shelves.version(version))

    def keys(self, page: KeyPage) -> Form:
        """Return the form of a page of keys, for the client."""
        return forms.keys_form(self.shelves.page(page), self.settings.bucket)


def asker(settings: BookstoreSettings) -> str:
    """Return the name of who asks; empty if this app knows nobody.

    Raises ForbiddenError if it should know and does not.
    """
    user = context().user
    if settings.proxy_user_header and not user:
        raise ForbiddenError(
            f"The proxy named no user in {settings.proxy_user_header}. Saves are taken "
            "of people with a name only."
        )
    return user


def asked_in_body() -> Asked:
    """Return the call whose fields are the body of this request."""
    request.max_content_length = MAX_CALL
    return Asked(parse_object(read_body()))


def asked_in_header() -> Asked:
    """Return the call whose fields are in the header of this request."""
    try:
        return Asked(forms.unpack(request.headers.get(FIELDS_HEADER, "")))
    except MALFORMED:
        raise InvalidRequestError(f"{FIELDS_HEADER} is missing or malformed.") from None
