"""A version in its frame: the response, its policy, and what is reported instead."""

import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient

from bookstore_core import __version__
from bookstore_core.stores import Version
from bookstore_web.rendering.document import prepare, render
from bookstore_web.rendering.policy import frame_policy, with_scripts

Put = Callable[..., Version]
CONTENT = "/bookstore/view/content"


def written(source: str, kind: str = "code") -> bytes:
    cell = {"cell_type": kind, "source": source, "metadata": {}}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    return json.dumps(content).encode()


def test_the_frame_shows_a_version_with_its_own_policy(
    client: FlaskClient, put: Put
) -> None:
    old = put("workspace/a/b.ipynb", written("old_value"))
    put("workspace/a/b.ipynb", written("new_value"))
    query = {"path": "a/b.ipynb", "version_id": old.version_id}
    answer = client.get(CONTENT, query_string=query)
    assert answer.status_code == 200
    assert "old_value" in answer.text
    nonce = re.search(r'<script nonce="([^"]+)" src="/bookstore/rend', answer.text)
    assert nonce
    policy = frame_policy(nonce[1])
    assert answer.headers.getlist("Content-Security-Policy") == [policy]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    newest = client.get(CONTENT, query_string={"path": "a/b.ipynb"})
    assert "new_value" in newest.text
    before = {"path": "a/b.ipynb", "version_id": "@1", "cell": "0"}
    assert "old_value" in client.get(CONTENT, query_string=before).text


def test_browsers_keep_what_a_version_and_a_release_show(
    client: FlaskClient, put: Put
) -> None:
    version = put("workspace/a.ipynb", written("1"))
    page = client.get("/bookstore/view?path=a.ipynb").text
    address = unescape(re.search(r'<iframe[^>]* src="([^"]+)"', page)[1])
    assert "immutable" in client.get(address).headers["Cache-Control"]
    for name, release in (("@0", __version__), (version.version_id, "another")):
        query = {"path": "a.ipynb", "version_id": name, "v": release}
        answer = client.get(CONTENT, query_string=query)
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_policy_allows_our_scripts_and_forbids_all_else() -> None:
    policy = frame_policy("abc")
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == ["'nonce-abc'"]
    assert rules["connect-src"] == ["'none'"]
    assert rules["img-src"] == ["data:", "blob:"]
    assert rules["frame-ancestors"] == ["'self'"]
    assert not {"frame-src", "worker-src", "object-src"} & set(rules)
    forbidden = {"allow-same-origin", "allow-forms", "allow-modals", "allow-downloads"}
    forbidden |= {"allow-top-navigation", "allow-top-navigation-by-user-activation"}
    assert not forbidden & set(rules["sandbox"])


def test_each_response_has_a_number_of_its_own(client: FlaskClient, put: Put) -> None:
    put("workspace/a.ipynb", written("1"))
    policies = {
        client.get(CONTENT, query_string={"path": "a.ipynb"}).headers[
            "Content-Security-Policy"
        ]
        for _ in range(3)
    }
    assert len(policies) == 3


def test_our_scripts_stand_before_what_others_wrote() -> None:
    data = written("<!--scripts--><script>alert(1)</script>", "markdown")
    page, _ = with_scripts(render(prepare(data)), "/user/ann/")
    assert page.count("nonce=") == 2
    assert page.index('src="/user/ann/bookstore/renderers/') < page.index("<main>")
    assert '<script type="text/inert" nonce="">alert(1)' in page


def test_the_frame_shows_published_versions(client: FlaskClient, put: Put) -> None:
    put("published/a.ipynb", written("published_value"))
    query = {"path": "a.ipynb", "shelf": "published"}
    assert "published_value" in client.get(CONTENT, query_string=query).text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"path": "../a.ipynb"}, 400),
        ({"path": "a\0.ipynb"}, 400),
        ({"path": "x" * 2000}, 400),
        ({"path": "a.ipynb", "shelf": "attic"}, 400),
        ({"path": "a.ipynb", "cell": "-1"}, 400),
        ({"path": "a.ipynb", "cell": "9"}, 404),
        ({"path": "a.ipynb", "from": "x"}, 400),
        ({"path": "a.ipynb", "from": "9"}, 404),
        ({"path": "a.ipynb", "version_id": "no-such"}, 404),
        ({"path": "a.ipynb", "version_id": "@7"}, 404),
        ({"path": "unknown.ipynb"}, 404),
    ],
)
def test_what_cannot_be_shown_is_reported(
    client: FlaskClient, put: Put, query: dict[str, str], status: int
) -> None:
    put("workspace/a.ipynb", written("1"))
    answer = client.get(CONTENT, query_string=query)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert "script" not in answer.headers["Content-Security-Policy"].replace(
        "script-src 'self'", ""
    )
