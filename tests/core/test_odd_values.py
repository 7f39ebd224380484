"""Odd metadata, tags, sidecars, notes, spool files, cursors and settings: none raises.

What is not known is unknown, and what is refused is refused with an error of ours.
"""

import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from traitlets import TraitError
from traitlets.config import Config

from bookstore_core.cli.terminal.tables import Column, plain_lines
from bookstore_core.cursors import encode_cursor
from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    SpoolError,
)
from bookstore_core.history import History
from bookstore_core.history.records import record_of
from bookstore_core.history.rows import HistoryRow
from bookstore_core.jupyter.settings_reader import read_settings
from bookstore_core.moved_notes import MAX_NOTE, note_key, read_note
from bookstore_core.paths import printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.drain_status import STATUS, read_status
from bookstore_core.spool.renamed_folders import decode_rename
from bookstore_core.spool.report import report_spool
from bookstore_core.spool.saves import entry_name, read_trailer, time_of
from bookstore_core.spool.unprotected import (
    decode_unprotected,
    unprotected_folders,
)
from bookstore_core.stores import Version, VersionMetadata, VersionStore, utc_now
from bookstore_core.stores.label_texts import TAGS, label_in, label_of
from bookstore_core.stores.local.names import key_directory
from bookstore_core.stores.s3.metadata import decode_metadata, form_in
from core.saving import KEY, metadata_for, save
from harness.odd import FIELDS, TEXTS, TIMES, VALUES, briefly, mostly

GOOD = {**metadata_for().as_texts(), "key": KEY, "size": 2, "bookstore_store": 1}
HEADERS = {name: "bookstore-" + name.replace("_", "-") for name in (*FIELDS, "form")}
PATH = "ann/mine.ipynb"


def can_be_shown(metadata: VersionMetadata | None) -> bool:
    """Return whether a version with this metadata has a record that can be sent."""
    version = Version("b", "k", "v", 1, utc_now(), metadata=metadata)
    record = record_of(HistoryRow("a.ipynb", version)).as_json()
    return bool(json.dumps(record, ensure_ascii=False).encode("utf-8"))


@briefly(300)
@given(st.fixed_dictionaries({}, optional={h: TIMES for h in HEADERS.values()}))
def test_headers_of_s3(headers: dict[str, str]) -> None:
    assert can_be_shown(decode_metadata(headers))
    assert isinstance(form_in(headers), int)


@pytest.mark.parametrize("value", ["%FF", "%ED%A0%80", "\udcff", "%", "a%0Ab"])
def test_bytes_that_are_no_text_lose_nothing_else(value: str) -> None:
    headers = {header: value for header in HEADERS.values()}
    headers |= {
        HEADERS["save_id"]: "1f",
        HEADERS["saved_at"]: "2024-05-17T09:30:00Z",
        HEADERS["source_path"]: "a.ipynb",
    }
    metadata = decode_metadata(headers)
    assert metadata is not None
    assert (metadata.save_id, metadata.source_path) == ("1f", "a.ipynb")
    assert metadata.sha256 == ""
    assert can_be_shown(metadata)


@briefly(300)
@given(st.fixed_dictionaries({}, optional={tag: TEXTS for tag in TAGS.values()}))
def test_tags(tags: dict[str, str]) -> None:
    label = label_in(tags)
    if label is not None:
        f"{label.name}{label.comment}{label.author}".encode()


@briefly(300)
@given(st.fixed_dictionaries({}, optional={name: TEXTS for name in TAGS}))
def test_texts_of_labels(texts: dict[str, str]) -> None:
    label = label_of(texts)
    if label is not None:
        f"{label.name}{label.comment}{label.author}".encode()


@briefly(60)
@given(st.binary(max_size=50) | mostly(**GOOD) | VALUES)
def test_sidecars_and_labels(local_store: VersionStore, members: Any) -> None:
    saved = save(local_store)
    data = members if isinstance(members, bytes) else json.dumps(members).encode()
    directory = key_directory(Path(local_store.location), KEY)
    for ending in (".meta.json", ".label.json"):
        (directory / (saved.version_id + ending)).write_bytes(data)
    with suppress(BookstoreError):
        local_store.head(KEY, saved.version_id)
    with suppress(BookstoreError), local_store.open(KEY, saved.version_id) as opened:
        opened.read(100)
    history = History(local_store, BookstoreSettings())
    for row in history.page(PATH).rows:
        assert can_be_shown(row.version.metadata)
    with suppress(BookstoreError):
        history.find(PATH, "x")
    assert local_store.walk_keys("").keys
    save(local_store)


@briefly(300)
@given(st.binary(max_size=40) | mostly(moved_to="b.ipynb") | VALUES)
def test_notes_on_moved_notebooks(members: Any) -> None:
    data = members if isinstance(members, bytes) else json.dumps(members).encode()
    read_note(data).encode()


@pytest.mark.parametrize("size", [0, MAX_NOTE + 1])
def test_notes_of_any_size(local_store: VersionStore, size: int) -> None:
    save(local_store)
    save(local_store, b"x" * size, key=note_key(KEY))
    assert History(local_store, BookstoreSettings()).page(PATH).rows


TRAILER = {
    "bookstore_spool": 1,
    **{"key": KEY, "size": 2, "only_if_changed": False, "os_path": ""},
    **metadata_for().as_texts(),
}
RENAME = {
    "bookstore_renamed": 1,
    **{"old": "x", "new": "y", "os_path": "/y", "renamed_at": "2024-05-17T09:30:00Z"},
}
NOTED = {"path": "a.ipynb", "key": KEY, "os_path": "/a.ipynb", "moved_from": "b.ipynb"}
STATUS_MEMBERS = {
    **{"pid": 1, "host": "here", "in_flight": 1, "last_error": "x", "refused": True},
    **{"last_success": "2024-05-17T09:30:00Z", "last_error_at": "2024-05-17T09:30:00Z"},
}


@briefly(300)
@given(st.binary(max_size=40) | mostly(**TRAILER) | VALUES)
def test_saves_in_the_spool(members: Any) -> None:
    data = members if isinstance(members, bytes) else json.dumps(members).encode()
    with suppress(SpoolError):
        trailer = read_trailer(io.BytesIO(b"{}\n" + data + b"\n"))
        assert can_be_shown(trailer.metadata)
        entry_name(trailer.metadata.saved_at, trailer.metadata.save_id)


@briefly(300)
@given(TEXTS)
def test_names_in_the_spool(name: str) -> None:
    time_of(name)


@briefly(300)
@given(st.binary(max_size=40) | mostly(**RENAME) | VALUES, TEXTS)
def test_renamed_folders(members: Any, recorded: str) -> None:
    data = members if isinstance(members, bytes) else json.dumps(members).encode()
    decode_rename(data + b"\n" + json.dumps(recorded).encode() + b"\n")


@briefly(200)
@given(mostly(**STATUS_MEMBERS) | VALUES, mostly(**NOTED) | VALUES)
def test_status_and_unprotected_notebooks(
    tmp_path: Path, status: Any, noted: Any
) -> None:
    settings = BookstoreSettings(spool_dir=str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir(exist_ok=True)
    (tmp_path / "spool" / STATUS).write_text(json.dumps(status))
    folder, _ = unprotected_folders(settings.spool_dir)
    folder.mkdir(exist_ok=True)
    (folder / "process").write_text(json.dumps({"notebooks": [noted]}))
    read_status(settings.spool_dir)
    report = report_spool(settings)
    json.dumps(report.as_json(), ensure_ascii=False).encode()
    decode_unprotected((folder / "process").read_bytes())


POSITION = {
    **{"path": PATH, "cursor": None, "upto": "2024-05-17T09:30:00+00:00"},
    **{"seam_at": None, "past": "", "left": [], "since": None, "newest_at": None},
    **{"at": "", "searched": False, "shown": 0, "done": []},
}


@briefly(150)
@given(st.dictionaries(st.sampled_from([*POSITION]), VALUES, max_size=3), TEXTS)
def test_cursors(local_store: VersionStore, wrong: dict[str, Any], text: str) -> None:
    if not local_store.list_versions(KEY).versions:
        save(local_store)
    history = History(local_store, BookstoreSettings())
    forged = encode_cursor(f"history of {PATH}", {**POSITION, **wrong})
    for cursor in (forged, text, encode_cursor("versions", text)):
        for q in ("", "x"):
            with suppress(InvalidRequestError, NotFoundError):
                history.page(PATH, cursor=cursor, q=q)
        with suppress(InvalidRequestError):
            local_store.list_versions(KEY, cursor=cursor)
        with suppress(InvalidRequestError):
            local_store.walk_keys("", cursor=cursor)


@briefly(150)
@given(
    st.dictionaries(
        st.sampled_from(BookstoreSettings.class_trait_names(config=True)),
        VALUES,
        max_size=3,
    )
)
def test_settings(values: dict[str, Any]) -> None:
    with suppress(TraitError):
        BookstoreSettings.from_config(values)
    with suppress(ConfigurationError):
        read_settings(Config({"BookstoreSettings": values}))


@briefly(100)
@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_printed_lines(texts: list[str]) -> None:
    columns = [Column(str(number)) for number in range(len(texts))]
    for line in plain_lines(columns, [[printable(text) for text in texts]]):
        assert line.isprintable()
