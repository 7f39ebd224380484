"""Calls back to the notebook server: connections, requests, answers."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.serving import generate_adhoc_ssl_pair
from werkzeug.wrappers import Response

from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
    StorageUnavailableError,
    TooLargeError,
)
from bookstore_core.origins import Origin
from bookstore_web.contents.client import Caller, ContentsServer
from bookstore_web.contents.drafts import draft_file, draft_of
from harness.web_app import ContentsDouble, ServerSide

Serve = Callable[..., str]


def cell_of(source: str) -> dict[str, Any]:
    return {"cell_type": "raw", "id": source, "metadata": {}, "source": source}


ANN = Caller(base_url="/", host="hub.test:8000")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str, str]:
    """A self-signed certificate: its file, its key's file, its sha256."""
    from cryptography.hazmat.primitives import serialization

    public, private = generate_adhoc_ssl_pair("hub.test")
    pem, key = tmp_path / "server.pem", tmp_path / "server.key"
    pem.write_bytes(public.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    der = public.public_bytes(serialization.Encoding.DER)
    return str(pem), str(key), hashlib.sha256(der).hexdigest()


def test_a_server_is_reached_over_tcp(contents: ContentsDouble, serve: Serve) -> None:
    server = ContentsServer(serve(contents))
    assert server.list_folder("", caller=ANN) == {}
    server.close()


def test_a_server_is_reached_over_a_unix_socket(
    contents: ContentsDouble, serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "a server.sock"
    serve(contents, f"unix://{path}")
    server = ContentsServer(f"http+unix://{quote(str(path), safe='')}")
    assert server.exists("a.ipynb", caller=ANN) is False
    assert contents.headers_of("GET")["Host"] == "hub.test:8000"
    server.close()


def test_a_server_is_identified_by_its_self_signed_certificate(
    contents: ContentsDouble, serve: Serve, certificate: tuple[str, str, str]
) -> None:
    pem, key, fingerprint = certificate
    url = serve(contents, ssl_context=(pem, key)).replace("http:", "https:")
    server = ContentsServer(url, certificate_sha256=fingerprint)
    assert server.list_folder("", caller=ANN) == {}
    server.close()


@pytest.mark.parametrize("fingerprint", ["", "00" * 32])
def test_a_server_with_another_certificate_gets_no_credentials(
    contents: ContentsDouble,
    serve: Serve,
    certificate: tuple[str, str, str],
    fingerprint: str,
) -> None:
    pem, key, _ = certificate
    url = serve(contents, ssl_context=(pem, key)).replace("http:", "https:")
    server = ContentsServer(url, certificate_sha256=fingerprint)
    with pytest.raises(StorageUnavailableError):
        server.list_folder("", caller=ANN)
    assert contents.requests == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "https://127.0.0.1:9", "http+unix://%2Fno%2Fsocket"]
)
def test_a_server_that_is_down_is_a_retryable_error(url: str) -> None:
    with pytest.raises(StorageUnavailableError, match="does not answer"):
        ContentsServer(url).list_folder("", caller=ANN)


def test_calls_carry_the_callers_own_credentials(
    contents: ContentsDouble, serve: Serve
) -> None:
    caller = Caller(
        base_url="/",
        host="hub.test:8000",
        cookie="username-hub-test-8000=2|1:0|x; _xsrf=abc",
        authorization="token t",
        xsrf_token="abc",
    )
    server = ContentsServer(serve(contents))
    server.exists("a.ipynb", caller=caller)
    server.save("a.ipynb", b'{"type": "file"}', caller=caller)
    for method in ("GET", "PUT"):
        headers = contents.headers_of(method)
        assert headers["Host"] == "hub.test:8000"
        assert headers["Cookie"] == caller.cookie
        assert headers["Authorization"] == "token t"
        assert headers["X-Xsrftoken"] == "abc"
    server.close()


def test_a_callers_secrets_are_not_in_its_repr() -> None:
    caller = Caller("/", "h", cookie="c-1", authorization="a-1", xsrf_token="x-1")
    assert not any(secret in repr(caller) for secret in ("c-1", "a-1", "x-1"))


@pytest.mark.parametrize(
    ("base_url", "path", "sent"),
    [
        ("/", "a b/ü#?%.ipynb", "/api/contents/a%20b/%C3%BC%23%3F%25.ipynb"),
        ("/user/a%20b/", "x.ipynb", "/user/a%20b/api/contents/x.ipynb"),
    ],
)
def test_paths_are_quoted_below_the_base_url(
    contents: ContentsDouble, serve: Serve, base_url: str, path: str, sent: str
) -> None:
    contents.folders.add("a b")
    contents.base_url = base_url
    server = ContentsServer(serve(contents))
    model = server.save(path, b'{"type": "file"}', caller=Caller(base_url, "h"))
    assert model["path"] == path
    assert contents.requests[-1].environ["RAW_URI"] == sent
    server.close()


@pytest.mark.parametrize("data", [b"", b"{ no json", b"\x00\xff" * 5000])
def test_a_file_is_read_byte_for_byte(
    contents: ContentsDouble, serve: Serve, data: bytes
) -> None:
    server = ContentsServer(serve(contents))
    server.save("a.ipynb", draft_file("a.ipynb", data).body, caller=ANN)
    assert server.read_bytes("a.ipynb", caller=ANN) == data
    server.close()


@pytest.mark.parametrize("content", [None, 5, {"nbformat": 4}])
def test_a_file_without_content_is_an_error_of_the_server(
    contents: ContentsDouble, serve: Serve, content: object
) -> None:
    contents.answer = Response(json.dumps({"content": content}))
    server = ContentsServer(serve(contents))
    with pytest.raises(StorageError, match="without its content"):
        server.read_bytes("a.ipynb", caller=ANN)
    server.close()


def test_missing_folders_are_created(contents: ContentsDouble, serve: Serve) -> None:
    contents.folders.add("a")
    server = ContentsServer(serve(contents))
    server.make_folders("a/b/c", caller=ANN)
    server.make_folders("", caller=ANN)
    assert contents.folders == {"", "a", "a/b", "a/b/c"}
    assert contents.written == ["/api/contents/a/b", "/api/contents/a/b/c"]
    server.close()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, ForbiddenError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (405, StorageError),
        (409, ConflictError),
        (413, TooLargeError),
        (418, StorageError),
        (500, StorageError),
        (503, StorageUnavailableError),
    ],
)
def test_a_refusal_has_the_servers_own_message(
    contents: ContentsDouble, serve: Serve, status: int, kind: type[BookstoreError]
) -> None:
    contents.answer = Response(json.dumps({"message": "Because."}), status)
    server = ContentsServer(serve(contents))
    with pytest.raises(BookstoreError, match=r"Because\.") as caught:
        server.save("a.ipynb", b"{}", caller=ANN)
    assert type(caught.value) is kind
    server.close()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"\xff", b"5"])
@pytest.mark.parametrize("status", [200, 403, 500])
def test_an_answer_that_is_not_a_model_is_an_error_of_the_server(
    contents: ContentsDouble, serve: Serve, body: bytes, status: int
) -> None:
    contents.answer = Response(body, status)
    server = ContentsServer(serve(contents))
    with pytest.raises(ForbiddenError if status == 403 else StorageError):
        server.save("a.ipynb", b"{}", caller=ANN)
    server.close()


def test_a_redirect_to_the_login_is_not_followed(
    contents: ContentsDouble, serve: Serve
) -> None:
    contents.answer = Response("", 302, headers={"Location": "/login"})
    server = ContentsServer(serve(contents))
    with pytest.raises(ForbiddenError, match="log in"):
        server.list_folder("", caller=ANN)
    assert len(contents.requests) == 1
    server.close()


def clone(server: ServerSide, put: Callable[..., Any], **options: Any) -> Any:
    put("published/a.txt", b"hello")
    source = {"s3_bucket": "bookstore", "s3_key": "published/a.txt"}
    return server.post("/api/bookstore/clone", json=source, **options)


def test_cloning_passes_the_callers_headers_on_and_no_others(
    make_server_side: Callable[..., ServerSide],
    contents: ContentsDouble,
    put: Callable[..., Any],
) -> None:
    server = make_server_side({"base_url": "/user/ann/", "xsrf_token": "from-context"})
    headers = {
        "Host": "hub.test:8000",
        "Cookie": "_xsrf=abc; user=x",
        "Authorization": "token t",
        "X-XSRFToken": "from-request",
        "X-Forwarded-For": "10.0.0.1",
        "Remote-User": "root",
    }
    assert clone(server, put, headers=headers).status_code == 200
    sent = contents.headers_of("PUT")
    assert sent["Host"] == "hub.test:8000"
    assert sent["Cookie"] == "_xsrf=abc; user=x"
    assert sent["Authorization"] == "token t"
    assert sent["X-Xsrftoken"] == "from-context"
    assert not {"X-Forwarded-For", "Remote-User", "X-Bookstore-Context"} & set(sent)


def test_the_authorization_of_the_context_overrides_that_of_the_request(
    make_server_side: Callable[..., ServerSide],
    contents: ContentsDouble,
    put: Callable[..., Any],
) -> None:
    server = make_server_side({"authorization": "token of-the-query"})
    clone(server, put, headers={"Authorization": "token other"})
    assert contents.headers_of("PUT")["Authorization"] == "token of-the-query"


@pytest.mark.parametrize(
    ("status", "expected"), [(401, 403), (403, 403), (500, 502), (507, 502)]
)
def test_a_refusal_is_answered_with_the_servers_own_message(
    server: ServerSide,
    contents: ContentsDouble,
    put: Callable[..., Any],
    status: int,
    expected: int,
) -> None:
    contents.answer = Response(json.dumps({"message": "No space left."}), status)
    answer = clone(server, put)
    assert answer.status_code == expected
    assert "No space left." in answer.json["message"]


@pytest.mark.parametrize("cells", [[], [cell_of("ü")], [cell_of("a"), cell_of("🙂")]])
def test_a_notebook_is_sent_in_pieces_that_are_its_model(
    serve: Serve, contents: ContentsDouble, cells: list[Any]
) -> None:
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    draft = draft_of("a.ipynb", json.dumps(content).encode(), origin=Origin("v1"))
    server = ContentsServer(serve(contents))
    server.save("a.ipynb", draft.body, caller=ANN)
    server.close()
    saved = contents.files["a.ipynb"]
    assert (saved["type"], saved["content"]) == ("notebook", content)
    assert Origin.of(saved) == Origin("v1")
