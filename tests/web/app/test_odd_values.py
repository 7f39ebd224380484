"""Odd sidecars, labels, notes and cursors: every page and route answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookstore_core.moved_notes import note_key
from bookstore_core.stores import Version, VersionStore
from bookstore_core.stores.label_texts import TAGS
from bookstore_core.stores.local.names import key_directory
from harness.notebook_server import notebook
from harness.odd import FIELDS, KNOWN, TEXTS, VALUES, briefly
from harness.web_app import ServerSide

KEY, PATH = "workspace/a.ipynb", "a.ipynb"
AT = "2024-05-17T09:30:00+00:00"

#: What is asked, with the id of the version.
ADDRESSES = (
    "/bookstore/",
    f"/bookstore/history?path={PATH}",
    f"/bookstore/history?path={PATH}&q=x",
    f"/bookstore/runs?path={PATH}",
    f"/bookstore/view?path={PATH}&version_id={{}}",
    f"/bookstore/view/content?path={PATH}&version_id={{}}",
    f"/bookstore/diff?path={PATH}&base={{}}&remote=@0",
    f"/bookstore/restore?path={PATH}&version_id={{}}",
    "/bookstore/clone?s3_bucket=bookstore&s3_key=workspace/a.ipynb&s3_version_id={}",
    f"/api/bookstore/versions?path={PATH}",
    f"/api/bookstore/runs?path={PATH}",
    f"/api/bookstore/version?path={PATH}&version_id={{}}",
    f"/api/bookstore/diff?path={PATH}&base={{}}",
    "/api/bookstore/notebooks",
)

#: Metadata with some odd fields; a known sha256 would make the content false.
MEMBERS = st.fixed_dictionaries(
    {"save_id": st.just("1f") | TEXTS, "saved_at": st.just(AT) | TEXTS},
    optional={name: TEXTS | VALUES for name in FIELDS if name[:4] != "save"},
)


@pytest.fixture
def saved(put: Callable[..., Version]) -> Version:
    first = put(KEY, notebook("first"))
    put(KEY, notebook("second"))
    return first


@pytest.fixture
def spoil(
    store: VersionStore, put: Callable[..., Version], saved: Version
) -> Callable[..., None]:
    """Write odd values beside a version, and into the note at its path."""
    directory = key_directory(Path(store.location), KEY)

    def write(members: Any, label: Any, moved_to: Any) -> None:
        for ending, value in ((".meta.json", members), (".label.json", label)):
            (directory / (saved.version_id + ending)).write_text(json.dumps(value))
        put(note_key(KEY), {"moved_to": moved_to})

    return write


def check_answers(server: ServerSide, version_id: str) -> None:
    for address in ADDRESSES:
        answer = server.get(address.format(version_id))
        assert answer.status_code in (200, 404), (address, answer.text)


@pytest.mark.parametrize("text", [*KNOWN[:24:2], "a\udcff", "x" * 3000, "\u202e"])
def test_pages_and_routes_answer_with_one_text_everywhere(
    server: ServerSide, saved: Version, spoil: Callable[..., None], text: str
) -> None:
    members = {**dict.fromkeys(FIELDS, text), "save_id": "1f", "saved_at": AT}
    spoil(members, dict.fromkeys(TAGS, text), text)
    check_answers(server, saved.version_id)


@briefly(20)
@given(MEMBERS, st.dictionaries(st.sampled_from([*TAGS]), VALUES), VALUES)
def test_pages_and_routes_answer(
    server: ServerSide,
    saved: Version,
    spoil: Callable[..., None],
    members: Any,
    label: Any,
    moved_to: Any,
) -> None:
    spoil(members, label, moved_to)
    check_answers(server, saved.version_id)


@briefly(60)
@given(TEXTS)
def test_cursors_and_ids_that_nobody_gave(
    server: ServerSide, saved: Version, text: str
) -> None:
    query = {"path": PATH, "cursor": text, "version_id": text, "base": text, "q": text}
    try:
        for address in ADDRESSES:
            start = address.partition("?")[0]
            answer = server.get(start, query_string=query)
            assert answer.status_code < 500, (start, answer.text)
    except UnicodeEncodeError:
        assert not text.isprintable()  # a lone surrogate is in no address
