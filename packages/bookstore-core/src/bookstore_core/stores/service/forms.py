"""The JSON forms of what a client and the service send each other.

Both sides use this module: the service writes what the client reads, and the other way
round. A name that the reader does not know is ignored, so that either side may be of a
later release.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bookstore_core.clock import read_time
from bookstore_core.stores.findings import Finding, StoreCheck
from bookstore_core.stores.versions import (
    KeyPage,
    Label,
    Version,
    VersionMetadata,
    VersionPage,
)

#: Where the service answers, below its address.
ROUTES = "/api/bookstore/store"

#: The header with the fields of a call whose body, or answer, is content.
FIELDS_HEADER = "X-Bookstore-Fields"
#: The header of every answer with the service's time, ISO in UTC.
TIME_HEADER = "X-Bookstore-Time"

#: Versions that are described at once: the service may have to ask for each of them.
MOST_DESCRIBED = 1000

#: What a shelf shows of a version.
SHOWN = ("author", "title", "note")

#: What reading a malformed form raises.
MALFORMED = (
    *(ValueError, TypeError, LookupError),
    *(AttributeError, RecursionError, OverflowError),
)

Form = dict[str, Any]


@dataclass(frozen=True)
class Introduction:
    """What the service says of itself and of who asks.

    `user` is the name of who asks, empty if the service knows nobody. `workspace` and
    `published` are the prefixes of their shelves in the service's bucket, and `folder`
    is the one in `published` where they publish, empty if they may do so anywhere.
    `max_size` is the size of the largest content that it takes, in bytes.
    """

    bucket: str
    location: str
    user: str
    workspace: str
    published: str
    folder: str
    max_size: int

    def form(self) -> Form:
        """Return the form of this."""
        return dict(vars(self))

    @classmethod
    def of_form(cls, form: Mapping[str, Any]) -> "Introduction":
        """Return what the form says; raises one of `MALFORMED`."""
        names = ("bucket", "location", "user", "workspace", "published", "folder")
        return cls(**{n: _text(form[n]) for n in names}, max_size=int(form["max_size"]))


def pack(form: Form) -> str:
    """Return a form as a text for a header."""
    data = json.dumps(form, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate cannot be encoded; the other side refuses or replaces it.
    encoded = base64.urlsafe_b64encode(data.encode("utf-8", "replace"))
    return encoded.decode("ascii")


def unpack(text: str) -> Form:
    """Return the form in a header; raises one of `MALFORMED`."""
    return parse_form(base64.b64decode(text.encode("ascii"), b"-_", True))


def parse_form(data: bytes) -> Form:
    """Return the form in a body; raises one of `MALFORMED`."""
    form = json.loads(data)
    if not isinstance(form, dict):
        raise TypeError("not an object")
    return form


def version_form(version: Version) -> Form:
    """Return the form of a version, without what is false or unknown."""
    form: Form = {
        "bucket": version.bucket,
        "key": version.key,
        **row_form(version),
    }
    if version.metadata is not None:
        form["metadata"] = version.metadata.as_texts()
    if version.announces:
        form["announces"] = True
    return form


def read_version(form: Mapping[str, Any]) -> Version:
    """Return the version in its form; raises one of `MALFORMED`."""
    metadata = form.get("metadata")
    return Version(
        bucket=_text(form["bucket"]),
        key=_text(form["key"]),
        **_row(form),
        metadata=None if metadata is None else VersionMetadata.of_texts(metadata),
        announces=bool(form.get("announces")),
    )


def row_form(version: Version) -> Form:
    """Return the form of a version in a list of those of one key."""
    form: Form = {
        "version_id": version.version_id,
        "size": version.size,
        "stored_at": version.stored_at.isoformat(),
    }
    if version.is_latest:
        form["is_latest"] = True
    if version.deleted:
        form["deleted"] = True
    return form


def _row(form: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version_id": _text(form["version_id"]),
        "size": int(form["size"]),
        "stored_at": read_time(form["stored_at"]),
        "is_latest": bool(form.get("is_latest")),
        "deleted": bool(form.get("deleted")),
    }


def versions_form(page: VersionPage, bucket: str) -> Form:
    """Return the form of a page of versions of one key of a bucket."""
    rows = [row_form(version) for version in page.versions]
    return {"bucket": bucket, "versions": rows, "cursor": page.cursor}


def read_versions(form: Mapping[str, Any], key: str) -> VersionPage:
    """Return the page of versions of a key; raises one of `MALFORMED`."""
    bucket = _text(form["bucket"])
    rows = [Version(bucket=bucket, key=key, **_row(row)) for row in form["versions"]]
    return VersionPage(tuple(rows), _cursor(form))


def keys_form(page: KeyPage, bucket: str) -> Form:
    """Return the form of a page of keys of a bucket."""
    rows = [{"key": version.key, **row_form(version)} for version in page.keys]
    folders = list(page.folders)
    return {"bucket": bucket, "keys": rows, "folders": folders, "cursor": page.cursor}


def read_keys(form: Mapping[str, Any]) -> KeyPage:
    """Return the page of keys; raises one of `MALFORMED`."""
    bucket = _text(form["bucket"])
    rows = [
        Version(bucket=bucket, key=_text(row["key"]), **_row(row))
        for row in form["keys"]
    ]
    folders = tuple(_text(folder) for folder in form["folders"])
    return KeyPage(tuple(rows), folders, _cursor(form))


def label_form(label: Label) -> Form:
    """Return the form of a label."""
    at = label.labelled_at
    return {**vars(label), "labelled_at": at.isoformat() if at else None}


def read_label(form: Mapping[str, Any]) -> Label:
    """Return the label in its form; raises one of `MALFORMED`."""
    at = form.get("labelled_at")
    return Label(
        name=_text(form["name"]),
        comment=_text(form.get("comment", "")),
        author=_text(form.get("author", "")),
        labelled_at=None if at is None else read_time(at),
    )


def described_form(versions: Iterable[Version]) -> Form:
    """Return the form of versions of several keys, with what a shelf shows of them."""
    return {"versions": [_described_form(version) for version in versions]}


def _described_form(version: Version) -> Form:
    form = {"bucket": version.bucket, "key": version.key, **row_form(version)}
    if (known := version.metadata) is not None:
        # A catalogue does not know the id of the save.
        form["saved_at"] = known.saved_at.isoformat()
        form |= {name: getattr(known, name) for name in SHOWN}
    return form


def read_described(form: Mapping[str, Any]) -> list[Version]:
    """Return versions of several keys; raises one of `MALFORMED`."""
    return [_read_described(known) for known in _list(form["versions"])]


def _read_described(form: Mapping[str, Any]) -> Version:
    version = read_version(form)
    if "saved_at" not in form:
        return version
    shown: dict[str, Any] = {name: _text(form[name]) for name in SHOWN}
    metadata = VersionMetadata("", read_time(form["saved_at"]), **shown)
    return replace(version, metadata=metadata)


def labels_form(labels: Mapping[str, Label]) -> Form:
    """Return the form of labels by version id."""
    return {"labels": {known: label_form(labels[known]) for known in labels}}


def read_labels(form: Mapping[str, Any]) -> dict[str, Label]:
    """Return labels by version id; raises one of `MALFORMED`."""
    return {_text(known): read_label(at) for known, at in form["labels"].items()}


def check_form(check: StoreCheck) -> Form:
    """Return the form of the result of a check."""
    return {
        "findings": [dict(vars(finding)) for finding in check.findings],
        "retryable": check.retryable,
    }


def read_findings(form: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return the findings of a check; raises one of `MALFORMED`."""
    return tuple(_finding(known) for known in _list(form["findings"]))


def _finding(form: Mapping[str, Any]) -> Finding:
    sentence, remedy = _text(form["sentence"]), _text(form.get("remedy", ""))
    return Finding(bool(form["ok"]), sentence, remedy)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _cursor(form: Mapping[str, Any]) -> str | None:
    cursor = form.get("cursor")
    return None if cursor is None else _text(cursor)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
