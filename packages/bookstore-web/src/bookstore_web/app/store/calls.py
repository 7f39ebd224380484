"""POST /api/bookstore/store/...: the calls of a store without content, and GET of it.

Each is a method of `VersionStore`, and takes its arguments as fields.
"""

from dataclasses import replace

from flask import Blueprint

from bookstore_core.clock import read_time
from bookstore_core.errors import InvalidRequestError
from bookstore_core.history.shelves import PUBLISHED, find_shelf
from bookstore_core.stores import Finding, StoreCheck
from bookstore_core.stores.service import forms
from bookstore_core.stores.service.forms import (
    MALFORMED,
    MOST_DESCRIBED,
    Form,
    Introduction,
)
from bookstore_web.app.context import person
from bookstore_web.app.finds import find_notebooks, finds_form
from bookstore_web.app.services import services
from bookstore_web.app.store.asked import asked_in_body, asker
from bookstore_web.app.store.shelves import person_prefix
from bookstore_web.fields import optional_field, text_field

blueprint = Blueprint("calls", __name__)

MAX_SIZE = 1 << 62
#: Notebooks in an answer to a search.
MOST_FOUND = 100


@blueprint.get("")
def introduce() -> Form:
    """Say what the service keeps, and for whom."""
    settings = services().settings
    user = asker(settings)
    return Introduction(
        bucket=settings.bucket,
        location=services().open_store(hurried=True).location,
        user=user,
        workspace=person_prefix(settings, user),
        published=PUBLISHED.prefix(settings),
        folder=person().folder if services().policy else "",
        max_size=settings.max_notebook_size,
    ).form()


@blueprint.post("/check")
def check() -> Form:
    """Check the service's store; a check of the last seconds is returned again."""
    asked = asked_in_body()
    if asked.fields.get("thorough") is True:
        return forms.check_form(asked.store.check(thorough=True))
    state = services().checks.state()
    findings = tuple(Finding(state.ok, sentence) for sentence in state.sentences)
    return forms.check_form(StoreCheck(findings, retryable=not state.ok))


@blueprint.post("/head")
def head() -> Form:
    """Return a version with its metadata."""
    asked = asked_in_body()
    version_id, bucket = asked.optional("version_id"), asked.bucket
    return asked.answer(asked.store.head(asked.key, version_id, bucket=bucket))


@blueprint.post("/versions")
def versions() -> Form:
    """List the versions of a key."""
    asked = asked_in_body()
    page = asked.store.list_versions(asked.key, bucket=asked.bucket, **asked.page)
    return forms.versions_form(page, asked.bucket or asked.settings.bucket)


@blueprint.post("/keys")
def keys() -> Form:
    """List the keys and folders directly below a prefix."""
    asked = asked_in_body()
    return asked.keys(asked.store.list_keys(asked.prefix, **asked.page))


@blueprint.post("/walk")
def walk() -> Form:
    """List the keys at all levels below a prefix."""
    asked = asked_in_body()
    return asked.keys(asked.store.walk_keys(asked.prefix, **asked.page))


@blueprint.post("/find")
def find() -> Form:
    """Return the version that a save made, if any."""
    asked = asked_in_body()
    since = asked.optional("since")
    try:
        begin = None if since is None else read_time(since)
    except ValueError:
        raise InvalidRequestError("since is not a time.") from None
    found = asked.store.find_save(
        asked.key,
        text_field(asked.fields, "save_id"),
        size=asked.number("size", MAX_SIZE),
        since=begin,
        after=asked.optional("after"),
    )
    return {"found": None if found is None else asked.answer(found)}


@blueprint.post("/labels")
def labels() -> Form:
    """Return the labels of a key: all, those of some versions, or those of a name."""
    asked = asked_in_body()
    if "name" in asked.fields:
        name = optional_field(asked.fields, "name")
        return forms.labels_form(asked.store.labels_named(asked.key, name))
    only = asked.fields.get("only")
    if only is not None and not _are_texts(only):
        raise InvalidRequestError("only must be a list of version ids.")
    found = asked.store.labels(asked.key, bucket=asked.bucket, only=only)
    return forms.labels_form(found)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


@blueprint.post("/label")
def label() -> Form:
    """Set the label of a version, or remove it; author and time are the service's."""
    asked = asked_in_body()
    given = asked.fields.get("label")
    try:
        wanted = None if given is None else forms.read_label(given)
    except MALFORMED:
        raise InvalidRequestError("The label is malformed.") from None
    if wanted is not None and asked.user:
        wanted = replace(wanted, author=asked.user, labelled_at=services().clock())
    version_id = text_field(asked.fields, "version_id")
    asked.store.set_label(asked.key, version_id, wanted)
    services().changed(asked.key)
    return {}


@blueprint.post("/again")
def again() -> Form:
    """Write an older version again, as the newest, with its author and its time."""
    asked = asked_in_body()
    version_id = text_field(asked.fields, "version_id")
    older = asked.store.head(asked.key, version_id)
    newest = asked.store.put_again(older)
    services().changed(newest.key)
    return asked.answer(newest)


@blueprint.post("/delete")
def delete() -> Form:
    """Take a key off the lists; return the marker that does so."""
    asked = asked_in_body()
    marker = asked.store.mark_deleted(asked.key)
    services().changed(asked.key)
    return asked.answer(marker)


@blueprint.post("/described")
def described() -> Form:
    """Return the newest versions of listed keys, with what a shelf shows of them."""
    asked = asked_in_body()
    try:
        listed = forms.read_described(asked.fields)
    except MALFORMED:
        raise InvalidRequestError("versions are malformed.") from None
    if len(listed) > MOST_DESCRIBED:
        raise InvalidRequestError(f"Ask for at most {MOST_DESCRIBED} versions at once.")
    ours = [replace(known, key=asked.shelves.key(known.key)) for known in listed]
    found = services().newest_of(ours)
    return forms.described_form(
        asked.shelves.version(version) for version in found if version.metadata
    )


@blueprint.post("/search")
def search() -> Form:
    """Search the catalogue for the caller, on their shelves."""
    asked = asked_in_body()
    shelf = optional_field(asked.fields, "shelf")
    finds = find_notebooks(
        text_field(asked.fields, "q"),
        shelf=find_shelf(shelf) if shelf else None,
        folder=optional_field(asked.fields, "folder"),
        cursor=optional_field(asked.fields, "cursor"),
        limit=asked.number("limit", MOST_FOUND),
        roots=asked.shelves.roots,
    )
    return finds_form(finds)


@blueprint.post("/cloned")
def cloned() -> Form:
    """Count that a notebook was cloned; nobody is recorded."""
    asked = asked_in_body()
    asked.store.head(asked.key)  # raises if the caller may not read it
    services().keeper.cloned(asked.key)
    return {}
