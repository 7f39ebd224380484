"""What a service says of its catalogue is about what the caller may read."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_web.app.standalone import SECRET_HEADER
from bookstore_web.catalogue import keeper
from harness.sources import notebook_of


def test_nobody_is_told_how_many_notebooks_of_others_are_unread(
    put: Callable[..., object],
    make_client: Callable[..., FlaskClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeper, "MOST_READ", 0)
    monkeypatch.setattr(keeper, "MORE_READ", 0)
    for key in ("ann/a", "bob/b", "bob/c"):
        put(f"workspace/{key}.ipynb", notebook_of("sales"))
    known = {"auth": "header", "proxy_user_header": "X-User", "proxy_secret": "s"}
    client = make_client(**known)

    def ask(path: str, **options: Any) -> Any:
        headers = {SECRET_HEADER: "s", "X-User": "ann"}
        return client.open(f"/api/bookstore{path}", headers=headers, **options).json

    assert ask("/search", query_string={"q": "ipynb"})["unread"] == 1
    fields = {"workspace": "workspace", "published": "published", "q": "ipynb"}
    fields |= {"limit": 5}
    assert ask("/store/search", method="POST", json=fields)["unread"] == 1
    assert ask("")["catalogue"]["unread"] == 1
