"""POST /api/bookstore/restore of large versions: streamed, where that is possible."""

import hashlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from bookstore_core.stores import Version, VersionStore
from bookstore_web.contents.drafts import LARGE
from harness.notebook_server import notebook
from harness.web_app import ContentsDouble, ServerSide

URL = "/api/bookstore/restore"
KEY, PATH = "workspace/a.ipynb", "a.ipynb"
DATA = json.dumps(notebook("large")).encode() + b" " * LARGE
FILE = "/api/bookstore/file"


@pytest.fixture
def server(make_server_side: Callable[..., ServerSide]) -> ServerSide:
    """A notebook server whose saves are archived."""
    return make_server_side({"archives": True})


@pytest.fixture
def forge(store: VersionStore) -> Callable[[str, bytes], Version]:
    """Put a content with the metadata of the newest version."""

    def forge_version(key: str, data: bytes) -> Version:
        metadata = store.head(key).metadata
        assert metadata is not None
        return store.put(key, io.BytesIO(data), size=len(data), metadata=metadata)

    return forge_version


def restore(server: ServerSide, **wish: Any) -> Any:
    answer = server.post(URL, json={"path": PATH, **wish})
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_large_version_is_streamed_byte_for_byte(
    server: ServerSide, contents: ContentsDouble, put: Callable[..., Version]
) -> None:
    contents.streams = True
    version = put(KEY, DATA)
    assert restore(server, version_id="@0")["undo"] is None
    sent = contents.requests[-1].args
    assert sent.to_dict() == {
        "path": PATH,
        "restored_from": version.version_id,
        "restored_path": "",
    }
    again = restore(server, version_id="@0")
    assert again["undo"] == {"sha256": hashlib.sha256(DATA).hexdigest()}
    assert restore(server, version_id="@0", target_path="")["path"] == "a-1.ipynb"
    assert contents.bytes_at(PATH) == contents.bytes_at("a-1.ipynb") == DATA
    assert contents.written == [FILE] * 3


@pytest.mark.parametrize("target", [{}, {"target_path": ""}])
def test_a_large_version_is_saved_as_others_where_streams_are_not_taken(
    server: ServerSide,
    contents: ContentsDouble,
    put: Callable[..., Version],
    target: dict[str, str],
) -> None:
    put(KEY, DATA)
    for _ in range(2):
        restore(server, version_id="@0", **target)
    assert contents.files[PATH]["content"] == notebook("large")
    # It is asked for once.
    assert [request.path for request in contents.requests].count(FILE) == 1


def not_streamed(request: Request) -> Response | None:
    """Answer as the handler does if jupytext may pair the notebook with a text."""
    refused = request.method == "PUT" and request.path == FILE
    return Response("{}", 501) if refused else None


@pytest.mark.parametrize("target", [{}, {"target_path": ""}])
def test_a_large_version_that_has_to_be_seen_is_saved_as_others(
    server: ServerSide,
    contents: ContentsDouble,
    put: Callable[..., Version],
    target: dict[str, str],
) -> None:
    contents.streams, contents.refuse = True, not_streamed
    put(KEY, DATA)
    restore(server, version_id="@0", **target)
    assert contents.files[PATH]["content"] == notebook("large")
    published = put("published/b.ipynb", DATA)
    source = {"s3_bucket": "bookstore", "s3_key": published.key}
    assert server.post("/api/bookstore/clone", json=source).status_code == 200
    assert contents.files["b.ipynb"]["content"] == notebook("large")


def test_the_undo_passes_over_a_large_version_with_a_false_sha256(
    server: ServerSide,
    contents: ContentsDouble,
    put: Callable[..., Version],
    forge: Any,
) -> None:
    contents.streams = True
    kept = put(KEY, DATA)
    digest = hashlib.sha256(DATA).hexdigest()
    forge(KEY, b"x" * LARGE)
    assert restore(server, sha256=digest)["restored_from"] == kept.version_id
    assert contents.bytes_at(PATH) == DATA
