"""GET /api/bookstore/diff: which two are compared, and what is cached."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import OpenVersion, Version
from bookstore_core.stores.local.store import LocalStore
from bookstore_web.versions.cache import SizedCache
from harness.notebook_server import notebook
from harness.web_app import ContentsDouble, ServerSide

Put = Callable[..., Version]
URL = "/api/bookstore/diff"
KEY = "workspace/a.ipynb"


@pytest.fixture
def three(put: Put) -> list[Version]:
    """Three versions of a.ipynb, each with one more cell, oldest first."""
    return [put(KEY, notebook(*"123"[:count])) for count in (1, 2, 3)]


def diff(server: ServerSide, **query: str) -> Any:
    answer = server.get(URL, query_string={"path": "a.ipynb", **query})
    assert answer.status_code == 200, answer.text
    return answer.json


def sides(answer: Any) -> tuple[str, str]:
    return answer["base"]["version_id"], answer["remote"]["version_id"]


def test_the_newest_version_is_compared_with_the_previous_one(
    server: ServerSide, three: list[Version]
) -> None:
    found = diff(server)
    assert sides(found) == (three[1].version_id, three[2].version_id)
    assert found["summary"]["added"] == 1
    assert found["summary"]["sentence"] == "1 cell added"
    assert [cell["kind"] for cell in found["cells"]] == ["unchanged", "added"]


@pytest.mark.parametrize("summary", ["0", "1"])
def test_any_two_versions_are_compared_by_any_names(
    server: ServerSide, three: list[Version], summary: str
) -> None:
    ids = [version.version_id for version in three]
    for query, expected in (
        ({"base": ids[0], "remote": ids[2]}, (ids[0], ids[2])),
        ({"base": "@2"}, (ids[0], ids[2])),
        ({"remote": "@1"}, (ids[0], ids[1])),
        ({"remote": ids[1]}, (ids[0], ids[1])),
    ):
        assert sides(diff(server, summary=summary, **query)) == expected


def test_a_summary_contains_no_cells(server: ServerSide, three: list[Version]) -> None:
    found = diff(server, summary="1")
    assert set(found) == {"path", "base", "remote", "summary"}
    assert found["summary"] == diff(server)["summary"]


def test_the_file_on_the_callers_server_is_compared(
    server: ServerSide, contents: ContentsDouble, three: list[Version]
) -> None:
    content = notebook("1", "2", "3", "4")
    contents.files["a.ipynb"] = {
        "type": "notebook",
        "format": "json",
        "content": content,
    }
    found = diff(server, remote="file")
    assert sides(found) == (three[2].version_id, "")
    assert found["remote"]["saved_at"] is None
    assert found["remote"]["size"] == len(contents.bytes_at("a.ipynb"))
    assert found["summary"]["sentence"] == "1 cell added"
    assert diff(server, remote="file", base="@2")["summary"]["added"] == 3


def test_a_missing_file_is_a_404(server: ServerSide, three: list[Version]) -> None:
    query = {"path": "a.ipynb", "remote": "file"}
    answer = server.get(URL, query_string=query)
    assert answer.status_code == 404
    assert "on your server" in answer.json["message"]


def test_an_invalid_file_name_is_a_400(
    server: ServerSide, three: list[Version]
) -> None:
    query = {"path": "a.ipynb", "remote": "file", "remote_path": "x" * 256}
    assert server.get(URL, query_string=query).status_code == 400


def test_a_standalone_app_has_no_file_to_compare(
    client: Any, three: list[Version]
) -> None:
    answer = client.get(URL, query_string={"path": "a.ipynb", "remote": "file"})
    assert answer.status_code == 404
    assert "notebook server" in answer.json["message"]


@pytest.mark.parametrize("name", ["@2", "first id"])
def test_the_first_version_has_no_previous_one(
    server: ServerSide, three: list[Version], name: str
) -> None:
    remote = three[0].version_id if name == "first id" else name
    answer = server.get(URL, query_string={"path": "a.ipynb", "remote": remote})
    assert answer.status_code == 404, answer.text
    assert answer.json["error"] == "VersionNotFoundError"


def test_a_content_that_is_not_a_notebook_is_compared_as_text(
    server: ServerSide, put: Put
) -> None:
    put(KEY, b"one\n")
    put(KEY, b"two\n")
    found = diff(server)
    assert found["summary"]["is_text"] is True
    assert found["reason"]
    assert found["text"]["lines"]


class CountingStore(LocalStore):
    """Counts how often content is read."""

    def __init__(self, settings: BookstoreSettings) -> None:
        super().__init__(settings)
        self.opened: Counter[str | None] = Counter()

    def open(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> OpenVersion:
        self.opened[version_id] += 1
        return super().open(key, version_id, bucket=bucket)


def test_summaries_of_each_row_read_each_version_once(
    server: ServerSide, three: list[Version], settings: BookstoreSettings
) -> None:
    counting = CountingStore(settings)
    server.services._stores[True] = counting
    ids = [version.version_id for version in three]
    for _ in range(2):
        for base, remote in pairwise(ids):
            diff(server, base=base, remote=remote, summary="1")
    assert counting.opened == Counter(dict.fromkeys(ids, 1))


def test_the_cache_is_limited_in_size() -> None:
    remembered: SizedCache[str] = SizedCache(room=100)
    remembered.put("large", "x", size=26)
    assert remembered.get("large") is None
    for number in range(10):
        remembered.put(number, str(number), size=25)
        remembered.get(0)
    # The most recently used value stays.
    assert [n for n in range(10) if remembered.get(n)] == [0, 7, 8, 9]
    remembered.put(0, "new", size=25)
    assert remembered.get(0) == "new"
    assert remembered.get(7) == "7"
