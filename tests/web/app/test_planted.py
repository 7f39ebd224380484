"""What somebody plants in a local store: pages and API answer, and show the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.stores import Version, VersionStore
from bookstore_core.stores.local.names import key_directory
from harness.notebook_server import notebook
from harness.planting import LAST, NO_FILES, SIDECARS
from harness.web_app import ServerSide

KEY, PATH = "workspace/a.ipynb", "a.ipynb"

#: What is asked, for each version id.
ADDRESSES = (
    "/bookstore/",
    f"/bookstore/history?path={PATH}",
    f"/bookstore/view?path={PATH}&version_id={{}}",
    f"/bookstore/view/content?path={PATH}&version_id={{}}",
    f"/bookstore/diff?path={PATH}&base={{}}&remote=@0",
    f"/bookstore/restore?path={PATH}&version_id={{}}",
    "/api/bookstore",
    f"/api/bookstore/versions?path={PATH}",
    f"/api/bookstore/version?path={PATH}&version_id={{}}",
    f"/api/bookstore/diff?path={PATH}&base={{}}",
    "/api/bookstore/notebooks",
)
ONLY_CONTENT_IS_MISSING = "is missing"


@pytest.fixture
def saved(put: Callable[..., Version]) -> Version:
    first = put(KEY, notebook("first"))
    put(KEY, notebook("second"))
    return first


def asked(server: ServerSide, version_id: str) -> list[Any]:
    return [server.get(address.format(version_id)) for address in ADDRESSES]


def are_answers(answers: list[Any]) -> bool:
    """Return whether no answer is a failure, but for a content that is not there."""
    return all(
        answer.status_code < 500 or ONLY_CONTENT_IS_MISSING in answer.text
        for answer in answers
    )


@pytest.mark.parametrize("what", SIDECARS)
def test_odd_sidecars_do_not_break_pages(
    server: ServerSide, store: VersionStore, saved: Version, what: str
) -> None:
    directory = key_directory(Path(store.location), KEY)
    for name in (saved.version_id, LAST):
        (directory / f"{name}.meta.json").write_bytes(SIDECARS[what])
        answers = asked(server, name)
        assert are_answers(answers), [answer.status for answer in answers]
        assert [a.status_code for a in answers[:2]] == [200, 200]


@pytest.mark.parametrize("what", NO_FILES)
@pytest.mark.parametrize("ending", [".ipynb", ".meta.json", ".label.json"])
def test_what_is_not_a_file_does_not_break_pages(
    server: ServerSide, store: VersionStore, saved: Version, what: str, ending: str
) -> None:
    file = key_directory(Path(store.location), KEY) / (saved.version_id + ending)
    file.unlink(missing_ok=True)
    NO_FILES[what](file)
    answers = asked(server, saved.version_id)
    assert are_answers(answers), [answer.status for answer in answers]
    assert [a.status_code for a in answers[:2]] == [200, 200]
